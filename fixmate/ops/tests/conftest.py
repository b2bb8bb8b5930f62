import pytest
from django.db import connection

from catalog.tests.factories import ServiceFactory
from technicians.tests.factories import technician_ready


@pytest.fixture
def checks_back_on(db):
    """Have SQLite check again what a test let it overlook."""
    yield
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA ignore_check_constraints = OFF")


@pytest.fixture
def at_work(settings):
    """A technician at work, with one dispatchable row made by the services."""
    settings.POSITION_FRESH_S = 3600
    return technician_ready(ServiceFactory())
