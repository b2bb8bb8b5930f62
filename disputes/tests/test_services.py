from datetime import timedelta

import pytest

from accounts.enums import Role
from accounts.tests.factories import UserFactory
from disputes.enums import DisputeCategory, DisputeEventKind, DisputeStatus
from disputes.errors import DisputeExists, DisputeNotLive, DisputeTooEarly, DisputeTooLate
from disputes.events import DisputeOpened
from disputes.models import Dispute
from disputes.services import (
    dispute_message_add,
    dispute_open,
)
from disputes.tests.factories import (
    DisputeFactory,
    dispute_under_review,
)
from disputes.tests.helpers import CLOSED, amounts, opened, thread, written
from fixmate.core.errors import NotFound
from fixmate.core.ids import uuid7
from fixmate.core.models import AuditEntry
from fixmate.core.tests.watch import watch
from jobs.enums import CancelReason
from jobs.tests.factories import (
    JobFactory,
    job_assigned,
    job_cancelled,
    job_completed,
    job_in_progress,
    job_matching,
    job_unmatched,
)
from payments.models import Payment
from payments.services import payment_settle_cancelled
from payments.tests.factories import job_nobody_was_there_for, payment_captured
from technicians.tests.factories import TechnicianFactory

pytestmark = pytest.mark.django_db


# Opening


def test_dispute_open_by_the_customer_freezes_the_payout(noon, monkeypatch):
    published = watch(monkeypatch, DisputeOpened)
    payment = payment_captured(job=job_completed(created_at=noon))
    before = amounts()

    dispute = opened(payment.job)

    stored = Dispute.objects.get()
    assert stored == dispute
    assert (stored.status, stored.category, stored.description) == ("OPEN", "QUALITY", "It drips again.")
    assert (stored.opened_by_id, stored.technician_id) == (payment.customer_id, payment.technician_id)
    assert (stored.created_at, stored.closed_at) == (noon, None)
    assert thread() == [(DisputeEventKind.OPENED, Role.CUSTOMER, "")]
    assert Payment.objects.get().payout_frozen_at == noon
    assert amounts() == before
    assert published() == [
        {"dispute_id": str(dispute.pk), "job_id": str(payment.job_id), "opened_by_id": str(payment.customer_id)}
    ]
    assert list(AuditEntry.objects.all()) == []


@pytest.mark.parametrize("make", [job_assigned, job_in_progress, job_completed])
def test_dispute_open_by_the_technician(make):
    job = make()

    dispute = opened(job, job.technician.user)

    assert dispute.opened_by == job.technician.user
    assert thread() == [(DisputeEventKind.OPENED, Role.TECHNICIAN, "")]
    assert Payment.objects.get().payout_frozen_at is not None


def test_dispute_open_about_a_job_called_off_after_the_assignment(noon):
    job = job_assigned(created_at=noon)
    job.cancel(reason=CancelReason.TOO_SLOW, note="", by=Role.CUSTOMER, at=noon)
    job.save()

    opened(job)

    assert Dispute.objects.get().status == DisputeStatus.OPEN
    assert list(Payment.objects.all()) == []


def test_dispute_open_by_who_is_said_not_to_have_been_there(noon):
    payment = payment_settle_cancelled(job_id=job_nobody_was_there_for(created_at=noon).pk)

    dispute = opened(payment.job)

    assert (dispute.technician_id, dispute.status) == (payment.job.technician_id, DisputeStatus.OPEN)
    assert Payment.objects.get().payout_frozen_at == noon


@pytest.mark.parametrize("make", [JobFactory, job_matching, job_unmatched, job_cancelled])
def test_dispute_open_refuses_a_job_nobody_has(make):
    job = make()
    before = written()

    with pytest.raises(DisputeTooEarly):
        opened(job)

    assert written() == before


@pytest.mark.parametrize(("late", "is_refused"), [(timedelta(0), False), (timedelta(microseconds=1), True)])
def test_dispute_open_ends_with_the_window(noon, settings, late, is_refused):
    settings.DISPUTE_WINDOW_DAYS = 3
    job = job_completed(created_at=noon - timedelta(days=3) - late)
    before = written()

    if is_refused:
        with pytest.raises(DisputeTooLate) as caught:
            opened(job)
        assert caught.value.details == {"limit_days": 3}
        assert written() == before
    else:
        assert opened(job).status == DisputeStatus.OPEN


def test_dispute_open_is_possible_however_long_a_job_has_been_open(noon):
    job = job_assigned(created_at=noon - timedelta(days=60))

    assert opened(job).status == DisputeStatus.OPEN


@pytest.mark.parametrize("make", [DisputeFactory, dispute_under_review])
def test_dispute_open_refuses_a_second_live_one_whoever_asks(make):
    first = make()
    before = written()

    for actor in (first.job.customer, first.job.technician.user):
        with pytest.raises(DisputeExists):
            opened(first.job, actor)

    assert written() == before


@pytest.mark.parametrize("make", CLOSED)
def test_dispute_open_after_a_closed_one(make):
    first = make()

    assert opened(first.job).status == DisputeStatus.OPEN


@pytest.mark.parametrize("who", ["stranger", "other technician", "admin"])
def test_dispute_open_refuses_who_is_not_part_of_the_job(who):
    job = job_completed()
    actor = TechnicianFactory().user if who == "other technician" else UserFactory(admin=who == "admin")
    before = written()

    with pytest.raises(NotFound):
        opened(job, actor)

    assert written() == before


def test_dispute_open_refuses_an_unknown_job():
    with pytest.raises(NotFound):
        dispute_open(actor=UserFactory(), job_id=uuid7(), category=DisputeCategory.OTHER, description="?")

    assert list(Dispute.objects.all()) == []


def test_dispute_open_is_undone_when_the_freeze_fails(monkeypatch):
    def fail(**_):
        raise ConnectionError

    monkeypatch.setattr("disputes.services.parts.payment_freeze", fail)
    job = job_completed()
    before = written()

    with pytest.raises(ConnectionError):
        opened(job)

    assert written() == before


# Talking


@pytest.mark.parametrize("who", ["customer", "technician"])
def test_dispute_message_add_by_a_side(noon, who):
    dispute = DisputeFactory()
    actor = {"customer": dispute.job.customer, "technician": dispute.technician.user}[who]

    message = dispute_message_add(dispute_id=dispute.pk, actor=actor, text="It was tight.")

    assert (message.actor, message.at) == (actor, noon)
    assert thread() == [(DisputeEventKind.MESSAGE, actor.role, "It was tight.")]
    assert list(AuditEntry.objects.all()) == []


def test_dispute_message_add_by_staff_is_audited():
    dispute = dispute_under_review()
    staff = UserFactory(admin=True)

    dispute_message_add(dispute_id=dispute.pk, actor=staff, text="Send a photo.")

    assert thread() == [(DisputeEventKind.MESSAGE, Role.ADMIN, "Send a photo.")]
    entry = AuditEntry.objects.get()
    assert (entry.action, entry.actor_id, entry.target_id) == ("dispute.message", staff.pk, str(dispute.pk))
    assert entry.reason == "Send a photo."


def test_dispute_message_add_refuses_a_stranger():
    dispute = DisputeFactory()
    before = written()

    with pytest.raises(NotFound):
        dispute_message_add(dispute_id=dispute.pk, actor=UserFactory(), text="Me too.")

    assert written() == before


@pytest.mark.parametrize("make", CLOSED)
@pytest.mark.parametrize("who", ["customer", "admin"])
def test_dispute_message_add_refuses_once_closed(make, who):
    dispute = make()
    actor = dispute.job.customer if who == "customer" else UserFactory(admin=True)
    before = written()

    with pytest.raises(DisputeNotLive):
        dispute_message_add(dispute_id=dispute.pk, actor=actor, text="One more thing.")

    assert written() == before
