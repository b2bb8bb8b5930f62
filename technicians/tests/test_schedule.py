"""Weekly slots and time off, as services keep and selectors read them."""

from datetime import time, timedelta

import pytest

from fixmate.core.errors import Invalid, NotFound
from fixmate.core.ids import uuid7
from technicians.availability import Absence, Availability, Slot
from technicians.enums import Weekday
from technicians.models import AvailabilitySlot, Technician, TimeOff
from technicians.selectors import availability_by_zone
from technicians.services import availability_replace, time_off_add, time_off_remove
from technicians.tests.factories import TechnicianFactory

pytestmark = pytest.mark.django_db
NEW_YORK = "America/New_York"
MORNING = Slot(Weekday.MONDAY, time(8), time(12))
EVENING = Slot(Weekday.MONDAY, time(18), time(0))


def slots():
    return list(AvailabilitySlot.objects.order_by("pk").values_list("weekday", "starts_at", "ends_at"))


def test_replace_sets_exactly_these_slots():
    technician = TechnicianFactory()

    availability_replace(technician_id=technician.pk, time_zone="UTC", slots=[EVENING])
    availability_replace(technician_id=technician.pk, time_zone=NEW_YORK, slots=[EVENING, MORNING])

    assert slots() == [(0, time(18), time(0)), (0, time(8), time(12))]
    assert Technician.objects.get().time_zone == NEW_YORK


def test_replace_with_none_is_always_available():
    technician = TechnicianFactory()
    availability_replace(technician_id=technician.pk, time_zone="UTC", slots=[MORNING])

    availability_replace(technician_id=technician.pk, time_zone="UTC", slots=[])

    assert slots() == []


def test_slots_may_touch_and_share_hours_on_other_days():
    technician = TechnicianFactory()
    touching = [MORNING, Slot(0, time(12), time(13)), EVENING, Slot(1, time(0), time(9))]

    availability_replace(technician_id=technician.pk, time_zone="UTC", slots=touching)

    assert len(slots()) == 4


@pytest.mark.parametrize(
    ("time_zone", "wanted", "field"),
    [
        ("UTC", [Slot(0, time(9), time(9))], "slots"),
        ("UTC", [Slot(0, time(9), time(8))], "slots"),
        ("UTC", [MORNING, MORNING], "slots"),
        ("UTC", [Slot(0, time(11), time(13)), MORNING], "slots"),
        ("UTC", [EVENING, Slot(0, time(23), time(23, 30))], "slots"),
        ("Nowhere", [MORNING], "time_zone"),
    ],
)
def test_replace_refuses_what_makes_no_sense(time_zone, wanted, field):
    technician = TechnicianFactory()
    availability_replace(technician_id=technician.pk, time_zone=NEW_YORK, slots=[EVENING])

    with pytest.raises(Invalid) as refusal:
        availability_replace(technician_id=technician.pk, time_zone=time_zone, slots=wanted)

    assert list(refusal.value.details) == [field]
    assert (slots(), Technician.objects.get().time_zone) == ([(0, time(18), time(0))], NEW_YORK)


def test_time_off_is_added_and_removed(noon):
    technician = TechnicianFactory()

    off = time_off_add(technician_id=technician.pk, starts_at=noon, ends_at=noon + timedelta(days=1), note="Dentist.")
    held = list(TimeOff.objects.values_list("technician_id", "starts_at", "note"))
    time_off_remove(technician_id=technician.pk, time_off_id=off.pk)

    assert held == [(technician.pk, noon, "Dentist.")]
    assert TimeOff.objects.count() == 0


def test_time_off_ends_after_it_starts(noon):
    with pytest.raises(Invalid) as refusal:
        time_off_add(technician_id=TechnicianFactory().pk, starts_at=noon, ends_at=noon)

    assert list(refusal.value.details) == ["ends_at"]
    assert TimeOff.objects.count() == 0


def test_time_off_of_another_is_not_found(noon):
    off = time_off_add(technician_id=TechnicianFactory().pk, starts_at=noon, ends_at=noon + timedelta(1))

    for technician_id, time_off_id in ((TechnicianFactory().pk, off.pk), (off.technician_id, uuid7())):
        with pytest.raises(NotFound):
            time_off_remove(technician_id=technician_id, time_off_id=time_off_id)

    assert TimeOff.objects.count() == 1


@pytest.mark.parametrize("item_count", [1, 3])
def test_availability_of_everybody_takes_two_queries(noon, item_count, django_assert_num_queries):
    technicians = TechnicianFactory.create_batch(item_count, time_zone=NEW_YORK)
    for technician in technicians:
        availability_replace(technician_id=technician.pk, time_zone=NEW_YORK, slots=[MORNING])
        time_off_add(technician_id=technician.pk, starts_at=noon, ends_at=noon + timedelta(hours=1))
    free = TechnicianFactory()

    zones = {free.pk: "UTC", **{technician.pk: technician.time_zone for technician in technicians}}
    with django_assert_num_queries(2):
        found = availability_by_zone(zones)

    absence = Absence(noon, noon + timedelta(hours=1))
    assert found.pop(free.pk) == Availability("UTC", (), ())
    assert found == {technician.pk: Availability(NEW_YORK, (MORNING,), (absence,)) for technician in technicians}
