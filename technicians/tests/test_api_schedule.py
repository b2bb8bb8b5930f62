from datetime import timedelta

import pytest

from fixmate.core.tests.http import client_for
from technicians.models import TimeOff
from technicians.tests.answers import refusal
from technicians.tests.factories import TechnicianFactory

pytestmark = pytest.mark.django_db
ME = "/api/v1/technicians/me"


# Availability


def test_availability_is_replaced_and_read():
    client = client_for(TechnicianFactory().user)
    wanted = {
        "time_zone": "America/New_York",
        "slots": [
            {"weekday": "MONDAY", "starts_at": "08:00", "ends_at": "17:30"},
            {"weekday": "SUNDAY", "starts_at": "20:00", "ends_at": "00:00"},
        ],
    }

    before, replaced = client.get(f"{ME}/availability"), client.put(f"{ME}/availability", wanted)

    assert (before.status_code, before.json()) == (200, {"time_zone": "UTC", "slots": []})
    assert (replaced.status_code, replaced.json()) == (200, wanted)
    assert client.get(f"{ME}/availability").json() == wanted


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"time_zone": "Boston"}, "time_zone"),
        ({"slots": [{"weekday": "FUNDAY", "starts_at": "08:00", "ends_at": "17:00"}]}, "slots"),
        ({"slots": [{"weekday": 0, "starts_at": "08:00", "ends_at": "17:00"}]}, "slots"),
        ({"slots": [{"weekday": "MONDAY", "starts_at": "8 am", "ends_at": "17:00"}]}, "slots"),
        ({"slots": [{"weekday": "MONDAY", "starts_at": "17:00", "ends_at": "08:00"}]}, "slots"),
        ({"slots": [{"weekday": "MONDAY", "starts_at": "08:00", "ends_at": "17:00", "x": 1}]}, "slots"),
        ({"slots": [{"weekday": "MONDAY", "starts_at": "08:00", "ends_at": "17:00"}] * 2}, "slots"),
        ({"slots": [{"weekday": "MONDAY", "starts_at": "08:00", "ends_at": "17:00"}] * 71}, "slots"),
        ({"days": []}, "days"),
    ],
)
def test_a_bad_availability_is_refused(change, field):
    client = client_for(TechnicianFactory().user)

    answer = client.put(f"{ME}/availability", {"time_zone": "UTC", "slots": [], **change})

    assert refusal(answer) == (400, "VALIDATION_ERROR", [field])


def test_time_off_is_added_listed_and_removed():
    client = client_for(TechnicianFactory().user)
    wanted = {"starts_at": "2026-03-10T08:00:00Z", "ends_at": "2026-03-11T08:00:00Z", "note": "Dentist."}

    added = client.post(f"{ME}/time-off", wanted)
    listed = client.get(f"{ME}/time-off").json()["results"]
    removed = client.delete(f"{ME}/time-off/{added.json()['id']}")

    assert (added.status_code, added.json()) == (201, {"id": added.json()["id"], **wanted})
    assert (listed, removed.status_code, TimeOff.objects.count()) == ([added.json()], 204, 0)


def test_time_off_that_ends_before_it_starts_is_refused():
    client = client_for(TechnicianFactory().user)

    answer = client.post(f"{ME}/time-off", {"starts_at": "2026-03-10T08:00:00Z", "ends_at": "2026-03-10T07:00:00Z"})

    assert refusal(answer) == (400, "VALIDATION_ERROR", ["ends_at"])


def test_another_ones_time_off_does_not_exist(noon):
    off = TimeOff.objects.create(technician=TechnicianFactory(), starts_at=noon, ends_at=noon + timedelta(1))

    answer = client_for(TechnicianFactory().user).delete(f"{ME}/time-off/{off.pk}")

    assert (refusal(answer), TimeOff.objects.count()) == ((404, "NOT_FOUND", []), 1)


@pytest.mark.parametrize("item_count", [1, 3])
def test_my_time_off_takes_one_query(noon, item_count, django_assert_num_queries):
    technician = TechnicianFactory()
    for day in range(item_count):
        start = noon + timedelta(days=day)
        TimeOff.objects.create(technician=technician, starts_at=start, ends_at=start + timedelta(hours=1))

    with django_assert_num_queries(1):
        answer = client_for(technician.user).get(f"{ME}/time-off")

    assert len(answer.json()["results"]) == item_count
