from datetime import timedelta

import pytest

from accounts.enums import Role
from accounts.tests.factories import UserFactory
from disputes.enums import DisputeCategory, DisputeEventKind, DisputeOutcome, DisputeStatus
from disputes.errors import DisputeExists, DisputeNotLive, DisputeTooEarly, DisputeTooLate
from disputes.events import DisputeClosed, DisputeOpened
from disputes.models import Dispute, DisputeEvent
from disputes.services import (
    dispute_begin_review,
    dispute_dismiss,
    dispute_message_add,
    dispute_open,
    dispute_resolve,
    dispute_withdraw,
)
from disputes.tests.factories import (
    DisputeFactory,
    dispute_dismissed,
    dispute_resolved,
    dispute_under_review,
    dispute_withdrawn,
)
from fixmate.core.errors import Forbidden, IllegalTransition, Invalid, NotFound
from fixmate.core.ids import uuid7
from fixmate.core.models import AuditEntry, OutboxMessage
from fixmate.core.tests.http import client_for
from fixmate.core.tests.races import at_once
from fixmate.core.tests.watch import watch
from jobs.enums import CancelReason
from jobs.models import JobEvent
from jobs.tests.factories import (
    JobFactory,
    job_assigned,
    job_cancelled,
    job_completed,
    job_in_progress,
    job_matching,
    job_unmatched,
)
from payments.models import Payment, PaymentEvent
from payments.tests.factories import payment_captured
from technicians.tests.factories import TechnicianFactory

pytestmark = pytest.mark.django_db

CLOSED = [dispute_resolved, dispute_dismissed, dispute_withdrawn]


def opened(job, actor=None):
    return dispute_open(
        actor=actor or job.customer, job_id=job.pk, category=DisputeCategory.QUALITY, description="It drips again."
    )


def thread():
    return list(DisputeEvent.objects.order_by("id").values_list("kind", "actor_role", "text"))


def written():
    """Everything a dispute's service may write, to compare before and after."""
    return {
        "disputes": list(Dispute.objects.order_by("id").values()),
        "thread": thread(),
        "payments": list(Payment.objects.order_by("id").values()),
        "payment events": PaymentEvent.objects.count(),
        "audit": AuditEntry.objects.count(),
        "outbox": OutboxMessage.objects.count(),
    }


def amounts():
    columns = ["status", "amount_minor", "platform_fee_minor", "technician_earnings_minor"]
    return list(Payment.objects.values_list(*columns))


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

    monkeypatch.setattr("disputes.services.payment_freeze", fail)
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


# Closing


@pytest.fixture
def frozen(noon):
    """A dispute whose payout is held back."""
    payment = payment_captured(job=job_completed(created_at=noon))
    return opened(payment.job)


def test_dispute_withdraw_releases_the_payout(noon, frozen, monkeypatch):
    published = watch(monkeypatch, DisputeClosed)
    before = amounts()

    dispute_withdraw(dispute_id=frozen.pk, actor=frozen.opened_by)

    stored = Dispute.objects.get()
    assert (stored.status, stored.closed_at, stored.outcome) == (DisputeStatus.WITHDRAWN, noon, "")
    assert thread()[1:] == [(DisputeEventKind.WITHDRAWN, Role.CUSTOMER, "")]
    assert Payment.objects.get().payout_frozen_at is None
    assert amounts() == before
    assert published() == [
        {"dispute_id": str(frozen.pk), "job_id": str(frozen.job_id), "status": DisputeStatus.WITHDRAWN}
    ]
    assert list(AuditEntry.objects.all()) == []


def test_dispute_withdraw_refuses_the_other_side(frozen):
    before = written()

    with pytest.raises(Forbidden):
        dispute_withdraw(dispute_id=frozen.pk, actor=frozen.technician.user)

    assert written() == before


@pytest.mark.parametrize("who", ["stranger", "admin"])
def test_dispute_withdraw_refuses_who_is_not_part_of_it(frozen, who):
    before = written()

    with pytest.raises(NotFound):
        dispute_withdraw(dispute_id=frozen.pk, actor=UserFactory(admin=who == "admin"))

    assert written() == before


def test_dispute_begin_review_is_audited_and_keeps_the_payout_frozen(noon, frozen):
    staff = UserFactory(admin=True)

    dispute_begin_review(dispute_id=frozen.pk, actor=staff, reason="My turn.")

    assert Dispute.objects.get().status == DisputeStatus.UNDER_REVIEW
    assert thread()[1:] == [(DisputeEventKind.REVIEW_STARTED, Role.ADMIN, "")]
    assert Payment.objects.get().payout_frozen_at == noon
    entry = AuditEntry.objects.get()
    assert (entry.action, entry.actor_id, entry.reason) == ("dispute.begin_review", staff.pk, "My turn.")
    assert (entry.before, entry.after) == ({"status": "OPEN"}, {"status": "UNDER_REVIEW", "outcome": ""})


@pytest.mark.parametrize("outcome", DisputeOutcome)
def test_dispute_resolve_decides_and_moves_no_money(noon, frozen, outcome, monkeypatch):
    published = watch(monkeypatch, DisputeClosed)
    staff = UserFactory(admin=True)
    dispute_begin_review(dispute_id=frozen.pk, actor=staff, reason="My turn.")
    before = amounts()

    dispute_resolve(dispute_id=frozen.pk, actor=staff, outcome=outcome, note="The photos say so.")

    stored = Dispute.objects.get()
    assert (stored.status, stored.outcome, stored.closed_at) == (DisputeStatus.RESOLVED, outcome, noon)
    assert stored.closing_note == "The photos say so."
    assert thread()[2:] == [(DisputeEventKind.RESOLVED, Role.ADMIN, "The photos say so.")]
    assert Payment.objects.get().payout_frozen_at is None
    assert amounts() == before
    entry = AuditEntry.objects.get(action="dispute.resolve")
    assert (entry.reason, entry.after) == ("The photos say so.", {"status": "RESOLVED", "outcome": outcome})
    assert [payload["status"] for payload in published()] == [DisputeStatus.RESOLVED]


def test_dispute_resolve_needs_a_review_first(frozen):
    before = written()

    with pytest.raises(IllegalTransition):
        dispute_resolve(
            dispute_id=frozen.pk, actor=UserFactory(admin=True), outcome=DisputeOutcome.SHARED, note="Half each."
        )

    assert written() == before


def test_dispute_dismiss_releases_the_payout_and_is_audited(noon, frozen, monkeypatch):
    published = watch(monkeypatch, DisputeClosed)
    before = amounts()

    dispute_dismiss(dispute_id=frozen.pk, actor=UserFactory(admin=True), note="Nothing to it.")

    stored = Dispute.objects.get()
    assert (stored.status, stored.closing_note, stored.closed_at) == ("DISMISSED", "Nothing to it.", noon)
    assert thread()[1:] == [(DisputeEventKind.DISMISSED, Role.ADMIN, "Nothing to it.")]
    assert Payment.objects.get().payout_frozen_at is None
    assert amounts() == before
    entry = AuditEntry.objects.get()
    assert (entry.action, entry.reason, entry.before) == ("dispute.dismiss", "Nothing to it.", {"status": "OPEN"})
    assert [payload["status"] for payload in published()] == [DisputeStatus.DISMISSED]


ACTS = {
    "begin_review": lambda dispute, staff, why: dispute_begin_review(dispute_id=dispute.pk, actor=staff, reason=why),
    "resolve": lambda dispute, staff, why: dispute_resolve(
        dispute_id=dispute.pk, actor=staff, outcome=DisputeOutcome.SHARED, note=why
    ),
    "dismiss": lambda dispute, staff, why: dispute_dismiss(dispute_id=dispute.pk, actor=staff, note=why),
    "withdraw": lambda dispute, staff, why: dispute_withdraw(dispute_id=dispute.pk, actor=dispute.opened_by),
}


@pytest.mark.parametrize("make", CLOSED)
@pytest.mark.parametrize("act", ACTS)
def test_what_a_dispute_decided_is_final(make, act):
    dispute = make()
    staff = UserFactory(admin=True)
    before = written()

    with pytest.raises(IllegalTransition):
        ACTS[act](dispute, staff, "On second thoughts.")

    assert written() == before


@pytest.mark.parametrize("act", ["begin_review", "resolve", "dismiss"])
def test_staff_always_say_why(act):
    dispute = DisputeFactory() if act == "begin_review" else dispute_under_review()
    staff = UserFactory(admin=True)
    before = written()

    with pytest.raises(Invalid):
        ACTS[act](dispute, staff, "  ")

    assert written() == before


# Races


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_eight_disputes_at_once_leave_one(monkeypatch):
    published = watch(monkeypatch, DisputeOpened)
    payment = payment_captured()
    job, job_events, before = payment.job, JobEvent.objects.count(), amounts()
    body = {"job_id": str(job.pk), "category": "QUALITY", "description": "It drips again."}

    responses = at_once(*[lambda: client_for(job.customer).post("/api/v1/disputes", body)] * 8)

    codes = sorted(response.json().get("error", {}).get("code", "") for response in responses)
    assert sorted(response.status_code for response in responses) == [201] + [409] * 7
    assert codes == [""] + ["DISPUTE_EXISTS"] * 7
    assert Dispute.objects.count() == 1
    assert thread() == [(DisputeEventKind.OPENED, Role.CUSTOMER, "")]
    assert list(PaymentEvent.objects.values_list("kind", flat=True)) == ["FROZEN"]
    assert amounts() == before
    assert len(published()) == 1
    assert (JobEvent.objects.count(), AuditEntry.objects.count()) == (job_events, 0)


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_closing_and_opening_at_once_never_deadlock():
    dispute = opened(payment_captured().job)
    staff, customer = UserFactory(admin=True), dispute.opened_by
    body = {"job_id": str(dispute.job_id), "category": "QUALITY", "description": "Still."}
    calls = [
        lambda: client_for(staff).post(f"/api/v1/disputes/{dispute.pk}/dismiss", {"note": "Nothing to it."}),
        lambda: client_for(customer).post(f"/api/v1/disputes/{dispute.pk}/withdraw"),
        lambda: client_for(customer).post("/api/v1/disputes", body),
    ] * 2

    responses = at_once(*[lambda: calls.pop()()] * 6)

    assert {response.status_code for response in responses} <= {200, 201, 409}
    assert sum(response.status_code == 200 for response in responses) >= 1
    live = Dispute.objects.filter(closed_at__isnull=True).count()
    assert live <= 1
    assert (Payment.objects.get().payout_frozen_at is not None) == (live == 1)
