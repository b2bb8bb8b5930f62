"""The real settings, and for Celery's workers the task that `make bench-expiry` compares the sweep with."""

from fixmate.settings import *  # noqa: F403

CELERY_IMPORTS = ["benchmarks.one_by_one"]
