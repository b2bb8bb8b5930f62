"""Every mail of notifications, for the event it is sent after, through the services that send it."""

from datetime import timedelta

import pytest
from django.core import mail

from accounts.enums import Role, UserStatus
from accounts.events import UserReinstated, UserRestricted, UserSuspended
from accounts.tests.factories import UserFactory
from disputes.events import DisputeAnswerWanted, DisputeClosed, DisputeOpened, DisputeReminderDue
from disputes.models import DisputeDeadline
from disputes.services import dispute_ask
from disputes.tests.factories import DisputeFactory, dispute_resolved
from disputes.tests.helpers import opened
from fixmate.core.models import OutboxMessage
from fixmate.core.money import Money
from fixmate.core.tests.letters import forbid_missing_variables, html_of, paragraphs, seen, tags
from jobs.enums import CancelReason, PriceKind
from jobs.events import (
    JobAssigned,
    JobCancelled,
    JobCompleted,
    JobReleased,
    JobReminderDue,
    JobRequested,
    JobUnmatched,
    QuoteApproved,
    QuoteProposed,
)
from jobs.rules import quote_code
from jobs.services import job_assign, job_remind_due, quote_approve
from jobs.services.closing import job_release
from jobs.tests.factories import (
    JobFactory,
    job_assigned,
    job_completed,
    job_in_progress,
    job_matching,
    job_unmatched,
    price_for,
    quote_for,
)
from notifications import texts
from notifications.enums import Channel, Kind
from notifications.kinds import CHANNELS
from notifications.models import Notification
from notifications.words import words_of
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
from payments.models import Payout
from payments.services import (
    payout_fail,
    payout_pay,
    payout_send,
    refund_fail,
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
from technicians.enums import DocumentStatus
from technicians.events import (
    DocumentExpired,
    DocumentExpiring,
    DocumentReviewed,
    TechnicianRejected,
    TechnicianSuspended,
    TechnicianVerified,
)
from technicians.tests.factories import DocumentFactory, TechnicianFactory

pytestmark = pytest.mark.django_db
APP = "https://app.example/open"


@pytest.fixture(autouse=True)
def _nothing_missing(monkeypatch, settings):
    settings.APP_URL = APP
    forbid_missing_variables(monkeypatch)


def _requested(at):
    return JobRequested(job_id=JobFactory().pk)


def _assigned(at):
    job = job_assigned(created_at=at)
    return JobAssigned(job_id=job.pk, technician_id=job.technician_id)


def _gone(at):
    technician, job = TechnicianFactory(), job_matching(created_at=at)
    job_assign(job=job, technician=technician, actor=technician.user, at=at)
    job_release(job, technician.pk, reason=CancelReason.WENT_DARK, at=at)
    return JobReleased(job_id=job.pk, technician_id=technician.pk, reason=CancelReason.WENT_DARK)


def _unmatched(at):
    return JobUnmatched(job_id=job_unmatched().pk, search_number=1)


def _visit_near(at):
    technician = TechnicianFactory(time_zone="Asia/Kolkata")
    job = job_matching(created_at=at - timedelta(hours=5), scheduled_for=at + timedelta(hours=1))
    job_assign(job=job, technician=technician, actor=technician.user, at=at - timedelta(hours=5))
    assert job_remind_due() == 1
    return JobReminderDue(job_id=job.pk, technician_id=technician.pk)


def _completed(at):
    job = job_completed()
    price_for(job, PriceKind.FINAL, amount_minor=1_234_567, revision=2)
    return JobCompleted(job_id=job.pk, technician_id=job.technician_id)


def _cancelled(at):
    job = job_assigned()
    price_for(job, PriceKind.CANCELLATION_FEE, amount_minor=2_000, revision=2)
    return JobCancelled(job_id=job.pk, technician_id=job.technician_id, has_fee=True, cancelled_by="CUSTOMER")


def _proposed(at):
    quote = quote_for(job_in_progress())
    return QuoteProposed(job_id=quote.job_id, quote_id=quote.pk)


def _approved(at):
    quote = quote_for(job_in_progress(created_at=at))
    quote_approve(job_id=quote.job_id, number=quote.number, actor=quote.job.customer, code=quote_code(quote))
    return QuoteApproved(job_id=quote.job_id, quote_id=quote.pk, price_revision=2)


def _paid(at):
    payment = payment_captured()
    return PaymentCaptured(payment_id=payment.pk, job_id=payment.job_id)


def _refunded(event, *steps):
    def refund(at):
        asked = {"actor": UserFactory(admin=True), "amount": Money(4_000, "USD"), "reason": "It drips."}
        one = refund_request(payment_id=payment_held().pk, **asked)
        for step in steps:
            step(refund_id=one.pk)
        return event(refund_id=one.pk, payment_id=one.payment_id, job_id=one.payment.job_id)

    return refund


def _fail(refund_id):
    refund_fail(refund_id=refund_id, reason="The card is closed.")


def _paid_out(event, *steps):
    def pay(at):
        technician = TechnicianFactory()
        _, payout = refund_and_payout(technician)
        for step in steps:
            step(payout_id=payout.pk, actor=UserFactory(admin=True), reason="The bank says so.")
        return event(payout_id=payout.pk, technician_id=technician.pk)

    return pay


def _account_ready(at):
    account = PayoutAccountFactory(ready=True)
    return PayoutAccountReady(account_id=account.pk, technician_id=account.technician_id)


def _taken_back(at):
    UserFactory(admin=True)
    _, payout = refund_and_payout(TechnicianFactory())
    Payout.objects.filter(pk=payout.pk).update(status=PayoutStatus.PAID, reversed_minor=700)
    return PayoutReversed(payout_id=payout.pk)


def _wanted(at):
    payment = PaymentFactory()
    return PaymentNeeded(payment_id=payment.pk, job_id=payment.job_id)


def _refused(at):
    payment = PaymentFactory(status=PaymentStatus.FAILED)
    return PaymentFailed(payment_id=payment.pk, job_id=payment.job_id)


def _decided(event, **state):
    def decide(at):
        technician = TechnicianFactory(**state)
        reason = {} if event is TechnicianVerified else {"reason": "The <b>photo</b> & the name differ."}
        return event(technician_id=technician.pk, user_id=technician.user_id, **reason)

    return decide


def _ruled(event, status, **facts):
    def rule(at):
        return event(user_id=UserFactory(status=status).pk, **facts)

    return rule


def _document(event, facts=None, **state):
    def look(at):
        document = DocumentFactory(**{"reviewed_at": at, "status": DocumentStatus.APPROVED, **state})
        named = {"document_id": document.pk, "user_id": document.technician.user_id, "kind": document.kind}
        return event(**named, **(facts or {}))

    return look


def _disputed(at):
    dispute = DisputeFactory()
    return DisputeOpened(dispute_id=dispute.pk, job_id=dispute.job_id, opened_by_id=dispute.opened_by_id)


def _asked(at):
    dispute = opened(job_completed(created_at=at))
    dispute_ask(dispute_id=dispute.pk, actor=UserFactory(admin=True), text="Send a photo.", awaits="CUSTOMER")
    wanted = DisputeDeadline.objects.get(side="CUSTOMER")
    return DisputeAnswerWanted(dispute_id=dispute.pk, deadline_id=wanted.pk)


def _owed(kind):
    def owe(at):
        UserFactory(admin=True)
        dispute = opened(job_completed(created_at=at))
        return DisputeReminderDue(dispute_id=dispute.pk, deadline_id=DisputeDeadline.objects.get(kind=kind).pk)

    return owe


def _settled(at):
    dispute = dispute_resolved()
    return DisputeClosed(dispute_id=dispute.pk, job_id=dispute.job_id, status="RESOLVED")


# Event, the kinds that are mailed after it, and what only this mail says.
TABLE = [
    (_requested, {Kind.JOB_REQUESTED: "It will cost 100.00 USD."}),
    (_assigned, {Kind.JOB_ASSIGNED: "Ada takes", Kind.JOB_YOURS: "you earn 85.00 USD."}),
    (
        _gone,
        {Kind.JOB_RELEASED: "the price stays as it was.", Kind.JOB_GONE: "we could not reach you before the visit"},
    ),
    (_unmatched, {Kind.JOB_UNMATCHED: "or call it off free of charge."}),
    (_visit_near, {Kind.VISIT_REMINDER: "at 18:30."}),
    (_proposed, {Kind.QUOTE_PROPOSED: "50.00 USD more, 150.00 USD in all."}),
    (_approved, {Kind.QUOTE_APPROVED: "extra work for"}),
    (_completed, {Kind.JOB_COMPLETED: "is finished"}),
    (_cancelled, {Kind.JOB_CANCELLED: "ancellation fee"}),
    (_wanted, {Kind.PAYMENT_NEEDED: "confirm there what your bank asks"}),
    (_refused, {Kind.PAYMENT_FAILED: "or pay with another one"}),
    (_paid, {Kind.PAYMENT_CAPTURED: "0 USD for "}),
    (_refunded(RefundApproved), {Kind.REFUND_APPROVED: "40.00 USD back for "}),
    (_refunded(RefundDone, refund_send, refund_finish), {Kind.REFUND_DONE: "has been given back to you."}),
    (_refunded(RefundFailed, _fail), {Kind.REFUND_FAILED: "40.00 USD for "}),
    (_paid_out(PayoutSent, payout_send), {Kind.PAYOUT_SENT: "We have sent you 70.00 USD"}),
    (_paid_out(PayoutPaid, payout_send, payout_pay), {Kind.PAYOUT_PAID: "has been paid out to you."}),
    (_paid_out(PayoutFailed, payout_fail), {Kind.PAYOUT_FAILED: "into your next payout. The bank says so."}),
    (_account_ready, {Kind.PAYOUT_ACCOUNT_READY: "sent to your account by itself"}),
    (_taken_back, {Kind.PAYOUT_REVERSED: "7.00 USD was taken back after it had arrived"}),
    (_decided(TechnicianVerified), {Kind.PROFILE_APPROVED: "Go online in the app"}),
    (_decided(TechnicianRejected, rejected=True), {Kind.PROFILE_REJECTED: "The <b>photo</b> & the name differ."}),
    (_decided(TechnicianSuspended, suspended=True), {Kind.PROFILE_SUSPENDED: "The <b>photo</b> & the name differ."}),
    (
        _ruled(UserRestricted, UserStatus.RESTRICTED, reason="two bills are unpaid"),
        {Kind.ACCOUNT_RESTRICTED: "restricted: two bills are unpaid. You can finish what you have ordered"},
    ),
    (
        _ruled(UserSuspended, UserStatus.SUSPENDED, reason="fraud"),
        {Kind.ACCOUNT_SUSPENDED: "You cannot log in for now"},
    ),
    (_ruled(UserReinstated, UserStatus.ACTIVE), {Kind.ACCOUNT_REINSTATED: "you can order as before"}),
    (
        _document(DocumentReviewed, {"status": "REJECTED", "reason": "Blurred."}, status=DocumentStatus.REJECTED),
        {Kind.DOCUMENT_REVIEWED: "Identity: rejected. Blurred."},
    ),
    (_document(DocumentExpiring, {"expires_on": "2026-04-01"}), {Kind.DOCUMENT_EXPIRING: "April 1, 2026"}),
    (_document(DocumentExpired, status=DocumentStatus.EXPIRED), {Kind.DOCUMENT_EXPIRED: "has expired: Identity."}),
    (_disputed, {Kind.DISPUTE_OPENED: "Staff read both sides"}),
    (_asked, {Kind.DISPUTE_ANSWER_WANTED: "we need something from you. Please answer"}),
    (_owed("SIDE_ANSWER"), {Kind.DISPUTE_REMINDER: "we wait for your answer until March 5, 2026, 12:00 UTC."}),
    (_owed("DECISION"), {Kind.DISPUTE_DUE: "waits for staff: a decision, until March 12, 2026, 12:00 UTC."}),
    (_settled, {Kind.DISPUTE_CLOSED: "The app shows how it ended."}),
]


def test_table_has_every_kind_that_is_mailed():
    assert {kind for _, said in TABLE for kind in said} == {kind for kind in Kind if Channel.EMAIL in CHANNELS[kind]}


@pytest.mark.parametrize(("happen", "said"), TABLE, ids=["+".join(said) for _, said in TABLE])
def test_letter_says_what_happened_in_both_parts(happen, said, tell, noon):
    event = happen(noon)
    OutboxMessage.objects.all().delete()

    told = tell(event)

    assert {kind for _, kind in told} == set(said)
    assert len(mail.outbox) == len(told)
    for letter, notification in zip(_by_address(mail.outbox), _by_address(Notification.objects.all()), strict=True):
        _check_facts(notification)
        html, text = seen(html_of(letter)), " ".join(letter.body.split())
        assert letter.subject == texts.title_of(notification.kind, notification.payload)
        assert said[notification.kind] in text
        assert said[notification.kind] in html
        assert all(paragraph.removesuffix(f": {APP}") in html for paragraph in paragraphs(letter.body))
        assert text.startswith(f"Hello {notification.user.first_name},")
        assert {attrs["href"] for tag, attrs in tags(html_of(letter)) if tag == "a"} == {APP}


def _by_address(told):
    return sorted(told, key=lambda it: it.to[0] if hasattr(it, "to") else it.user.email)


def _check_facts(notification):
    """Every name in the words, but for what is optional, has a fact in the payload."""
    text, words = texts.TEXTS[notification.kind], words_of(notification.payload)
    is_his = notification.user.role == Role.TECHNICIAN and text.to_technician
    for pattern in (str(text.title), str(text.to_technician if is_his else text.body)):
        names = texts._NAME.findall(texts._OPTIONAL.sub("", pattern))
        assert [name for name in names if not words.get(name)] == []


def test_money_is_written_with_its_groups_and_the_places_of_its_currency(tell, noon):
    tell(_completed(noon))

    assert "costs 12,345.67 USD." in mail.outbox[0].body
    assert "You earned 10,493.82 USD." in mail.outbox[1].body


def test_names_with_markup_are_text(tell, noon):
    job = job_assigned(created_at=noon)
    user, customer = job.technician.user, job.customer
    user.first_name, customer.first_name = "<img src=x>", 'A"><script>'
    user.save()
    customer.save()

    tell(JobAssigned(job_id=job.pk, technician_id=job.technician_id))

    letter = next(letter for letter in mail.outbox if letter.to == [customer.email])
    assert letter.subject == "<img src=x> takes your job"
    assert {"img", "script"} & {tag for tag, _ in tags(html_of(letter))} == set()
    assert 'Hello A"><script>,' in seen(html_of(letter))
    assert 'Hello A"><script>,' in letter.body


def test_letter_without_an_address_of_the_app_has_no_button(tell, settings, noon):
    settings.APP_URL = ""

    tell(_requested(noon))

    assert "a" not in {tag for tag, _ in tags(html_of(mail.outbox[0]))}
    assert "Open FixMate" not in mail.outbox[0].body
