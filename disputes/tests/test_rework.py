"""What a dispute says of a finished job, counted against who finished it: once, and only what staff judged so."""

from datetime import timedelta

import pytest

from accounts.tests.factories import UserFactory
from disputes.enums import DisputeCategory, DisputeOutcome
from disputes.models import Dispute
from disputes.selectors import dispute_list_rework, rework_count
from disputes.services import dispute_dismiss, dispute_resolve
from disputes.tests.factories import dispute_under_review
from fixmate.core import clock
from fixmate.core.tests.races import at_once
from jobs.tests.factories import job_completed, job_in_progress
from technicians.models import Technician
from technicians.tests.factories import TechnicianFactory

pytestmark = pytest.mark.django_db


def resolve(dispute, outcome=DisputeOutcome.FOR_CUSTOMER):
    dispute_resolve(dispute_id=dispute.pk, actor=UserFactory(admin=True), outcome=outcome, note="It drips.")


def assert_reworked(technician, number):
    """Assert that the figure is that, and that the disputes say so."""
    counted = {row["technician_id"]: row["jobs_reworked"] for row in rework_count([technician.pk])}
    assert (Technician.objects.get(pk=technician.pk).jobs_reworked, counted.get(technician.pk, 0)) == (number, number)


@pytest.mark.parametrize(
    ("category", "outcome", "number"),
    [
        (DisputeCategory.QUALITY, DisputeOutcome.FOR_CUSTOMER, 1),
        (DisputeCategory.QUALITY, DisputeOutcome.SHARED, 0),
        (DisputeCategory.QUALITY, DisputeOutcome.FOR_TECHNICIAN, 0),
        (DisputeCategory.PRICE, DisputeOutcome.FOR_CUSTOMER, 0),
    ],
)
def test_a_quality_dispute_decided_for_the_customer_counts(noon, category, outcome, number):
    dispute = dispute_under_review(job=job_completed(created_at=noon), category=category)

    resolve(dispute, outcome)

    assert_reworked(dispute.technician, number)


def test_a_job_counts_once_however_often_it_is_disputed(noon):
    job = job_completed(created_at=noon)
    for category in (DisputeCategory.QUALITY, DisputeCategory.PRICE, DisputeCategory.QUALITY):
        resolve(dispute_under_review(job=job, category=category))
    resolve(dispute_under_review(job=job_completed(job.technician, created_at=noon)))

    assert dispute_list_rework().count() == 3
    assert_reworked(job.technician, 2)


def test_what_was_decided_before_the_work_was_done_does_not_count(noon):
    job = job_in_progress(created_at=noon)
    resolve(dispute_under_review(job=job, technician=job.technician))

    job.refresh_from_db(fields=["technician"])
    job.complete(work_summary="Done.", at=noon + timedelta(minutes=1))
    job.save()

    assert_reworked(job.technician, 0)


def test_a_dispute_with_who_had_it_before_does_not_count(noon):
    job, before = job_completed(created_at=noon), TechnicianFactory()

    resolve(dispute_under_review(job=job, technician=before))

    assert_reworked(before, 0)
    assert_reworked(job.technician, 0)


def test_a_dismissed_dispute_does_not_count(noon):
    dispute = dispute_under_review(job=job_completed(created_at=noon))

    dispute_dismiss(dispute_id=dispute.pk, actor=UserFactory(admin=True), note="Nothing to it.")

    assert_reworked(dispute.technician, 0)


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_decisions_about_one_technician_at_once_all_count():
    technician, at = TechnicianFactory(), clock.now() - timedelta(hours=1)
    disputes = [dispute_under_review(job=job_completed(technician, created_at=at)) for _ in range(8)]

    at_once(*[lambda dispute=dispute: resolve(dispute) for dispute in disputes])

    assert Dispute.objects.filter(status="RESOLVED").count() == 8
    assert_reworked(technician, 8)
