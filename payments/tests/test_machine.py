"""Payments, holds, refunds, disputes' freeze and payouts in any order: the books hold after every step."""

from contextlib import ExitStack
from datetime import timedelta
from unittest.mock import patch

import pytest
from django.db import connection, transaction
from django.test import override_settings
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from accounts.tests.factories import UserFactory
from conftest import NOON
from fixmate.core import clock
from fixmate.core.errors import DomainError
from fixmate.core.money import Money
from jobs.enums import JobStatus, PriceKind
from jobs.selectors import price_current
from jobs.tests.factories import job_assigned, price_for
from payments.enums import OPEN, REFUND_OPEN, AccountKind, PaymentStatus, PayoutStatus, Provider, RefundStatus
from payments.models import LedgerAccount, Payment, Payout, PayoutItem, Refund
from payments.providers import HoldIs, RefundIs
from payments.selectors.proof import first_fault
from payments.services import (
    call_perform,
    hold_refresh,
    payment_authorize,
    payment_capture_for_job,
    payment_ensure,
    payment_freeze,
    payment_settle_cancelled,
    payment_unfreeze,
    payments_cover_due,
    payout_fail,
    payout_pay,
    payout_send,
    payouts_order,
    refund_approve,
    refund_fail,
    refund_finish,
    refund_refresh,
    refund_reject,
    refund_request,
    refund_send,
)
from payments.tests.factories import calls_perform, calls_waiting, card_for, job_call_off, job_finish, payment_captured
from payments.tests.fake import ASKS, CARD, DECLINED, SLOW, FakeProvider
from technicians.tests.factories import TechnicianFactory

pytestmark = pytest.mark.django_db

INDEX = st.integers(0, 20)
UNDECIDED = (HoldIs.ACTION_NEEDED, HoldIs.UNDER_WAY)
SPLIT = ("amount_minor", "platform_fee_minor", "technician_earnings_minor", "fee_rate", "fee_source")


class Books(RuleBasedStateMachine):
    """Money of two technicians, in cash and through a provider."""

    def __init__(self):
        super().__init__()
        self.stack = ExitStack()
        self.stack.enter_context(transaction.atomic())
        self.provider = FakeProvider()
        online = {"PAYMENT_PROVIDER": Provider.STRIPE, "STRIPE_SECRET_KEY": "sk_test"}
        self.stack.enter_context(override_settings(REFUND_SECOND_PERSON_MINOR=5_000, **online))
        self.stack.enter_context(patch("payments.providers.stripe_provider", lambda: self.provider))
        self.at = NOON
        self.splits = {}

    @initialize()
    def people(self):
        self.technicians = [TechnicianFactory(), TechnicianFactory()]
        self.staff = [UserFactory(admin=True), UserFactory(admin=True)]

    def teardown(self):
        transaction.set_rollback(True)
        self.stack.close()

    def pick(self, rows, index):
        rows = list(rows.order_by("pk"))
        return rows[index % len(rows)] if rows else None

    def attempt(self, call, **kwargs):
        """Act, or be refused: then nothing has changed."""
        try:
            with clock.frozen(self.at), transaction.atomic():
                return call(**kwargs)
        except DomainError:
            return None

    # What happens

    @rule(whose=INDEX, provider=st.sampled_from([Provider.OFFLINE, Provider.STRIPE, Provider.STRIPE]))
    def capture(self, whose, provider):
        with clock.frozen(self.at):
            payment = payment_captured(self.technicians[whose % 2], provider=provider, at=self.at)
        self.splits[payment.pk] = [getattr(Payment.objects.get(pk=payment.pk), name) for name in SPLIT]

    # A job that is paid online, as its customer and technician go on with it

    @rule(method=st.sampled_from([CARD, CARD, ASKS, DECLINED, SLOW]))
    def assign(self, method):
        with clock.frozen(self.at):
            technician = TechnicianFactory()  # one has no two bookings at once
            job = job_assigned(technician, created_at=self.at)
            self.technicians.append(technician)
            card_for(job.customer, method)
            payment_ensure(job_id=job.pk)

    def pick_online(self, index, *statuses):
        payment = self.pick(Payment.objects.filter(provider=Provider.STRIPE, job__status__in=statuses), index)
        return payment if payment and not payment.captured_at else None

    @rule(index=INDEX, method=st.sampled_from(["", CARD, ASKS, DECLINED]))
    def pay(self, index, method):
        payment = self.pick(Payment.objects.all(), index)
        if payment:
            self.attempt(payment_authorize, payment_id=payment.pk, actor=payment.customer, method=method)

    @rule(index=INDEX, minor=st.sampled_from([10_001, 14_000]))
    def agree_on_more(self, index, minor):
        payment = self.pick_online(index, JobStatus.ASSIGNED)
        price = payment and price_current(payment.job_id)
        if price and price.amount_minor < minor:
            with clock.frozen(self.at):
                price_for(payment.job, PriceKind.QUOTE_REVISION, amount_minor=minor, revision=price.revision + 1)
                payment_ensure(job_id=payment.job_id)

    @rule(index=INDEX, minor=st.sampled_from([None, None, 0, 4_000]))
    def complete(self, index, minor):
        payment = self.pick_online(index, JobStatus.ASSIGNED)
        if payment:
            with clock.frozen(self.at):
                job_finish(payment.job, minor)
                payment_capture_for_job(job_id=payment.job_id)

    @rule(index=INDEX, fee=st.sampled_from([0, 2_000]))
    def call_off(self, index, fee):
        payment = self.pick_online(index, JobStatus.ASSIGNED)
        if payment:
            with clock.frozen(self.at):
                job_call_off(payment.job, fee)
                payment_settle_cancelled(job_id=payment.job_id)

    @rule(index=INDEX, away=st.sampled_from(["", "", "away", "away_after"]))
    def ask_provider(self, index, away):
        call_ids = calls_waiting()
        if call_ids:
            if away:
                setattr(self.provider, away, 1)
            with clock.frozen(self.at):
                call_perform(call_id=call_ids[index % len(call_ids)])
            self.provider.away = self.provider.away_after = 0

    @rule(index=INDEX, what=st.sampled_from(["confirm", "lapse", "fail", "nothing"]))
    def hear_of_hold(self, index, what):
        """The provider changes a hold, or nothing, and tells of it."""
        refs = sorted(self.provider.holds)
        if not refs:
            return
        ref = refs[index % len(refs)]
        possible = {"confirm": UNDECIDED, "fail": UNDECIDED, "lapse": (HoldIs.HELD,)}
        with clock.frozen(self.at):
            if self.provider.holds[ref].status in possible.get(what, ()):
                getattr(self.provider, what)(ref)
            hold_refresh(ref=ref)

    @rule(pend=st.booleans())
    def refunds_take_their_time(self, pend):
        self.provider.refunds_pend = pend

    @rule(index=INDEX, status=st.sampled_from([RefundIs.DONE, RefundIs.FAILED]))
    def hear_of_refund(self, index, status):
        refs = sorted(self.provider.refunds)
        if refs:
            ref = refs[index % len(refs)]
            if self.provider.refunds[ref].status == RefundIs.UNDER_WAY:
                self.provider.settle_refund(ref, status)
            with clock.frozen(self.at):
                refund_refresh(ref=ref)

    @rule()
    def come_to_rest(self):
        """With the provider there and asked everything, it has taken what payments say, and keeps nothing beside."""
        self.provider.refunds_pend = False
        with clock.frozen(self.at):
            payments_cover_due()
            for _ in range(4):
                calls_perform()
        for payment in Payment.objects.filter(provider=Provider.STRIPE):
            theirs = [self.provider.holds[hold.ref] for hold in payment.holds.exclude(ref="")]
            taken = sum(hold.captured_minor for hold in theirs)
            held = sum(hold.amount_minor for hold in theirs if hold.status == HoldIs.HELD)
            is_over = payment.status not in OPEN
            assert not is_over or held == 0
            assert not theirs or taken == (payment.amount_minor or 0) or not is_over
            if payment.status == PaymentStatus.AUTHORIZED:
                assert held >= price_current(payment.job_id).amount_minor

    @rule(hours=st.sampled_from([1, 30, 60]))
    def wait(self, hours):
        self.at += timedelta(hours=hours)

    @rule(index=INDEX)
    def freeze(self, index):
        payment = self.pick(Payment.objects.all(), index)
        if payment:
            self.attempt(payment_freeze, job_id=payment.job_id, actor=payment.customer)

    @rule(index=INDEX)
    def unfreeze(self, index):
        payment = self.pick(Payment.objects.filter(payout_frozen_at__isnull=False), index)
        if payment:
            self.attempt(payment_unfreeze, job_id=payment.job_id, actor=payment.customer)

    @rule(index=INDEX, who=INDEX, minor=st.sampled_from([1, 333, 4_000, 6_000, 10_000]))
    def ask(self, index, who, minor):
        payment = self.pick(Payment.objects.all(), index)
        if payment:
            asked = {"payment_id": payment.pk, "amount": Money(minor, "USD"), "reason": "It drips."}
            self.attempt(refund_request, actor=self.staff[who % 2], **asked)

    @rule(index=INDEX, who=INDEX, act=st.sampled_from([refund_approve, refund_reject]))
    def decide(self, index, who, act):
        refund = self.pick(Refund.objects.filter(status=RefundStatus.REQUESTED), index)
        if refund:
            self.attempt(act, refund_id=refund.pk, actor=self.staff[who % 2], reason="Seen.")

    @rule(index=INDEX, act=st.sampled_from(["send", "finish", "fail"]))
    def carry(self, index, act):
        by_hand = Refund.objects.filter(calls__isnull=True)
        refund = self.pick(by_hand.filter(status__in=[RefundStatus.APPROVED, RefundStatus.SENT]), index)
        if not refund:
            return
        acts = {"send": refund_send, "finish": refund_finish}
        if act in acts:
            self.attempt(acts[act], refund_id=refund.pk)
        else:
            self.attempt(refund_fail, refund_id=refund.pk, reason="No.")

    @rule()
    def sweep(self):
        with clock.frozen(self.at):
            payouts_order()

    @rule(index=INDEX)
    def send(self, index):
        payout = self.pick(Payout.objects.filter(status=PayoutStatus.ORDERED), index)
        if payout:
            inside = Payment.objects.filter(payout_items__payout=payout, payout_items__returned_at__isnull=True)
            frozen = inside.filter(payout_frozen_at__isnull=False).count()
            sent = self.attempt(payout_send, payout_id=payout.pk, actor=self.staff[0], reason="Sent.")
            assert not (sent and frozen)

    @rule(index=INDEX, act=st.sampled_from([payout_pay, payout_fail]))
    def settle(self, index, act):
        payout = self.pick(Payout.objects.filter(status=PayoutStatus.SENT), index)
        if payout:
            self.attempt(act, payout_id=payout.pk, actor=self.staff[0], reason="Told.")

    # What holds

    @invariant()
    def the_books_hold(self):
        assert first_fault() is None
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
                cursor.execute("SET CONSTRAINTS ALL DEFERRED")

    @invariant()
    def splits_are_as_they_were(self):
        captured = Payment.objects.filter(captured_at__isnull=False)
        stored = {row[0]: list(row[1:]) for row in captured.values_list("pk", *SPLIT)}
        for payment_id, split in stored.items():
            assert self.splits.setdefault(payment_id, split) == split
        assert stored.keys() == self.splits.keys()

    @invariant()
    def no_more_is_taken_than_was_agreed(self):
        for payment in Payment.objects.filter(provider=Provider.STRIPE):
            most = max(price.amount_minor for price in payment.job.prices.all())
            theirs = [self.provider.holds[hold.ref] for hold in payment.holds.exclude(ref="")]
            assert sum(hold.captured_minor for hold in theirs) <= most

    @invariant()
    def no_more_is_given_back_than_the_books_say(self):
        refunds = Refund.objects.exclude(payment__provider=Provider.OFFLINE).filter(calls__isnull=False)
        counting = refunds.filter(status__in=[*REFUND_OPEN, RefundStatus.DONE]).distinct()
        given = [state for state in self.provider.refunds.values() if state.status != RefundIs.FAILED]
        assert sum(state.amount_minor for state in given) <= sum(refund.amount_minor for refund in counting)

    @invariant()
    def nothing_is_about_to_be_paid_out_under_a_dispute(self):
        ordered = PayoutItem.objects.filter(returned_at__isnull=True, payout__status=PayoutStatus.ORDERED)
        assert not ordered.filter(payment__payout_frozen_at__isnull=False).exists()

    @invariant()
    def nobody_is_paid_more_than_he_earned(self):
        for technician in getattr(self, "technicians", []):
            paid = Payout.objects.filter(technician=technician).exclude(status=PayoutStatus.FAILED)
            owes = LedgerAccount.objects.filter(technician=technician, kind=AccountKind.TECHNICIAN_RECEIVABLE)
            earned = Payment.objects.filter(technician=technician).exclude(provider=Provider.OFFLINE)
            most = sum(payment.technician_earnings_minor or 0 for payment in earned)
            fees_back = sum(
                refund.platform_fee_minor
                for refund in Refund.objects.filter(payment__technician=technician, payment__provider=Provider.OFFLINE)
            )
            assert sum(payout.amount_minor for payout in paid) <= most + fees_back
            assert owes.count() <= 1


def test_money_in_any_order():
    run_state_machine_as_test(
        Books,
        settings=settings(
            max_examples=15,
            stateful_step_count=30,
            deadline=None,
            derandomize=True,
            suppress_health_check=list(HealthCheck),
        ),
    )
