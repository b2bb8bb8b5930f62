from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from accounts.enums import Role
from accounts.tests.factories import UserFactory
from fixmate.core.errors import NotFound
from jobs.enums import CancelReason, JobEventKind, JobStatus, PriceKind
from jobs.rules import Booking
from jobs.selectors import (
    job_bookings,
    job_contacts_visible,
    job_get,
    job_get_locked,
    job_get_visible_to,
    job_ids_due_for_pass,
    job_list_visible_to,
    job_technician_phone_visible,
    job_timeline,
    price_current,
    price_list,
    price_quoted,
)
from jobs.services import job_note_add, job_release_by_technician
from jobs.tests.factories import (
    JOB_IN,
    JobFactory,
    job_assigned,
    job_cancelled,
    job_completed,
    job_in_progress,
    job_matching,
    job_unmatched,
    price_for,
)
from technicians.tests.factories import TechnicianFactory

pytestmark = pytest.mark.django_db
AT = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
SECOND = timedelta(seconds=1)


# One job


def test_get_brings_the_whole_page_at_once(django_assert_num_queries):
    job = job_assigned()

    with django_assert_num_queries(3):
        found = job_get(job.pk)

    with django_assert_num_queries(0):
        assert found.customer == job.customer
        assert found.service == job.service
        assert found.technician.user == job.technician.user
        assert [price.revision for price in found.price_rows] == [1]
        assert list(found.photos.all()) == []


@pytest.mark.parametrize("select", [job_get, job_get_locked])
def test_get_of_no_job_is_not_found(select):
    with pytest.raises(NotFound):
        select(uuid4())


def test_get_locked_returns_the_job():
    job = JobFactory()

    assert job_get_locked(job.pk) == job


# Who sees what


def test_everybody_sees_his_own_jobs_and_staff_all():
    job, other = job_assigned(), job_assigned()

    assert list(job_list_visible_to(job.customer)) == [job]
    assert list(job_list_visible_to(job.technician.user)) == [job]
    assert list(job_list_visible_to(UserFactory())) == []
    assert list(job_list_visible_to(TechnicianFactory().user)) == []
    assert set(job_list_visible_to(UserFactory(admin=True))) == {job, other}


@pytest.mark.parametrize("make", [job_assigned, job_in_progress, job_completed])
def test_technician_sees_the_job_that_is_his_to_the_end_and_after(make):
    job = make()

    assert job_get_visible_to(user=job.technician.user, job_id=job.pk) == job


@pytest.mark.parametrize("make", [JobFactory, job_matching, job_unmatched, job_cancelled])
def test_technician_does_not_see_what_nobody_has(make):
    make()

    assert list(job_list_visible_to(TechnicianFactory().user)) == []


def test_technician_does_not_see_any_more_what_he_gave_back():
    job = job_assigned()
    user = job.technician.user

    job_release_by_technician(job_id=job.pk, actor=user, reason=CancelReason.CANNOT_COME)

    assert list(job_list_visible_to(user)) == []
    with pytest.raises(NotFound):
        job_get_visible_to(user=user, job_id=job.pk)
    assert job_get_visible_to(user=job.customer, job_id=job.pk).status == JobStatus.MATCHING


def test_visible_job_of_another_is_not_found():
    job = job_assigned()

    with pytest.raises(NotFound):
        job_get_visible_to(user=UserFactory(), job_id=job.pk)


# Contacts


@pytest.mark.parametrize("status", JobStatus)
def test_contacts_are_always_visible_to_the_customer_and_to_staff(status):
    job = JOB_IN[status](created_at=AT)

    seen = [
        job_contacts_visible(job=job, user=user, at=AT + timedelta(days=1_000))
        for user in (job.customer, UserFactory(admin=True))
    ]

    assert seen == [True, True]


@pytest.mark.parametrize("status", JobStatus)
def test_contacts_are_never_visible_to_strangers(status):
    job = JOB_IN[status](created_at=AT)

    seen = [job_contacts_visible(job=job, user=user, at=AT) for user in (UserFactory(), TechnicianFactory().user)]

    assert seen == [False, False]


@pytest.mark.parametrize("make", [job_assigned, job_in_progress])
def test_contacts_are_visible_to_the_technician_while_the_job_is_his(make):
    job = make(created_at=AT)

    assert job_contacts_visible(job=job, user=job.technician.user, at=AT + timedelta(days=1_000))


def _cancelled_after_assignment(**kwargs):
    job = job_assigned(**kwargs)
    job.cancel(reason=CancelReason.NOT_NEEDED, note="", by=Role.CUSTOMER, at=job.created_at)
    job.save()
    return job


@pytest.mark.parametrize("make", [job_completed, _cancelled_after_assignment])
@pytest.mark.parametrize(
    ("after", "is_visible"),
    [(timedelta(0), True), (timedelta(days=30), True), (timedelta(days=30) + SECOND, False)],
)
def test_contacts_are_visible_to_the_technician_until_some_days_after_the_close(settings, make, after, is_visible):
    settings.CONTACT_VISIBLE_DAYS = 30
    job = make(created_at=AT)

    assert job_contacts_visible(job=job, user=job.technician.user, at=AT + after) is is_visible


@pytest.mark.parametrize("make", [job_completed, _cancelled_after_assignment])
@pytest.mark.parametrize(
    ("after", "is_visible"),
    [(timedelta(0), True), (timedelta(days=14), True), (timedelta(days=14) + SECOND, False)],
)
def test_technician_phone_is_visible_to_the_customer_until_some_days_after_the_close(settings, make, after, is_visible):
    settings.TECHNICIAN_PHONE_DAYS = 14
    job = make(created_at=AT)

    assert job_technician_phone_visible(job=job, user=job.customer, at=AT + after) is is_visible


def test_technician_phone_is_visible_while_the_job_goes_on_and_to_staff_always():
    ahead, closed = job_assigned(), job_completed(created_at=AT)
    much_later = AT + timedelta(days=1_000)

    assert job_technician_phone_visible(job=ahead, user=ahead.customer, at=much_later)
    assert job_technician_phone_visible(job=closed, user=UserFactory(admin=True), at=much_later)
    assert not job_technician_phone_visible(job=closed, user=UserFactory(), at=AT)


# The timeline and the price


def test_timeline_is_the_job_s_own_with_its_actors(django_assert_num_queries):
    job = JobFactory()
    JobFactory()
    job_note_add(job_id=job.pk, actor=job.customer, note="Ring twice.")

    with django_assert_num_queries(1):
        rows = [(event.kind, event.actor and event.actor.first_name) for event in job_timeline(job.pk).order_by("pk")]

    assert rows == [(JobEventKind.REQUESTED, None), (JobEventKind.NOTE, "Ada")]


def test_prices_are_read_by_revision():
    job, _ = JobFactory(), JobFactory()
    quote = price_list(job.pk).get()
    assert price_current(job.pk) == quote

    final = price_for(job, kind=PriceKind.FINAL, amount_minor=9_000, revision=2)

    assert list(price_list(job.pk)) == [quote, final]
    assert (price_quoted(job.pk), price_current(job.pk)) == (quote, final)


# Due passes


def test_due_passes_are_the_longest_waiting_first():
    late = job_matching(created_at=AT - HOUR)
    due = JobFactory(created_at=AT)
    early = job_matching(created_at=AT - 2 * HOUR)
    JobFactory(created_at=AT + SECOND)

    assert job_ids_due_for_pass(at=AT, limit=10) == [early.pk, late.pk, due.pk]
    assert job_ids_due_for_pass(at=AT, limit=2) == [early.pk, late.pk]


def test_due_passes_leave_out_jobs_with_a_live_offer_and_those_past_matching():
    for make in (job_unmatched, job_assigned, job_cancelled, job_completed):
        make(created_at=AT - HOUR)
    offered = job_matching(created_at=AT - HOUR)
    offered.next_pass_at = None
    offered.save()

    assert job_ids_due_for_pass(at=AT, limit=10) == []


# Bookings


def test_bookings_are_by_technician_the_earliest_first_and_leave_out_everybody_else():
    later = job_assigned(created_at=AT + HOUR)
    earlier = job_in_progress(later.technician, created_at=AT)
    other = job_assigned(created_at=AT)
    job_assigned(created_at=AT)

    found = job_bookings([later.technician_id, other.technician_id, TechnicianFactory().pk])

    assert {owner: [booking.pk for booking in held] for owner, held in found.items()} == {
        later.technician_id: [earlier.pk, later.pk],
        other.technician_id: [other.pk],
    }


def test_booking_tells_when_where_and_whether_the_work_has_begun():
    assigned = job_assigned(created_at=AT)
    begun = job_in_progress(created_at=AT)

    found = job_bookings([assigned.technician_id, begun.technician_id])

    assert found[assigned.technician_id] == [Booking(assigned.pk, 42.36, -71.06, AT, AT + HOUR, None)]
    assert found[begun.technician_id] == [Booking(begun.pk, 42.36, -71.06, AT, AT + HOUR, AT)]


@pytest.mark.parametrize("make", [job_completed, _cancelled_after_assignment])
def test_bookings_leave_out_what_is_closed(make):
    job = make(created_at=AT)

    assert job_bookings([job.technician_id]) == {}
