"""Disputes, chargebacks, refunds and payouts of the same jobs, in any order and through the services.

What is quarrelled about is not paid out, nothing goes back twice, and the books hold after every step.
"""

from collections import Counter
from contextlib import ExitStack
from datetime import timedelta
from decimal import Decimal
from unittest.mock import patch

import pytest
from django.db import connection, transaction
from django.db.models import F, Q, Sum
from django.test import override_settings
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from accounts.tests.factories import UserFactory
from conftest import NOON
from disputes.enums import LIVE, DisputeOutcome, DisputeStatus
from disputes.models import Dispute, DisputeChargeback
from disputes.services import dispute_begin_review, dispute_dismiss, dispute_resolve, dispute_withdraw
from disputes.tasks import follow_chargeback
from disputes.tests.helpers import opened
from disputes.tests.provider import BankingProvider
from fixmate.core import clock
from fixmate.core.errors import DomainError
from fixmate.core.models import OutboxMessage
from fixmate.core.money import Money
from jobs.tests.factories import job_assigned
from payments.enums import (
    CHARGEBACK_OPEN,
    CHARGEBACK_TAKEN,
    OF_A_TECHNICIAN,
    OWED,
    PAYOUT_ON_ITS_WAY,
    REFUND_ON_ITS_WAY,
    REFUND_OPEN,
    AccountKind,
    CallKind,
    CallStatus,
    MovementKind,
    PayoutStatus,
    Provider,
    RefundStatus,
)
from payments.models import (
    Chargeback,
    Hold,
    LedgerAccount,
    LedgerTransaction,
    Payment,
    Payout,
    PayoutItem,
    ProviderCall,
    Refund,
)
from payments.providers import ChargebackIs, RefundIs
from payments.selectors import free_of_payments
from payments.selectors.proof import first_fault
from payments.services import (
    call_perform,
    chargeback_apply,
    payout_fail,
    payout_pay,
    payout_send,
    payouts_order,
    refund_approve,
    refund_ask_again,
    refund_fail_by_staff,
    refund_finish_by_staff,
    refund_refresh,
    refund_reject,
    refund_request,
)
from payments.services.chargebacks import chargeback_refresh
from payments.tests.factories import PayoutAccountFactory, calls_perform, calls_waiting, job_finish, payment_captured
from technicians.tests.factories import TechnicianFactory

pytestmark = pytest.mark.django_db

INDEX = st.integers(0, 11)
WAYS = st.sampled_from([1, 2, 1, 0])  # through how many holds; in cash through none
JOBS = 3
SPLIT = ("amount_minor", "platform_fee_minor", "technician_earnings_minor", "fee_rate", "fee_source")
SHARES = ("amount_minor", "platform_fee_minor", "technician_earnings_minor")
MAIN_ROADS = {
    MovementKind.CAPTURE,
    MovementKind.RELEASE,
    MovementKind.REFUND,
    MovementKind.CHARGEBACK,
    MovementKind.PAYOUT,
    MovementKind.PAYOUT_HELD_BACK,
}
COUNTING = (*REFUND_OPEN, RefundStatus.DONE)
BORNE = (*REFUND_ON_ITS_WAY, RefundStatus.DONE)
SETTINGS = {
    "PAYMENT_PROVIDER": Provider.STRIPE,
    "STRIPE_SECRET_KEY": "sk_test",
    "PAYOUT_HOLD_DAYS": 2,
    "REFUND_SECOND_PERSON_MINOR": 3_000,
    "TAX_RATE": Decimal("0.2"),
}


def kept():
    """Return the payments that somebody quarrels about, from what they quarrel with."""
    jobs = Dispute.objects.filter(status__in=LIVE).values("job")
    refunds = Refund.objects.filter(status__in=REFUND_OPEN).values("payment")
    banks = Chargeback.objects.filter(status__in=CHARGEBACK_OPEN).values("payment")
    return Payment.objects.filter(Q(job__in=jobs) | Q(pk__in=refunds) | Q(pk__in=banks))


def items_inside():
    return PayoutItem.objects.filter(returned_at__isnull=True)


def total(rows, column="amount_minor"):
    return rows.aggregate(total=Sum(column, default=0))["total"]


def online():
    return Payment.objects.exclude(provider=Provider.OFFLINE)


def news():
    return OutboxMessage.objects.filter(task=follow_chargeback.name)


class Quarrels(RuleBasedStateMachine):
    """The first technician is paid by the provider, the second by hand."""

    moved = Counter()  # over all runs

    def __init__(self):
        super().__init__()
        self.stack = ExitStack()
        self.stack.enter_context(transaction.atomic())
        self.provider = BankingProvider()
        self.stack.enter_context(override_settings(**SETTINGS))
        self.stack.enter_context(patch("payments.providers.stripe_provider", lambda: self.provider))
        self.stack.enter_context(patch("fixmate.core.batches.log.exception", self.fail))
        self.at = NOON
        self.splits = {}

    @initialize(ways=st.lists(WAYS, min_size=2, max_size=2), days=st.sampled_from([2, 2, 0]))
    def begin(self, ways, days):
        self.technicians = [TechnicianFactory(), TechnicianFactory()]
        PayoutAccountFactory(technician=self.technicians[0], ready=True)
        self.staff = [UserFactory(admin=True), UserFactory(admin=True)]
        for number, way in enumerate(ways):
            self._finish(number % 2, 10_000, way)
        self.at += timedelta(days=days)
        self._batch()

    def teardown(self):
        self.moved.update(LedgerTransaction.objects.values_list("kind", flat=True))
        transaction.set_rollback(True)
        self.stack.close()

    def fail(self, event, **facts):
        """What a sweep would log, and leave to the next one, is a fault here."""
        raise AssertionError(event, facts)

    def pick(self, rows, index):
        rows = list(rows.order_by("pk"))
        return rows[index % len(rows)]

    def act(self, call, **kwargs):
        with clock.frozen(self.at):
            return call(**kwargs)

    def attempt(self, call, **kwargs):
        """Act, or be refused: then nothing has changed."""
        try:
            with transaction.atomic():
                return self.act(call, **kwargs)
        except DomainError:
            return None

    # Jobs

    @precondition(lambda self: Payment.objects.count() < JOBS)
    @rule(whose=st.integers(0, 1), minor=st.sampled_from([10_000, 9_997, 333]), way=WAYS)
    def finish(self, whose, minor, way):
        self._finish(whose, minor, way)

    def _finish(self, whose, minor, holds):
        """A job is done, and paid: in cash, or from as many holds."""
        provider = Provider.STRIPE if holds else Provider.OFFLINE
        with clock.frozen(self.at):
            job = job_finish(job_assigned(self.technicians[whose], created_at=self.at), minor)
            payment = payment_captured(job=job, provider=provider, at=self.at)
            for number in range(1, holds + 1):
                part = minor - minor // holds * (holds - 1) if number == holds else minor // holds
                self._hold(payment, number, part)
        self.splits[payment.pk] = Payment.objects.values_list(*SPLIT).get(pk=payment.pk)

    def _hold(self, payment, number, minor):
        hold = Hold(payment=payment, number=number, amount_minor=minor, created_at=self.at)
        hold.hold(ref=f"pi_{payment.pk.hex}_{number}", lapses_at=None, at=self.at)
        hold.capture(amount_minor=minor, at=self.at)
        hold.save()
        self.provider.has_taken(hold)

    @precondition(lambda self: online().exclude(payout_items__in=items_inside()).exists())
    @rule(days=st.integers(1, 3))
    def wait(self, days):
        """Days pass. Then all that is free and that nobody quarrels about is in a payout, and nothing else."""
        self.at += timedelta(days=days)
        self._batch()

    def _batch(self):
        held = set(kept().values_list("pk", flat=True))
        before = set(PayoutItem.objects.values_list("pk", flat=True))
        self.act(payouts_order)
        new = PayoutItem.objects.exclude(pk__in=before).values_list("payment", flat=True)
        assert not held.intersection(new)
        due = online().exclude(pk__in=held).filter(captured_at__lte=self.at - timedelta(days=2))
        assert not due.filter(released_at__isnull=True).exists()
        left = due.exclude(payout_items__in=items_inside())
        resting = left.filter(technician__payout_accounts__paused_until__gt=self.at)
        assert not any(free_of_payments(left.exclude(pk__in=resting).values_list("pk", flat=True)).values())

    # Disputes

    def _at_peace(self):
        return Payment.objects.exclude(job__disputes__status__in=LIVE)

    @precondition(lambda self: self._at_peace().exists())
    @rule(index=INDEX, is_technician=st.booleans())
    def quarrel(self, index, is_technician):
        job = self.pick(self._at_peace(), index).job
        self.attempt(opened, job=job, actor=job.technician.user if is_technician else job.customer)

    @precondition(lambda self: Dispute.objects.filter(status__in=LIVE).exists())
    @rule(index=INDEX, who=INDEX, how=st.sampled_from(["decide", "decide", "dismiss", "withdraw"]))
    def go_on(self, index, who, how):
        """Whatever becomes of a dispute, no money moves."""
        dispute = self.pick(Dispute.objects.filter(status__in=LIVE), index)
        before = LedgerTransaction.objects.count()
        if how == "withdraw":
            self.attempt(dispute_withdraw, dispute_id=dispute.pk, actor=dispute.opened_by or dispute.job.customer)
        else:
            service, said = self._decision(dispute, how)
            self.attempt(service, dispute_id=dispute.pk, actor=self.staff[who % 2], **said)
        assert LedgerTransaction.objects.count() == before

    def _decision(self, dispute, how):
        if how == "dismiss":
            return dispute_dismiss, {"note": "It does not drip."}
        if dispute.status == DisputeStatus.OPEN:
            return dispute_begin_review, {"reason": "Mine."}
        return dispute_resolve, {"outcome": DisputeOutcome.FOR_CUSTOMER, "note": "It drips."}

    # Refunds

    @precondition(lambda self: self._with_something_left().exists())
    @rule(index=INDEX, who=INDEX, minor=st.sampled_from([333, 3_333, 6_000, 0]), is_linked=st.booleans())
    def ask(self, index, who, minor, is_linked):
        """Ask for a part, or with nothing for all that is left."""
        payment = self.pick(self._with_something_left(), index)
        dispute = Dispute.objects.filter(job=payment.job_id).first() if is_linked else None
        amount = Money(minor or max(payment.left_minor, 1), "USD")
        asked = {"payment_id": payment.pk, "amount": amount, "dispute_id": dispute and dispute.pk}
        if self.attempt(refund_request, actor=self.staff[who % 2], reason="It drips.", **asked):
            self._left_enough(payment)

    def _with_something_left(self):
        return Payment.objects.filter(refunded_minor__lt=F("amount_minor"))

    @precondition(lambda self: Refund.objects.filter(status=RefundStatus.REQUESTED).exists())
    @rule(index=INDEX, is_same=INDEX.map(lambda number: number > 9), is_good=INDEX.map(lambda number: number < 9))
    def decide(self, index, is_same, is_good):
        """Mostly another person approves it; sometimes who asked tries, or it is rejected."""
        refund = self.pick(Refund.objects.filter(status=RefundStatus.REQUESTED), index)
        asked, other = sorted(self.staff, key=lambda one: one != refund.requested_by)
        service = refund_approve if is_good else refund_reject
        decided = self.attempt(service, refund_id=refund.pk, actor=asked if is_same else other, reason="Seen.")
        if decided and service is refund_approve:
            assert decided.requested_by != decided.decided_by
            self._left_enough(refund.payment)

    def _left_enough(self, payment):
        """What goes back, and what the bank has, are together no more than was taken."""
        back = total(payment.refunds.filter(status__in=COUNTING))
        assert back + total(payment.chargebacks.filter(status__in=CHARGEBACK_TAKEN)) <= payment.amount_minor

    @precondition(lambda self: self._in_cash().exists())
    @rule(index=INDEX, service=st.sampled_from([refund_finish_by_staff, refund_fail_by_staff]))
    def hand_back(self, index, service):
        refund = self.pick(self._in_cash(), index)
        self.attempt(service, refund_id=refund.pk, actor=self.staff[0], reason="Told.")

    def _in_cash(self):
        return Refund.objects.filter(status=RefundStatus.SENT, payment__provider=Provider.OFFLINE)

    # The provider, of what it was asked: refunds and transfers

    @precondition(lambda self: ProviderCall.objects.filter(status=CallStatus.WAITING).exists())
    @rule(index=INDEX, how=st.sampled_from(["at once", "at once", "slow", "refuse", "away", "away_after"]))
    def carry_out(self, index, how):
        calls, provider = calls_waiting(), self.provider
        provider.refunds_pend = how == "slow"
        provider.refuses = dict.fromkeys(["refund", "transfer"], "no_balance") if how == "refuse" else {}
        provider.away, provider.away_after = how == "away", how == "away_after"
        self.act(call_perform, call_id=calls[index % len(calls)])
        provider.away, provider.away_after, provider.refuses, provider.refunds_pend = 0, 0, {}, False

    def _slow(self):
        return [ref for ref, state in self.provider.refunds.items() if state.status == RefundIs.UNDER_WAY]

    @precondition(lambda self: self._slow())
    @rule(index=INDEX, status=st.sampled_from([RefundIs.DONE, RefundIs.FAILED]))
    def settle_refund(self, index, status):
        ref = self._slow()[index % len(self._slow())]
        self.provider.settle_refund(ref, status)
        self.act(refund_refresh, ref=ref)

    def _in_pieces(self):
        """Return the refunds of which something came back and something was refused."""
        sent = Refund.objects.filter(status=RefundStatus.SENT, calls__status=CallStatus.REFUSED)
        return sent.exclude(calls__status=CallStatus.WAITING).distinct()

    @precondition(lambda self: self._in_pieces().exists())
    @rule(index=INDEX)
    def ask_again(self, index):
        refund = self.pick(self._in_pieces(), index)
        self.attempt(refund_ask_again, refund_id=refund.pk, actor=self.staff[0], reason="The rest.")

    # Payouts

    def _by_hand(self):
        of_provider = ProviderCall.objects.filter(kind=CallKind.TRANSFER).values("payout")
        return Payout.objects.filter(status__in=PAYOUT_ON_ITS_WAY).exclude(pk__in=of_provider)

    @precondition(lambda self: self._by_hand().exists())
    @rule(index=INDEX, is_good=st.booleans())
    def pay_by_hand(self, index, is_good):
        payout = self.pick(self._by_hand(), index)
        good = payout_send if payout.status == PayoutStatus.ORDERED else payout_pay
        service = good if is_good else payout_fail
        self.attempt(service, payout_id=payout.pk, actor=self.staff[0], reason="Told.")

    # Banks

    def _holds(self):
        return [ref for ref in self.provider.holds if self.provider.left_minor(ref)]

    @precondition(lambda self: self._holds())
    @rule(index=INDEX, minor=st.sampled_from([10_000, 4_000]), is_late=st.booleans())
    def charge_back(self, index, minor, is_late):
        ref = self._holds()[index % len(self._holds())]
        self.act(self.provider.charge_back, hold_ref=ref, minor=min(minor, self.provider.left_minor(ref)))
        if not is_late:
            self._hear(list(self.provider.chargebacks)[-1])

    @precondition(lambda self: self.provider.undecided)
    @rule(index=INDEX, status=st.sampled_from([ChargebackIs.UNDER_REVIEW, ChargebackIs.WON, ChargebackIs.LOST]))
    def bank_says(self, index, status):
        refs = self.provider.undecided
        ref = refs[index % len(refs)]
        self.provider.bank_says(ref, status)
        self._hear(ref)

    @precondition(lambda self: self.provider.outdated)
    @rule(index=INDEX)
    def hear_of_what_was(self, index):
        """Something that was read earlier arrives now."""
        outdated = self.provider.outdated
        self.act(chargeback_apply, provider=Provider.STRIPE, state=outdated[index % len(outdated)])

    def _is_unheard(self):
        return len(self.provider.chargebacks) > Chargeback.objects.count()

    def _hear(self, ref):
        self.act(chargeback_refresh, provider=Provider.STRIPE, ref=ref)

    @precondition(lambda self: news().exists())
    @rule(index=INDEX)
    def tell_disputes(self, index):
        """The news of chargebacks reach disputes late, and not in their order."""
        row = self.pick(news(), index)
        self.act(follow_chargeback, **row.payload)
        row.delete()

    @precondition(lambda self: calls_waiting() or news().exists() or self._is_unheard())
    @rule()
    def come_to_rest(self):
        """With everything asked, answered and heard, the provider has what the books say, and disputes know of it."""
        with clock.frozen(self.at):
            for ref in self._slow():
                self.provider.settle_refund(ref)
            for ref in self.provider.chargebacks:
                self._hear(ref)
            calls_perform()
            for row in news().order_by("-pk"):
                follow_chargeback(**row.payload)
                row.delete()
        pieces = ProviderCall.objects.filter(status=CallStatus.DONE, refund__status=RefundStatus.SENT)
        by_hand = Payout.objects.filter(status=PayoutStatus.PAID, calls__isnull=True)
        clearing = total(LedgerAccount.objects.filter(kind=AccountKind.PROVIDER_CLEARING), "balance_minor")
        assert clearing - total(pieces) == self.provider.balance_minor - total(by_hand)
        ended = DisputeChargeback.objects.filter(ended_at__isnull=False)
        assert DisputeChargeback.objects.count() == Chargeback.objects.count() == len(self.provider.chargebacks)
        assert ended.count() == Chargeback.objects.exclude(status__in=CHARGEBACK_OPEN).count()

    # What holds

    @invariant()
    def the_books_hold(self):
        assert first_fault() is None
        by_transaction = LedgerTransaction.objects.annotate(comes_to=Sum("entries__amount_minor"))
        assert not by_transaction.exclude(comes_to=0).exists()
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
                cursor.execute("SET CONSTRAINTS ALL DEFERRED")

    @invariant()
    def splits_are_as_they_were(self):
        assert {row[0]: row[1:] for row in Payment.objects.values_list("pk", *SPLIT)} == self.splits

    @invariant()
    def nothing_that_is_quarrelled_about_is_in_a_payout_to_send(self):
        ordered = items_inside().filter(payout__status=PayoutStatus.ORDERED)
        assert not ordered.filter(payment__in=kept()).exists()

    @invariant()
    def a_payment_is_frozen_while_a_dispute_is_live(self):
        frozen = Payment.objects.filter(payout_frozen_at__isnull=False)
        live = Dispute.objects.filter(status__in=LIVE)
        assert set(frozen.values_list("job", flat=True)) == set(live.values_list("job", flat=True))

    @invariant()
    def no_more_goes_back_than_was_taken(self):
        """Everybody bears his part, and of the whole exactly his share."""
        shares = {row[0]: row[1:] for row in Payment.objects.values_list("pk", *SHARES)}
        counting = Refund.objects.filter(status__in=COUNTING).order_by().values_list("payment")
        for payment_id, *parts in counting.annotate(*map(Sum, SHARES)):
            whole = shares[payment_id]
            assert all(part <= share for part, share in zip(parts, whole, strict=True))
            assert tuple(parts) == whole or parts[0] < whole[0]

    @invariant()
    def technicians_have_what_they_earned(self):
        """Whatever order it came in: earned, less refunds and the fees of cash jobs, is paid out or in his accounts."""
        for technician in getattr(self, "technicians", []):
            his = Payment.objects.filter(technician=technician)
            cash, through = his.filter(provider=Provider.OFFLINE), his.exclude(provider=Provider.OFFLINE)
            back = Refund.objects.filter(status__in=BORNE)
            due = total(through, "technician_earnings_minor") - total(cash, "platform_fee_minor")
            due -= total(back.filter(payment__in=through), "technician_earnings_minor")
            due += total(back.filter(payment__in=cash), "platform_fee_minor")
            items = items_inside().filter(payout__technician=technician)
            accounts = LedgerAccount.objects.filter(technician=technician, kind__in=OF_A_TECHNICIAN)
            assert due == total(items) - total(accounts, "balance_minor")
            assert not accounts.filter(kind__in=OWED, balance_minor__gt=0).exists()


def test_quarrels_about_money_in_any_order():
    Quarrels.moved.clear()

    run_state_machine_as_test(
        Quarrels,
        settings=settings(
            max_examples=9,
            stateful_step_count=25,
            deadline=None,
            derandomize=True,
            suppress_health_check=list(HealthCheck),
        ),
    )

    assert set(Quarrels.moved) >= MAIN_ROADS  # what is not reached proves nothing
