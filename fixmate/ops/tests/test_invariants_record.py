"""What must hold of money, of background work and of the record."""

from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from accounts.tests.factories import UserFactory
from catalog.tests.factories import ServiceFactory
from fixmate.core import audit
from fixmate.core.enums import OutboxStatus
from fixmate.core.models import AuditEntry, OutboxMessage
from fixmate.ops.invariants import all_invariants
from fixmate.ops.tests.breaking import broken_names, finish, lifted, run_sql, set_behind
from jobs.models import JobPrice
from jobs.tests.factories import (
    JobFactory,
)
from matching.tests.factories import offer_accepted
from payments.models import Payment
from payments.tests.factories import PaymentFactory, payment_captured
from reviews.models import Review
from technicians.models import Technician

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("checks_back_on")]


# Money


def test_job_without_a_quote_is_found():
    with lifted():
        JobPrice.objects.filter(job=JobFactory()).delete()

    assert broken_names() == ["job_has_quote"]


def test_second_payment_of_a_job_is_found():
    payment = PaymentFactory()
    with lifted(("payments_payment", "payment_one_per_job")):
        PaymentFactory(job=payment.job)

    assert broken_names() == ["job_has_one_payment"]


def test_payment_that_does_not_add_up_is_found():
    job = offer_accepted(created_at=timezone.now() - timedelta(hours=3)).job
    finish(job)
    payment = payment_captured(job=job)
    with lifted(("payments_payment", "payment_split_adds_up")):
        set_behind(Payment, payment.pk, platform_fee_minor=1)

    assert broken_names() == ["payment_adds_up"]


@pytest.mark.parametrize(("age", "expected"), [(59, []), (61, ["completed_job_is_paid"])])
def test_completed_job_without_its_money_is_found_after_a_minute(age, expected):
    job = offer_accepted(created_at=timezone.now() - timedelta(seconds=age)).job
    finish(job)
    PaymentFactory(job=job)

    assert broken_names() == expected


@pytest.mark.parametrize("counted", [{"rating_sum": 5, "rating_count": 1}, {"rating_sum": 4, "rating_count": 2}])
def test_rating_that_is_not_the_sum_of_the_reviews_is_found(counted):
    job = offer_accepted(created_at=timezone.now()).job
    finish(job)
    Review.objects.create(
        job=job, customer=job.customer, technician=job.technician, rating=4, created_at=timezone.now()
    )
    Technician.objects.filter(pk=job.technician_id).update(**counted)

    assert broken_names() == ["rating_is_sum_of_reviews"]


# Background work and the record


def test_dead_work_is_found():
    OutboxMessage.objects.create(task="x.y", status=OutboxStatus.DEAD)

    assert broken_names() == ["outbox_has_no_dead_rows"]


@pytest.mark.parametrize(
    ("late", "lease", "expected"),
    [
        (4, None, []),
        (6, None, ["outbox_is_worked_off"]),
        (6, -1, ["outbox_is_worked_off"]),
        (6, 1, []),  # somebody is at it now
    ],
)
def test_work_nobody_takes_is_found(late, lease, expected):
    at = timezone.now()
    lease_until = None if lease is None else at + timedelta(minutes=lease)
    OutboxMessage.objects.create(task="x.y", run_at=at - timedelta(minutes=late), lease_until=lease_until)

    assert broken_names() == expected


def test_changed_audit_row_is_found():
    audit.record(actor=UserFactory(admin=True), action="test", target=ServiceFactory(), reason="because")
    with lifted():
        AuditEntry.objects.update(reason="for no reason")

    assert broken_names() == ["audit_chain_is_whole"]


def test_missing_trigger_is_found():
    name = "jobs_jobevent_no_update"
    run_sql(f"DROP TRIGGER {name}" + (" ON jobs_jobevent" if connection.vendor == "postgresql" else ""))

    [broken] = [invariant for invariant in all_invariants() if invariant.broken()]

    assert (broken.name, broken.broken()) == ("triggers_are_there", [name])
