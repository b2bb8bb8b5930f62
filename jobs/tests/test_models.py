from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.db import IntegrityError, connection, transaction

from accounts.enums import Role
from fixmate.core.ids import uuid7
from fixmate.core.money import Money
from fixmate.core.triggers import POSTGRESQL, missing_triggers
from jobs.enums import JobEventKind, JobStatus, PhotoKind, PriceKind
from jobs.models import Job, JobEvent, JobPhoto, JobPrice
from jobs.tests.factories import (
    JOB_IN,
    JobFactory,
    event_for,
    job_assigned,
    job_in_progress,
    price_for,
)
from jobs.tests.helpers import facts_of, stored, upload_of

AT = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


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
    columns = {**facts_of(later), **stretch, "id": uuid7()}

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
    if model is JobPrice:  # one with lines is refused before the database is asked
        rows = JobPrice.objects.filter(pk=JobPrice.objects.create(job=job, **PRICE | NOTHING).pk)
    before = list(rows.values())

    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
        rows.update(kind=JobEventKind.NOTE if model is JobEvent else PriceKind.QUOTE)
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
NOTHING = {"amount_minor": 0, "platform_fee_minor": 0, "technician_earnings_minor": 0}


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
