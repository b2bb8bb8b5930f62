"""The settings and the tools of development, for `manage.py lintmigrations`; nothing that serves people loads this."""

from fixmate.settings import *  # noqa: F403
from fixmate.settings import INSTALLED_APPS as APPS
from fixmate.settings import IS_SQLITE

INSTALLED_APPS = [*APPS, "django_migration_linter"]
MIGRATION_LINTER_OPTIONS = {
    "no_cache": True,
    "exclude_apps": ["otp_static", "otp_totp"],  # django-otp's tables are made by all its migrations at once
    # Relax a unique constraint; the linter sees new ones alone.
    "ignore_name": ["0002_unique_where_proven", "0006_codes_per_client"],
    # SQLite remakes a table for nearly every change, which reads as NOT NULL and unique columns added: .ci/run asks
    # PostgreSQL.
    "exclude_migration_tests": ["NOT_NULL", "ADD_UNIQUE"] if IS_SQLITE else [],
    "warnings_as_errors": ["RUNPYTHON_REVERSIBLE", "RUNSQL_REVERSIBLE"],
}
