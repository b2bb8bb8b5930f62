"""What must hold of money, of background work and of the record."""

from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from accounts.devices import Authenticator
from accounts.enums import Role
from accounts.tests.factories import UserFactory
from catalog.tests.factories import ServiceFactory
from fixmate.core import audit
from fixmate.core.enums import OutboxStatus
from fixmate.core.models import AuditEntry, OutboxMessage
from fixmate.ops.invariants import all_invariants
from fixmate.ops.tests.breaking import (
    broken_names,
    broken_names_of_figures_too,
    count_figures,
    finish,
    lifted,
    run_sql,
    set_behind,
)
from jobs.enums import CancelReason, JobEventKind, PriceKind
from jobs.models import JobPrice, JobPriceLine, QuoteLine, QuoteRevision
from jobs.rules import quote_code
from jobs.services import quote_approve
from jobs.tests.factories import JobFactory, event_for, price_for, quote_for
from matching.tests.factories import offer_accepted
from payments.enums import CallKind, HoldStatus, PaymentStatus, Provider
from payments.models import Payment, ProviderCall
from payments.selectors.proof import first_fault
from payments.services import payment_fee_paid, payment_fee_waive, payment_settle_cancelled
from payments.tests.factories import PaymentFactory, hold_for, payment_captured, payment_voided
from reviews.models import Review
from technicians.models import Technician

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("checks_back_on")]


# Money


def test_job_without_a_quote_is_found():
    with lifted():
        job = JobFactory()
        JobPriceLine.objects.filter(price__job=job).delete()
        JobPrice.objects.filter(job=job).delete()

    assert broken_names() == ["job_has_quote"]


@pytest.fixture
def quote():
    """What was proposed for a job in progress, and approved."""
    job = offer_accepted().job
    job.start(at=job.created_at)
    job.save()
    event_for(job, JobEventKind.STARTED)
    quote = quote_for(job)
    return quote_approve(job_id=job.pk, number=quote.number, actor=job.customer, code=quote_code(quote))


def test_approved_proposal_breaks_nothing(quote):
    assert broken_names() == []


def test_approved_proposal_in_another_price_is_found(quote):
    first = JobPrice.objects.get(job=quote.job, revision=1)
    with lifted():
        set_behind(QuoteRevision, quote.pk, price_id=first.pk)

    assert broken_names() == ["quote_is_what_it_says"]


def test_open_proposal_where_no_work_goes_on_is_found():
    quote_for(offer_accepted().job)

    assert broken_names() == ["quote_is_what_it_says"]


def test_lines_that_do_not_come_to_the_proposal_are_found(quote):
    with lifted():
        QuoteLine.objects.update(amount_minor=1)

    assert broken_names() == ["lines_add_up"]


def test_lines_that_do_not_come_to_the_price_are_found():
    with lifted():
        JobPriceLine.objects.filter(price__job=JobFactory()).update(amount_minor=1)

    assert broken_names() == ["lines_add_up"]


def test_split_that_changes_the_price_is_found():
    price_for(JobFactory(), kind=PriceKind.SPLIT, amount_minor=9_999, revision=2)

    assert broken_names() == ["split_changes_no_amount"]


def test_fees_in_cash_break_nothing_owed_or_paid_or_waived(staff):
    at = timezone.now() - timedelta(hours=3)
    owed, *settled = [_fee_owed(at) for _ in range(3)]
    for act, payment in zip((payment_fee_paid, payment_fee_waive), settled, strict=True):
        act(payment_id=payment.pk, actor=staff, reason="Both say so.")

    assert Payment.objects.get(pk=owed.pk).status == PaymentStatus.PENDING
    assert broken_names() == []


def _fee_owed(at):
    """Return the payment of a job that its customer called off late, long ago."""
    job = offer_accepted(created_at=at).job
    job.cancel(reason=CancelReason.NOT_NEEDED, note="", by=Role.CUSTOMER, at=at)
    job.save()
    event_for(job, JobEventKind.CANCELLED)
    price_for(job, PriceKind.CANCELLATION_FEE, amount_minor=2_000, revision=2)
    return payment_settle_cancelled(job_id=job.pk)


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

    assert broken_names() == ["payment_adds_up", "captured_payment_is_posted"]


@pytest.mark.parametrize(("age", "expected"), [(59, []), (61, ["completed_job_is_paid"])])
def test_completed_job_without_its_money_is_found_after_a_minute(age, expected):
    job = offer_accepted(created_at=timezone.now() - timedelta(seconds=age)).job
    finish(job)
    PaymentFactory(job=job)

    assert broken_names() == expected


def test_completed_job_whose_provider_or_card_is_waited_for_is_none():
    job = offer_accepted(created_at=timezone.now() - timedelta(hours=3)).job
    finish(job)
    PaymentFactory(job=job, provider=Provider.STRIPE)

    assert broken_names() == []


def test_captured_payment_that_took_something_else_is_found():
    job = offer_accepted(created_at=timezone.now() - timedelta(hours=3)).job
    finish(job)
    payment = payment_captured(job=job, provider=Provider.STRIPE)
    hold_for(payment, status=HoldStatus.CAPTURED, captured_minor=9_999, closed_at=timezone.now())

    assert broken_names() == ["online_payment_is_taken_from_its_holds"]
    assert first_fault() == f"payment {payment.pk} took from its holds another amount"


def test_hold_of_a_payment_that_is_over_is_found_unless_it_is_to_be_released():
    hold = hold_for(payment_voided(provider=Provider.STRIPE))
    assert broken_names() == ["nothing_is_held_for_nothing"]
    assert first_fault() == f"hold {hold.pk} is for a payment that is over"

    about = {"payment": hold.payment, "hold": hold, "created_at": hold.created_at, "next_try_at": hold.created_at}
    ProviderCall.objects.create(provider=Provider.STRIPE, kind=CallKind.RELEASE, **about)

    assert broken_names() == []


@pytest.mark.parametrize("counted", [{"rating_sum": 5, "rating_count": 1}, {"rating_sum": 4, "rating_count": 2}])
def test_rating_that_is_not_the_sum_of_the_reviews_is_found(counted):
    job = offer_accepted(created_at=timezone.now()).job
    finish(job)
    count_figures()
    Review.objects.create(
        job=job, customer=job.customer, technician=job.technician, rating=4, created_at=timezone.now()
    )
    Technician.objects.filter(pk=job.technician_id).update(**counted)

    assert broken_names_of_figures_too() == ["reputation_is_that_of_the_rows"]


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


@pytest.mark.parametrize("fault", ["begun", "another's"])
def test_second_factor_that_is_none_is_found(fault):
    staff, other = UserFactory(admin=True), UserFactory(admin=True)
    owner = other if fault == "another's" else staff
    staff.authenticator = Authenticator.objects.create(user=owner, name="x", confirmed=fault != "begun")
    staff.save()

    assert broken_names() == ["second_factor_is_ones_own"]


def test_second_factor_of_ones_own_holds():
    staff = UserFactory(admin=True)
    staff.authenticator = Authenticator.objects.create(user=staff, name="x")
    staff.save()

    assert broken_names() == []
