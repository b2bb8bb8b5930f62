"""How a dispute ends, and who may end it, also at once."""

import pytest

from accounts.enums import Role
from accounts.tests.factories import UserFactory
from disputes.enums import DisputeEventKind, DisputeOutcome, DisputeStatus
from disputes.events import DisputeClosed, DisputeOpened
from disputes.models import Dispute
from disputes.services import (
    dispute_begin_review,
    dispute_dismiss,
    dispute_resolve,
    dispute_withdraw,
)
from disputes.tests.factories import (
    DisputeFactory,
    dispute_under_review,
)
from disputes.tests.helpers import CLOSED, amounts, opened, thread, written
from fixmate.core.errors import Forbidden, IllegalTransition, Invalid, NotFound
from fixmate.core.models import AuditEntry
from fixmate.core.tests.http import client_for
from fixmate.core.tests.races import at_once
from fixmate.core.tests.watch import watch
from jobs.models import JobEvent
from jobs.tests.factories import (
    job_completed,
)
from payments.models import Payment, PaymentEvent
from payments.tests.factories import payment_captured

pytestmark = pytest.mark.django_db


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
