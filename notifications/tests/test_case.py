"""What notifications tell a case file: of the job, and to those who have or had to do with it."""

import pytest

from accounts.tests.factories import UserFactory
from fixmate.core.casefiles import case_parts
from jobs.tests.factories import job_completed
from matching.tests.factories import offer_rejected
from notifications.services import notification_tell_job_completed
from notifications.tests.factories import DeliveryFactory, NotificationFactory

pytestmark = pytest.mark.django_db


def told(job):
    (part,) = [part for part in case_parts() if part.name == "notifications"]
    return [dict(zip(part.columns, row, strict=True)) for row in part.rows(job.pk)]


def test_both_sides_and_whoever_was_asked_are_told_of():
    job, other = job_completed(), job_completed()
    asked = offer_rejected(job=job).technician.user
    for one in (job, other):
        notification_tell_job_completed(job_id=one.pk, technician_id=one.technician_id)
    for user in (asked, UserFactory()):
        DeliveryFactory(notification=NotificationFactory(user=user, payload={"job_id": str(job.pk)}))

    rows = told(job)

    assert [(row["to"], row["channel"], row["status"]) for row in rows if row["kind"] == "JOB_COMPLETED"] == [
        ("CUSTOMER", "EMAIL", "PENDING"),
        ("CUSTOMER", "IN_APP", "SENT"),
        ("TECHNICIAN", "EMAIL", "PENDING"),
        ("TECHNICIAN", "IN_APP", "SENT"),
    ]
    assert [(row["kind"], row["to"]) for row in rows if row["kind"] != "JOB_COMPLETED"] == [
        ("JOB_ASSIGNED", "TECHNICIAN")
    ]
