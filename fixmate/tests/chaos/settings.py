"""The settings of every process under test: the real ones, and an app of tasks that misbehave."""

from fixmate.settings import *  # noqa: F403
from fixmate.settings import INSTALLED_APPS as _REAL

INSTALLED_APPS = [*_REAL, "fixmate.tests.chaos.apps.ChaosConfig"]
