"""Payments, refunds, payouts, reviews and disputes, told to whom they concern."""

import pytest
from django.core import mail

from accounts.tests.factories import UserFactory
from disputes.enums import DisputeCategory
from disputes.events import DisputeClosed, DisputeOpened
from disputes.models import Dispute
from fixmate.core.ids import uuid7
from fixmate.core.models import OutboxMessage
from fixmate.core.money import Money
from jobs.tests.factories import JobFactory, job_completed
from notifications.enums import Kind
from notifications.tests.helpers import payload_of
from payments.enums import PaymentStatus, PayoutStatus
from payments.events import (
    PaymentCaptured,
    PaymentFailed,
    PaymentNeeded,
    PayoutAccountReady,
    PayoutFailed,
    PayoutPaid,
    PayoutReversed,
    PayoutSent,
    RefundApproved,
    RefundDone,
    RefundFailed,
)
from payments.models import Payment, Payout, Refund
from payments.services import (
    payout_fail,
    payout_pay,
    payout_send,
    refund_fail,
    refund_fail_by_staff,
    refund_finish,
    refund_request,
    refund_send,
)
from payments.tests.factories import (
    PaymentFactory,
    PayoutAccountFactory,
    payment_captured,
    payment_held,
    refund_and_payout,
)
from reviews.events import ReviewCreated, ReviewReplied
from reviews.models import Review
from technicians.tests.factories import TechnicianFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def tell_alone(tell):
    """Return `tell` of one event, without what the services have published on the way to it."""

    def told(event):
        OutboxMessage.objects.all().delete()
        return tell(event)

    return told


def test_payment_captured_tells_each_their_amount_as_stored(tell):
    payment = payment_captured()

    told = tell(PaymentCaptured(payment_id=payment.pk, job_id=payment.job_id))

    assert told == [(payment.customer, Kind.PAYMENT_CAPTURED), (payment.technician.user, Kind.PAYMENT_CAPTURED)]
    assert payload_of(Kind.PAYMENT_CAPTURED, payment.customer)["amount"]["amount"] == "100.00"
    assert payload_of(Kind.PAYMENT_CAPTURED, payment.technician.user)["amount"]["amount"] == "85.00"


def test_payment_captured_without_a_technician_tells_the_customer(tell):
    payment = PaymentFactory(job=JobFactory())
    split = {"amount_minor": 10_000, "platform_fee_minor": 1_500, "technician_earnings_minor": 8_500}
    rows = Payment.objects.filter(pk=payment.pk)
    rows.update(status=PaymentStatus.CAPTURED, captured_at=payment.created_at, fee_rate="0.15", **split)

    assert tell(PaymentCaptured(payment_id=payment.pk, job_id=payment.job_id)) == [
        (payment.customer, Kind.PAYMENT_CAPTURED)
    ]


def test_payment_that_waits_for_its_customer_is_told_each_time(tell):
    payment = PaymentFactory()

    for _ in range(2):
        told = tell(PaymentNeeded(payment_id=payment.pk, job_id=payment.job_id))

    assert told == [(payment.customer, Kind.PAYMENT_NEEDED)] * 2


def test_payment_whose_card_was_refused_is_told(tell):
    payment = PaymentFactory(status=PaymentStatus.FAILED)

    told = tell(PaymentFailed(payment_id=payment.pk, job_id=payment.job_id))

    assert told == [(payment.customer, Kind.PAYMENT_FAILED)]
    assert payload_of(Kind.PAYMENT_FAILED, payment.customer)["payment_id"] == str(payment.pk)


@pytest.mark.parametrize("event", [PaymentNeeded, PaymentFailed])
def test_payment_that_was_made_since_is_not_asked_for(tell, event):
    payment = payment_captured()

    assert tell(event(payment_id=payment.pk, job_id=payment.job_id)) == []


def test_payment_without_amounts_is_no_news(tell):
    payment = PaymentFactory()

    assert tell(PaymentCaptured(payment_id=payment.pk, job_id=payment.job_id)) == []


# Refunds


def _refund(payment, minor=4_000):
    """40.00 of the 100.00 that were paid, 6.00 of it borne by the platform."""
    staff = UserFactory(admin=True)
    return refund_request(payment_id=payment.pk, actor=staff, amount=Money(minor, "USD"), reason="It drips.")


def _of(event, refund):
    return event(refund_id=refund.pk, payment_id=refund.payment_id, job_id=refund.payment.job_id)


def _usd(amount):
    return {"amount": amount, "currency": "USD"}


def _letters():
    return {letter.to[0]: " ".join(letter.body.split()) for letter in mail.outbox}


def test_a_refund_tells_the_customer_how_it_comes_and_the_technician_what_it_takes(tell_alone):
    payment = payment_held()
    refund = _refund(payment)

    told = tell_alone(_of(RefundApproved, refund))

    customer, technician = payment.customer, payment.technician.user
    assert told == [(customer, Kind.REFUND_APPROVED), (technician, Kind.REFUND_APPROVED)]
    about = {
        "job_id": str(payment.job_id),
        "service": payment.job.service.name,
        "refund_id": str(refund.pk),
        "payment_id": str(payment.pk),
        "amount": _usd("40.00"),
    }
    assert payload_of(Kind.REFUND_APPROVED, customer) == {**about, "paid_by": "stripe"}
    assert payload_of(Kind.REFUND_APPROVED, technician) == {**about, "share": _usd("34.00")}
    letters = _letters()
    assert "It goes back the way you paid" in letters[customer.email]
    assert "34.00 USD of it comes out of what you earned." in letters[technician.email]
    assert "on the spot" not in letters[technician.email]


def test_a_refund_of_cash_is_the_technicians_to_hand_back(tell_alone):
    payment = payment_captured()

    tell_alone(_of(RefundApproved, _refund(payment)))

    technician = payment.technician.user
    told = payload_of(Kind.REFUND_APPROVED, technician)
    assert (told["by_hand"], told["let_off"], "share" in told) == (_usd("40.00"), _usd("6.00"), False)
    letters = _letters()
    assert "your technician gives it to you." in letters[payment.customer.email]
    assert "give 40.00 USD back to the customer. You owe us 6.00 USD less for it." in letters[technician.email]


@pytest.mark.parametrize(("has_technician", "fee_minor"), [(True, 4_000), (False, 600)])
def test_a_refund_that_takes_from_no_technician_tells_the_customer(tell_alone, staff, has_technician, fee_minor):
    payment = payment_held() if has_technician else PaymentFactory()
    split = {"amount_minor": 4_000, "platform_fee_minor": fee_minor, "technician_earnings_minor": 4_000 - fee_minor}
    facts = {"reason": "It drips.", "tax_minor": 0, "needs_second_person": False, "requested_by": staff}
    at = payment.created_at
    refund = Refund(payment=payment, created_at=at, **split, **facts)
    refund.approve(by=staff, at=at)
    refund.save()

    assert tell_alone(_of(RefundApproved, refund)) == [(payment.customer, Kind.REFUND_APPROVED)]


def test_a_refund_that_is_made_tells_the_customer_alone(tell_alone):
    payment = payment_held()
    refund = _refund(payment)
    refund_send(refund_id=refund.pk)
    refund_finish(refund_id=refund.pk)

    assert tell_alone(_of(RefundDone, refund)) == [(payment.customer, Kind.REFUND_DONE)]


def test_a_refund_that_is_made_already_is_on_its_way_no_more_but_has_taken_its_part(tell_alone):
    payment = payment_held()
    refund = _refund(payment)
    refund_send(refund_id=refund.pk)
    refund_finish(refund_id=refund.pk)

    assert tell_alone(_of(RefundApproved, refund)) == [(payment.technician.user, Kind.REFUND_APPROVED)]


def test_a_refund_that_failed_tells_both_what_is_theirs_again(tell_alone):
    payment = payment_held()
    refund = refund_fail(refund_id=_refund(payment).pk, reason="The card is closed.")

    assert tell_alone(_of(RefundApproved, refund)) == []
    told = tell_alone(_of(RefundFailed, refund))

    assert told == [(payment.customer, Kind.REFUND_FAILED), (payment.technician.user, Kind.REFUND_FAILED)]
    assert "34.00 USD of it, which came out of what you earned, is yours again." in _letters()[told[1][0].email]
    assert "The card is closed" not in str(_letters())


def test_a_refund_of_cash_that_was_not_handed_back_leaves_the_fee_owed(tell_alone, staff):
    payment = payment_captured()
    refund = refund_fail_by_staff(refund_id=_refund(payment).pk, actor=staff, reason="He did not.")

    tell_alone(_of(RefundFailed, refund))

    assert "You owe us 6.00 USD again" in _letters()[payment.technician.user.email]


# Payouts


def _payout(technician, *steps):
    """Of 85.00 earned, less the fee of 15.00 he owes for a job in cash."""
    _, payout = refund_and_payout(technician)
    for step in steps:
        payout = step(payout_id=payout.pk, actor=UserFactory(admin=True), reason="The bank says so.")
    return payout


def _how(event, payout):
    return event(payout_id=payout.pk, technician_id=payout.technician_id)


@pytest.mark.parametrize(
    ("event", "steps", "kind", "facts"),
    [
        (PayoutSent, [payout_send], Kind.PAYOUT_SENT, {}),
        (PayoutPaid, [payout_send, payout_pay], Kind.PAYOUT_PAID, {}),
        (PayoutFailed, [payout_fail], Kind.PAYOUT_FAILED, {"reason": "The bank says so."}),
        (PayoutFailed, [payout_send, payout_fail], Kind.PAYOUT_FAILED, {"reason": "The bank says so."}),
    ],
)
def test_a_payout_tells_the_technician_how_it_goes(tell_alone, event, steps, kind, facts):
    technician = TechnicianFactory()
    payout = _payout(technician, *steps)

    assert tell_alone(_how(event, payout)) == [(technician.user, kind)]
    assert payload_of(kind, technician.user) == {"payout_id": str(payout.pk), "amount": _usd("70.00"), **facts}
    assert facts.get("reason", "70.00 USD") in _letters()[technician.user.email]


@pytest.mark.parametrize("last", [payout_pay, payout_fail])
def test_a_payout_that_has_come_to_its_end_is_on_its_way_no_more(tell_alone, last):
    assert tell_alone(_how(PayoutSent, _payout(TechnicianFactory(), payout_send, last))) == []


def test_a_payout_of_which_all_was_held_back_is_no_news(tell_alone):
    payout = _payout(TechnicianFactory())
    _refund(payout.items.get().payment, 1_000)
    payout.refresh_from_db()

    assert (payout.status, tell_alone(_how(PayoutFailed, payout))) == ("FAILED", [])


def test_money_that_is_gone_is_no_news(tell_alone):
    assert tell_alone(RefundDone(refund_id=uuid7(), payment_id=uuid7(), job_id=uuid7())) == []
    assert tell_alone(PayoutSent(payout_id=uuid7(), technician_id=uuid7())) == []


# Reviews and disputes
def test_an_account_that_is_ready_tells_the_technician_once(tell):
    account = PayoutAccountFactory(ready=True)
    event = PayoutAccountReady(account_id=account.pk, technician_id=account.technician_id)

    assert tell(event) == tell(event) == [(account.technician.user, Kind.PAYOUT_ACCOUNT_READY)]


def test_an_account_that_is_not_ready_any_more_is_no_news(tell):
    account = PayoutAccountFactory()

    assert tell(PayoutAccountReady(account_id=account.pk, technician_id=account.technician_id)) == []


def test_what_was_taken_back_of_a_payout_tells_staff(tell):
    staff = UserFactory(admin=True)
    _, payout = refund_and_payout(TechnicianFactory())
    Payout.objects.filter(pk=payout.pk).update(status=PayoutStatus.PAID, reversed_minor=700)

    told = tell(PayoutReversed(payout_id=payout.pk))

    assert (staff, Kind.PAYOUT_REVERSED) in told
    assert payload_of(Kind.PAYOUT_REVERSED, staff) == {
        "payout_id": str(payout.pk),
        "reversed": {"amount": "7.00", "currency": "USD"},
    }


def test_payouts_and_accounts_that_are_gone_are_no_news(tell):
    gone = uuid7()

    assert tell(PayoutReversed(payout_id=gone)) == []
    assert tell(PayoutAccountReady(account_id=gone, technician_id=gone)) == []


def test_review_created_tells_the_technician(tell):
    job = job_completed()
    review = Review.objects.create(
        job=job, customer=job.customer, technician=job.technician, rating=4, created_at=job.created_at
    )

    told = tell(ReviewCreated(review_id=review.pk, job_id=job.pk, technician_id=job.technician_id, rating=4))

    assert told == [(job.technician.user, Kind.REVIEW_RECEIVED)]
    assert payload_of(Kind.REVIEW_RECEIVED, job.technician.user)["rating"] == 4


def test_review_replied_tells_the_customer_who_answered(tell):
    job = job_completed(TechnicianFactory(user__first_name="Tomas"))
    review = Review.objects.create(
        job=job, customer=job.customer, technician=job.technician, rating=4, created_at=job.created_at
    )

    told = tell(ReviewReplied(review_id=review.pk, job_id=job.pk))

    assert told == [(job.customer, Kind.REVIEW_ANSWERED)]
    payload = payload_of(Kind.REVIEW_ANSWERED, job.customer)
    assert (payload["technician"], payload["review_id"]) == ("Tomas", str(review.pk))


def test_disputes_tell_both_sides(tell):
    job = job_completed()
    dispute = Dispute.objects.create(
        job=job,
        technician=job.technician,
        opened_by=job.customer,
        category=DisputeCategory.QUALITY,
        description="It drips again.",
        created_at=job.created_at,
    )

    tell(DisputeOpened(dispute_id=dispute.pk, job_id=job.pk, opened_by_id=job.customer_id))
    dispute.withdraw(at=job.created_at)
    dispute.save()
    told = tell(DisputeClosed(dispute_id=dispute.pk, job_id=job.pk, status="WITHDRAWN"))

    assert told == [
        (job.customer, Kind.DISPUTE_OPENED),
        (job.technician.user, Kind.DISPUTE_OPENED),
        (job.customer, Kind.DISPUTE_CLOSED),
        (job.technician.user, Kind.DISPUTE_CLOSED),
    ]
