from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.db import IntegrityError, connection, transaction
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from accounts.enums import Role
from fixmate.core.errors import IllegalTransition, StaleState
from fixmate.core.ids import uuid7
from fixmate.core.money import Money
from fixmate.core.triggers import POSTGRESQL, missing_triggers
from jobs.enums import BOOKED, STATUS_AFTER, CancelReason, JobEventKind, JobStatus, PhotoKind, PriceKind
from jobs.models import Job, JobEvent, JobPhoto, JobPrice
from jobs.tests.factories import (
    JOB_IN,
    JobFactory,
    event_for,
    job_assigned,
    job_in_progress,
    job_matching,
    price_for,
)
from jobs.tests.helpers import stored, upload_of
from technicians.models import Technician

AT = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)

ARGS = {
    "begin_matching": {"at": AT},
    "search_again": {"at": AT},
    "give_up": {},
    "assign": {"technician": Technician(), "booked_from": AT, "booked_until": AT + HOUR, "at": AT},
    "transfer": {"technician": Technician(), "booked_from": AT, "booked_until": AT + HOUR, "at": AT},
    "release": {"at": AT},
    "start": {"at": AT},
    "complete": {"work_summary": "New washer.", "at": AT},
    "cancel": {"reason": CancelReason.NOT_NEEDED, "note": "", "by": Role.CUSTOMER, "at": AT},
    "cancel_by_staff": {"note": "Fraud.", "by": Role.ADMIN, "at": AT},
}
EDGES = {
    (JobStatus.REQUESTED, "begin_matching"): JobStatus.MATCHING,
    (JobStatus.REQUESTED, "cancel"): JobStatus.CANCELLED,
    (JobStatus.REQUESTED, "cancel_by_staff"): JobStatus.CANCELLED,
    (JobStatus.MATCHING, "give_up"): JobStatus.UNMATCHED,
    (JobStatus.MATCHING, "assign"): JobStatus.ASSIGNED,
    (JobStatus.MATCHING, "cancel"): JobStatus.CANCELLED,
    (JobStatus.MATCHING, "cancel_by_staff"): JobStatus.CANCELLED,
    (JobStatus.UNMATCHED, "search_again"): JobStatus.MATCHING,
    (JobStatus.UNMATCHED, "assign"): JobStatus.ASSIGNED,
    (JobStatus.UNMATCHED, "cancel"): JobStatus.CANCELLED,
    (JobStatus.UNMATCHED, "cancel_by_staff"): JobStatus.CANCELLED,
    (JobStatus.ASSIGNED, "transfer"): JobStatus.ASSIGNED,
    (JobStatus.ASSIGNED, "release"): JobStatus.MATCHING,
    (JobStatus.ASSIGNED, "start"): JobStatus.IN_PROGRESS,
    (JobStatus.ASSIGNED, "cancel"): JobStatus.CANCELLED,
    (JobStatus.ASSIGNED, "cancel_by_staff"): JobStatus.CANCELLED,
    (JobStatus.IN_PROGRESS, "complete"): JobStatus.COMPLETED,
    (JobStatus.IN_PROGRESS, "cancel_by_staff"): JobStatus.CANCELLED,
}


# The lifecycle


class JobLifecycle(RuleBasedStateMachine):
    """Any sequence of steps: those of the table work, every other is refused and changes nothing."""

    def __init__(self):
        super().__init__()
        self.job = Job(created_at=AT)

    @rule(name=st.sampled_from(sorted(ARGS)))
    def attempt(self, name):
        before = _facts(self.job)
        expected = EDGES.get((self.job.status, name))

        if expected:
            getattr(self.job, name)(**ARGS[name])
            assert self.job.status == expected
        else:
            with pytest.raises(IllegalTransition) as refusal:
                getattr(self.job, name)(**ARGS[name])
            assert refusal.value.details == {"state": before["status"], "action": name}
            assert _facts(self.job) == before

    @invariant()
    def has_a_technician_from_assignment_on(self):
        if self.job.status in (*BOOKED, JobStatus.COMPLETED):
            assert None not in (self.job.technician, self.job.assigned_at, self.job.booked_from)
        elif self.job.status != JobStatus.CANCELLED:
            assert (self.job.technician, self.job.assigned_at, self.job.booked_until) == (None, None, None)

    @invariant()
    def is_looked_at_only_while_searching(self):
        assert (self.job.next_pass_at is not None) == (self.job.status == JobStatus.MATCHING)

    @invariant()
    def has_an_end_once_closed(self):
        is_closed = self.job.status in (JobStatus.COMPLETED, JobStatus.CANCELLED)
        assert (self.job.closed_at == AT) == is_closed
        assert (self.job.cancelled_by != "") == (self.job.status == JobStatus.CANCELLED)


def _facts(job):
    return {field.attname: getattr(job, field.attname) for field in Job._meta.fields}


TestJobLifecycle = JobLifecycle.TestCase
TestJobLifecycle.settings = settings(max_examples=60, stateful_step_count=25, deadline=None)


@pytest.mark.parametrize("name", sorted(ARGS))
@pytest.mark.parametrize("status", JobStatus)
def test_job_step_follows_the_table_of_edges(status, name):
    job = Job(status=status, created_at=AT)
    expected = EDGES.get((status, name))

    if expected is None:
        with pytest.raises(IllegalTransition):
            getattr(job, name)(**ARGS[name])
    else:
        getattr(job, name)(**ARGS[name])

    assert job.status == (expected or status)


def test_release_makes_the_job_as_new_for_the_next_technician():
    job = Job(status=JobStatus.ASSIGNED, technician=Technician(), assigned_at=AT, booked_from=AT, search_number=1)
    job.start_code_failures, job.reminded_at = 3, AT

    job.release(at=AT + HOUR)

    assert (job.technician, job.assigned_at, job.booked_from, job.booked_until) == (None, None, None, None)
    assert (job.rematch_count, job.start_code_serial, job.start_code_failures) == (1, 2, 0)
    assert (job.search_number, job.search_started_at, job.next_pass_at) == (2, AT + HOUR, AT + HOUR)
    assert job.reminded_at is None


def test_transfer_makes_the_visit_new_and_is_no_rematch():
    job = Job(status=JobStatus.ASSIGNED, technician=Technician(), assigned_at=AT, booked_from=AT, search_number=1)
    job.start_code_failures, job.reminded_at = 3, AT
    other = Technician()

    job.transfer(technician=other, booked_from=AT + HOUR, booked_until=AT + 2 * HOUR, at=AT + HOUR)

    assert (job.technician, job.assigned_at) == (other, AT + HOUR)
    assert (job.booked_from, job.booked_until) == (AT + HOUR, AT + 2 * HOUR)
    assert (job.start_code_serial, job.start_code_failures, job.reminded_at) == (2, 0, None)
    assert (job.rematch_count, job.search_number, job.next_pass_at) == (0, 1, None)


def test_cancel_by_staff_has_a_reason_of_its_own():
    job = Job(next_pass_at=AT)

    job.cancel_by_staff(note="Fraud.", by=Role.ADMIN, at=AT)

    assert (job.cancel_reason, job.cancel_note, job.cancelled_by) == (CancelReason.STAFF, "Fraud.", Role.ADMIN)
    assert (job.cancelled_at, job.closed_at, job.next_pass_at) == (AT, AT, None)


def test_status_cannot_be_assigned():
    job = Job()

    with pytest.raises(AttributeError):
        job.status = JobStatus.COMPLETED


@pytest.mark.django_db
def test_save_refuses_a_job_that_moved_meanwhile():
    job = job_matching()
    stale = stored(job)
    job.give_up()
    job.save()

    stale.assign(technician=Technician(), booked_from=AT, booked_until=AT + HOUR, at=AT)
    with pytest.raises(StaleState), transaction.atomic():
        stale.save(update_fields=["status"])

    assert stored(job).status == JobStatus.UNMATCHED


def test_every_status_but_none_is_reached_by_an_event():
    assert set(STATUS_AFTER.values()) == set(JobStatus)


# What the database refuses


def _force(job, columns):
    Job.objects.filter(pk=job.pk).update(**columns)


REFUSED = [
    ("job_status_known", JobStatus.UNMATCHED, {"status": "LOST"}),
    ("job_from_assigned_on_has_technician", JobStatus.ASSIGNED, {"technician": None}),
    ("job_from_assigned_on_has_technician", JobStatus.ASSIGNED, {"assigned_at": None}),
    ("job_from_assigned_on_has_technician", JobStatus.COMPLETED, {"booked_from": None, "booked_until": None}),
    ("job_from_assigned_on_has_technician", JobStatus.IN_PROGRESS, {"technician": None}),
    ("job_before_assigned_has_no_technician", JobStatus.ASSIGNED, {"status": JobStatus.UNMATCHED}),
    ("job_before_assigned_has_no_technician", JobStatus.ASSIGNED, {"status": JobStatus.REQUESTED}),
    ("job_booking_has_an_end", JobStatus.ASSIGNED, {"booked_until": None}),
    ("job_booking_has_an_end", JobStatus.ASSIGNED, {"booked_from": AT, "booked_until": AT}),
    ("job_booking_has_an_end", JobStatus.ASSIGNED, {"booked_from": AT, "booked_until": AT - HOUR}),
    ("job_booking_has_an_end", JobStatus.REQUESTED, {"booked_from": AT}),
    ("job_booking_has_an_end", JobStatus.REQUESTED, {"booked_until": AT}),
    ("job_from_started_on_has_start", JobStatus.IN_PROGRESS, {"started_at": None}),
    ("job_from_started_on_has_start", JobStatus.COMPLETED, {"started_at": None}),
    ("job_completed_has_time", JobStatus.COMPLETED, {"completed_at": None}),
    ("job_completed_has_time", JobStatus.IN_PROGRESS, {"completed_at": AT}),
    ("job_cancelled_has_time", JobStatus.CANCELLED, {"cancelled_at": None}),
    ("job_cancelled_has_time", JobStatus.REQUESTED, {"cancelled_at": AT}),
    ("job_pass_only_while_waiting", JobStatus.ASSIGNED, {"next_pass_at": AT}),
    ("job_pass_only_while_waiting", JobStatus.UNMATCHED, {"next_pass_at": AT}),
    ("job_pass_only_while_waiting", JobStatus.CANCELLED, {"next_pass_at": AT}),
    ("job_search_has_start", JobStatus.MATCHING, {"search_started_at": None}),
    ("job_on_earth", JobStatus.REQUESTED, {"latitude": 90.1}),
    ("job_on_earth", JobStatus.REQUESTED, {"latitude": -90.1}),
    ("job_on_earth", JobStatus.REQUESTED, {"longitude": 180.1}),
    ("job_on_earth", JobStatus.REQUESTED, {"longitude": -180.1}),
]


@pytest.mark.django_db
@pytest.mark.parametrize(("constraint", "status", "columns"), REFUSED)
def test_job_constraint_refuses(constraint, status, columns):
    job = JOB_IN[status]()

    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        _force(job, columns)

    assert stored(job).status == status


def test_every_check_of_a_job_has_a_test():
    declared = {constraint.name for constraint in Job._meta.constraints if hasattr(constraint, "condition")}

    assert {name for name, _, _ in REFUSED} == declared - {"job_one_in_progress_per_technician"}


@pytest.mark.django_db
@pytest.mark.parametrize("columns", [{"latitude": 90, "longitude": 180}, {"latitude": -90, "longitude": -180}])
def test_job_may_lie_at_the_edges_of_the_earth(columns):
    job = JobFactory()

    _force(job, columns)

    assert {name: getattr(stored(job), name) for name in columns} == columns


@pytest.mark.django_db
def test_technician_works_on_one_job_at_a_time():
    first = job_in_progress(created_at=AT)
    later = job_assigned(first.technician, created_at=AT + 2 * HOUR)
    refused = {POSTGRESQL: "job_one_in_progress_per_technician"}.get(connection.vendor, "jobs_job.technician_id")

    with pytest.raises(IntegrityError, match=refused), transaction.atomic():
        _force(later, {"status": JobStatus.IN_PROGRESS, "started_at": AT})

    assert stored(later).status == JobStatus.ASSIGNED


@pytest.mark.django_db
@pytest.mark.parametrize(("from_minutes", "until_minutes"), [(0, 60), (-30, 1), (59, 90), (10, 20), (-30, 90)])
def test_overlapping_booking_is_refused_on_insert_and_update(from_minutes, until_minutes):
    first = job_assigned(created_at=AT)
    stretch = {
        "booked_from": AT + timedelta(minutes=from_minutes),
        "booked_until": AT + timedelta(minutes=until_minutes),
    }
    later = job_assigned(first.technician, created_at=AT + 5 * HOUR)
    columns = {**_facts(later), **stretch, "id": uuid7()}

    with pytest.raises(IntegrityError, match="job_no_overlapping_bookings"), transaction.atomic():
        _force(later, stretch)
    with pytest.raises(IntegrityError, match="job_no_overlapping_bookings"), transaction.atomic():
        Job.objects.create(**columns)

    assert stored(later).booked_from == AT + 5 * HOUR


@pytest.mark.django_db
def test_bookings_may_touch_and_closed_ones_do_not_count():
    first = job_assigned(created_at=AT)

    before = job_assigned(first.technician, created_at=AT - HOUR)
    after = job_assigned(first.technician, created_at=AT + HOUR)
    first.cancel_by_staff(note="Fraud.", by=Role.ADMIN, at=AT)
    first.save()
    instead = job_assigned(first.technician, created_at=AT)
    elsewhere = job_assigned(created_at=AT)

    assert {job.status for job in (before, after, instead, elsewhere)} == {JobStatus.ASSIGNED}


@pytest.mark.django_db
@pytest.mark.parametrize("model", [JobEvent, JobPrice])
def test_history_refuses_update_and_delete(model):
    job = JobFactory()
    rows = model.objects.filter(job=job)
    before = list(rows.values())

    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
        rows.update(kind=JobEventKind.NOTE if model is JobEvent else PriceKind.FINAL)
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
        rows.delete()

    assert list(rows.values()) == before


@pytest.mark.django_db
def test_every_declared_trigger_is_in_the_database():
    assert missing_triggers() == []


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("constraint", "columns"),
    [("job_event_kind_known", {"kind": "LOST"}), ("job_event_status_known", {"status": "LOST"})],
)
def test_job_event_constraint_refuses(constraint, columns):
    job = JobFactory()
    row = {"kind": JobEventKind.NOTE, "status": JobStatus.REQUESTED, **columns}

    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        JobEvent.objects.create(job=job, at=AT, **row)


PRICE = {
    "revision": 2,
    "kind": PriceKind.FINAL,
    "amount_minor": 100,
    "currency": "USD",
    "fee_rate": Decimal("0.15"),
    "fee_source": "standard",
    "platform_fee_minor": 15,
    "technician_earnings_minor": 85,
    "created_at": AT,
}


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("constraint", "columns"),
    [
        ("job_price_kind_known", {"kind": "GIFT"}),
        ("job_price_split_adds_up", {"platform_fee_minor": 16}),
        ("job_price_revision_from_one", {"revision": 0}),
        ("job_price_revision_once|jobs_jobprice.job_id, jobs_jobprice.revision", {"revision": 1}),
    ],
)
def test_job_price_constraint_refuses(constraint, columns):
    job = JobFactory()

    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        JobPrice.objects.create(job=job, **{**PRICE, **columns})

    assert JobPrice.objects.filter(job=job).count() == 1


@pytest.mark.django_db
def test_job_photo_kind_is_a_known_one():
    job = JobFactory()

    with pytest.raises(IntegrityError, match="job_photo_kind_known"), transaction.atomic():
        JobPhoto.objects.create(job=job, upload=upload_of(job.customer), kind="SELFIE")


@pytest.mark.django_db
def test_upload_belongs_to_one_photo():
    job = JobFactory()
    photo = JobPhoto.objects.create(job=job, upload=upload_of(job.customer), kind=PhotoKind.PROBLEM)

    with pytest.raises(IntegrityError, match="upload_id"), transaction.atomic():
        JobPhoto.objects.create(job=job, upload=photo.upload, kind=PhotoKind.PROBLEM)


# Facts


@pytest.mark.django_db
def test_price_shows_its_parts_as_money():
    price = price_for(JobFactory(), amount_minor=9_990, revision=2, kind=PriceKind.FINAL)

    assert (price.amount, price.platform_fee) == (Money(9_990, "USD"), Money(1_499, "USD"))
    assert price.technician_earnings == Money(8_491, "USD")


@pytest.mark.django_db
def test_rows_name_themselves():
    job = JobFactory()
    photo = JobPhoto.objects.create(job=job, upload=upload_of(job.customer), kind=PhotoKind.PROBLEM)

    assert str(job) == f"REQUESTED {job.pk}"
    assert str(event_for(job, JobEventKind.NOTE)) == f"NOTE {job.pk}"
    assert str(price_for(job, revision=2)) == "QUOTE 100.00 USD"
    assert str(photo) == f"PROBLEM {job.pk}"
