from datetime import timedelta
from decimal import Decimal

import pytest

from accounts.enums import Role
from fixmate.core.enums import UploadPurpose
from fixmate.core.errors import IllegalTransition, Invalid, NotFound
from fixmate.core.files import UploadNotUsable
from fixmate.core.money import Money
from jobs.enums import JobEventKind, JobStatus, PhotoKind, PriceKind
from jobs.errors import (
    AmountNotApproved,
)
from jobs.events import JobCompleted
from jobs.models import JobPhoto
from jobs.selectors import price_current, price_list
from jobs.services import (
    job_complete_by_technician,
)
from jobs.tests.factories import JOB_IN, job_in_progress
from jobs.tests.helpers import (
    changed,
    last_event,
    north_of,
    nothing_written,
    outbox,
    put,
    rows_of,
    stored,
    upload_of,
)
from technicians.models import Position, Technician
from technicians.tests.factories import TechnicianFactory

pytestmark = pytest.mark.django_db


def _complete(job, **kwargs):
    kwargs = {"actor": job.technician.user, "work_summary": "New washer.", **kwargs}
    return job_complete_by_technician(job_id=job.pk, **kwargs)


def test_complete_ends_the_work_at_the_quoted_price(noon):
    job = job_in_progress(created_at=noon - timedelta(hours=1))

    _complete(job)

    after = stored(job)
    assert changed(job, after) == {"status", "completed_at", "work_summary"}
    assert (after.status, after.completed_at, after.work_summary) == (JobStatus.COMPLETED, noon, "New washer.")
    assert [price.kind for price in price_list(job.pk)] == [PriceKind.QUOTE]
    event = last_event(job)
    assert (event.kind, event.note, event.actor_role) == (JobEventKind.COMPLETED, "New washer.", Role.TECHNICIAN)
    assert (event.status, event.at) == (JobStatus.COMPLETED, noon)
    assert outbox() == rows_of(JobCompleted(job_id=job.pk, technician_id=job.technician_id))


@pytest.mark.parametrize("is_sent_along", [False, True])
def test_complete_keeps_how_far_from_the_job_he_was(noon, is_sent_along):
    job = job_in_progress(created_at=noon - timedelta(hours=1))
    put(job.technician, north_of(job, 900), noon - timedelta(seconds=90))

    _complete(job, here=north_of(job, 30) if is_sent_along else None)

    expected = {"away_m": 30, "position_age_s": 0} if is_sent_along else {"away_m": 900, "position_age_s": 90}
    assert last_event(job).data == expected


def test_complete_by_somebody_never_heard_of_keeps_nothing(noon):
    job = job_in_progress(created_at=noon - timedelta(hours=1))

    _complete(job)

    assert last_event(job).data == {}


def test_complete_counts_for_the_technician(noon):
    job = job_in_progress(TechnicianFactory(is_online=True), created_at=noon)

    _complete(job)

    technician = Technician.objects.get(pk=job.technician_id)
    assert (technician.jobs_completed, technician.idle_since) == (1, noon)


@pytest.mark.parametrize(
    ("amount_minor", "fee_minor", "earnings_minor"),
    [(10_000, 1_500, 8_500), (9_990, 1_499, 8_491), (1, 0, 1), (0, 0, 0)],
)
def test_complete_bills_up_to_the_quote_at_its_rate(noon, amount_minor, fee_minor, earnings_minor):
    job = job_in_progress(created_at=noon)

    _complete(job, final_amount=Money(amount_minor, "USD"))

    price = price_current(job.pk)
    assert (price.revision, price.kind, price.amount_minor) == (2, PriceKind.FINAL, amount_minor)
    assert (price.platform_fee_minor, price.technician_earnings_minor) == (fee_minor, earnings_minor)
    assert (price.fee_rate, price.fee_source, price.created_at) == (Decimal("0.1500"), "standard", noon)


def test_complete_refuses_more_than_the_customer_approved():
    job = job_in_progress()

    with nothing_written(), pytest.raises(AmountNotApproved) as refusal:
        _complete(job, final_amount=Money(10_001, "USD"))

    assert refusal.value.details == {"approved": "100.00"}


def test_complete_refuses_another_currency():
    job = job_in_progress()

    with nothing_written(), pytest.raises(Invalid) as refusal:
        _complete(job, final_amount=Money(100, "EUR"))

    assert list(refusal.value.details) == ["final_amount"]


def test_complete_takes_photos_of_the_finished_work():
    job = job_in_progress()
    uploads = [upload_of(job.technician.user, UploadPurpose.COMPLETION_PHOTO) for _ in range(2)]

    _complete(job, photo_ids=[upload.pk for upload in uploads])

    photos = JobPhoto.objects.filter(job=job).order_by("pk")
    assert [(photo.upload_id, photo.kind) for photo in photos] == [(one.pk, PhotoKind.RESULT) for one in uploads]


def test_complete_refuses_photos_that_are_not_of_the_finished_work():
    job = job_in_progress()
    upload = upload_of(job.technician.user, UploadPurpose.JOB_PHOTO)

    with nothing_written(), pytest.raises(UploadNotUsable):
        _complete(job, photo_ids=[upload.pk])


def test_complete_takes_a_position_along(noon):
    job = job_in_progress(created_at=noon)

    _complete(job, here=north_of(job, 300))

    assert Position.objects.get(technician=job.technician).latitude == north_of(job, 300).latitude


@pytest.mark.parametrize("status", [JobStatus.ASSIGNED, JobStatus.COMPLETED])
def test_complete_is_possible_in_progress_alone(status):
    job = JOB_IN[status]()

    with nothing_written(), pytest.raises(IllegalTransition) as refusal:
        _complete(job, final_amount=Money(1, "USD"))

    assert refusal.value.details == {"state": status, "action": "complete"}


def test_complete_of_a_job_that_staff_cancelled_is_refused():
    job = job_in_progress()
    job.cancel_by_staff(note="Fraud.", by=Role.ADMIN, at=job.created_at)
    job.save()

    with nothing_written(), pytest.raises(IllegalTransition):
        _complete(job)


def test_complete_of_somebody_elses_job_is_not_found():
    job, stranger = job_in_progress(), TechnicianFactory()

    with nothing_written(), pytest.raises(NotFound):
        _complete(job, actor=stranger.user)
