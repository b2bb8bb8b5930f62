import pytest
from django.db import connection

from catalog.tests.factories import ServiceFactory
from technicians.nearby import DiskSearch
from technicians.spans import Reach
from technicians.tests.factories import BASE_LATITUDE, BASE_LONGITUDE, technician_ready

pytestmark = pytest.mark.django_db


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has no cursors on its side")
def test_a_score_that_fails_leaves_no_cursor_open():
    """The error holds the frames of the search for as long as somebody holds the error."""
    service = ServiceFactory()
    for _ in range(2):
        technician_ready(service)
    reach = Reach(BASE_LATITUDE, BASE_LONGITUDE, 6_000)

    def fails(_slim):
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError) as held:
        DiskSearch(service.pk, reach, fails, by_base=False, with_busy=False).best(1)

    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_cursors WHERE name LIKE '_django_curs_%'")
        assert cursor.fetchone() == (0,)
    assert held.value is not None
