"""What a job costs line by line, and how its split follows the technician who has it."""

from datetime import timedelta
from decimal import Decimal
from importlib import import_module

import pytest
from django.apps import apps
from django.db import IntegrityError, connection

from accounts.tests.factories import UserFactory
from catalog.enums import PricingUnit, TechnicianTier
from catalog.models import FeeRate
from catalog.tests.factories import ServiceFactory
from fixmate.core.errors import IllegalTransition, Invalid, NotFound
from fixmate.core.ids import uuid7
from fixmate.core.money import Money
from jobs.enums import CancelReason, LineKind, PriceKind
from jobs.models import Job, JobPrice, JobPriceLine, QuoteLine
from jobs.selectors import job_get_locked, price_current, price_list, price_list_shown_to
from jobs.services import (
    job_assign,
    job_cancel_by_customer,
    job_cancel_preview,
    job_complete_by_technician,
    job_release_by_technician,
    job_transfer_by_staff,
    price_let_off,
)
from jobs.tests.factories import job_assigned, job_completed, job_in_progress, job_matching, quote_for
from jobs.tests.helpers import job_ordered, stored
from technicians.tests.factories import TechnicianFactory

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


@pytest.fixture(autouse=True)
def _rules(settings):
    settings.CANCELLATION_GRACE_S = 300
    settings.CANCELLATION_FEE_RATE = Decimal("0.20")


def _lines(price):
    rows = price.lines.order_by("position")
    return [(row.kind, row.description, row.quantity, row.unit_minor, row.amount_minor) for row in rows]


# Lines


@pytest.mark.parametrize(
    ("unit", "minutes", "expected"),
    [
        (PricingUnit.FIXED, 90, (LineKind.LABOUR, "Tap repair", Decimal("1.0000"), 6_000, 6_000)),
        (PricingUnit.HOURLY, 90, (LineKind.HOURS, "Tap repair", Decimal("1.5000"), 6_000, 9_000)),
        (PricingUnit.HOURLY, 50, (LineKind.HOURS, "Tap repair", Decimal("0.8333"), 6_000, 5_000)),
    ],
)
def test_what_is_ordered_is_explained(unit, minutes, expected):
    service = ServiceFactory(name="Tap repair", pricing_unit=unit, price_minor=6_000, duration_minutes=minutes)

    job = job_ordered(UserFactory(), service)

    price = price_current(job.pk)
    assert _lines(price) == [expected]
    assert price.amount_minor == expected[-1]


def test_cancellation_fee_is_explained_before_and_after(noon):
    job = job_assigned(created_at=noon - HOUR)
    preview = job_cancel_preview(job=job, at=noon)

    job_cancel_by_customer(job_id=job.pk, actor=job.customer, reason=CancelReason.NOT_NEEDED)

    said = "Called off after the grace period: this share of the price"
    (line,) = preview.lines
    assert (line.kind, line.unit_amount, line.amount) == (
        LineKind.CANCELLATION_FEE,
        Money(10_000, "USD"),
        Money(2_000, "USD"),
    )
    assert _lines(price_current(job.pk)) == [
        (LineKind.CANCELLATION_FEE, said, Decimal("0.2000"), 10_000, 2_000),
    ]


def test_cancelling_for_nothing_has_nothing_to_explain(noon):
    assert job_cancel_preview(job=job_assigned(created_at=noon), at=noon).lines == ()


@pytest.mark.parametrize(("final", "off"), [(10_000, []), (9_000, [-1_000]), (0, [-10_000])])
def test_final_amount_says_what_was_left_off(noon, final, off):
    job = job_in_progress(created_at=noon)

    job_complete_by_technician(
        job_id=job.pk, actor=job.technician.user, work_summary="Done.", final_amount=Money(final, "USD")
    )

    rows = [(kind, amount) for kind, *_, amount in _lines(price_current(job.pk))]
    assert rows == [(LineKind.LABOUR, 10_000), *((LineKind.ADJUSTMENT, amount) for amount in off)]


def test_what_the_customer_is_let_off_is_explained_and_leaves_the_rate(noon):
    job = job_in_progress(TechnicianFactory(tier=TechnicianTier.PARTNER), created_at=noon)
    terms = {"amount": Money(9_000, "USD"), "fee": price_current(job.pk).terms}
    job_complete_by_technician(
        job_id=job.pk, actor=job.technician.user, work_summary="Done.", final_amount=terms["amount"]
    )

    price = price_let_off(job_id=job.pk, paid=Money(6_001, "USD"))

    assert price == price_current(job.pk)
    assert (price.revision, price.kind, price.amount_minor, price.terms) == (3, PriceKind.FINAL, 6_001, terms["fee"])
    assert (price.platform_fee_minor, price.technician_earnings_minor, price.created_at) == (900, 5_101, noon)
    assert _lines(price)[1:] == [
        (LineKind.ADJUSTMENT, "Less than agreed", 1, -1_000, -1_000),
        (LineKind.ADJUSTMENT, "Let off: not paid", 1, -2_999, -2_999),
    ]


def test_a_cancellation_fee_of_which_something_is_let_off_stays_one(noon):
    job = job_assigned(created_at=noon - HOUR)
    job_cancel_by_customer(job_id=job.pk, actor=job.customer, reason=CancelReason.NOT_NEEDED)

    price = price_let_off(job_id=job.pk, paid=Money(500, "USD"))

    assert (price.kind, price.amount_minor) == (PriceKind.CANCELLATION_FEE, 500)
    assert [(kind, amount) for kind, *_, amount in _lines(price)] == [
        (LineKind.CANCELLATION_FEE, 2_000),
        (LineKind.ADJUSTMENT, -1_500),
    ]


@pytest.mark.parametrize("minor", [0, 10_000, 10_001])
def test_nobody_is_let_off_all_or_nothing_of_a_price(noon, minor):
    job = job_completed(created_at=noon)

    with pytest.raises(Invalid):
        price_let_off(job_id=job.pk, paid=Money(minor, "USD"))

    assert price_list(job.pk).count() == 1


def test_nobody_is_let_off_in_another_currency_of_an_open_job_or_of_none(noon):
    with pytest.raises(Invalid):
        price_let_off(job_id=job_completed(created_at=noon).pk, paid=Money(1, "EUR"))
    with pytest.raises(IllegalTransition):
        price_let_off(job_id=job_in_progress(created_at=noon).pk, paid=Money(1, "USD"))
    with pytest.raises(NotFound):
        price_let_off(job_id=uuid7(), paid=Money(1, "USD"))

    assert set(JobPrice.objects.values_list("revision", flat=True)) == {1}


def test_lines_name_themselves(noon):
    assert str(JobPriceLine.objects.get(price__job=job_assigned(created_at=noon))) == "LABOUR 10000"


# The split


@pytest.fixture
def rates(noon):
    """What was announced the day before: for partners, better than the 15 % of revision 1; for preferred, worse."""
    for tier, rate in (("PARTNER", "0.1"), ("PREFERRED", "0.2")):
        FeeRate.objects.create(name=tier.lower(), tier=tier, rate=rate, valid_from=noon - timedelta(days=1))


def _assign(job, technician, at):
    job_assign(job=job_get_locked(job.pk), technician=technician, actor=technician.user, at=at)


def _splits(job):
    return [(one.kind, one.amount_minor, one.platform_fee_minor, one.fee_source) for one in price_list(job.pk)]


QUOTE = (PriceKind.QUOTE, 10_000, 1_500, "standard")
PARTNERS = (PriceKind.SPLIT, 10_000, 1_000, "partner")


@pytest.mark.usefixtures("rates")
@pytest.mark.parametrize(
    ("tier", "expected"),
    [
        (TechnicianTier.STANDARD, [QUOTE]),
        (TechnicianTier.PREFERRED, [QUOTE]),
        (TechnicianTier.PARTNER, [QUOTE, PARTNERS]),
    ],
)
def test_a_tier_changes_the_split_alone_and_only_for_the_better(noon, tier, expected):
    job = job_matching(created_at=noon)

    _assign(job, TechnicianFactory(tier=tier), noon)

    assert _splits(job) == expected
    assert [_lines(price) for price in price_list(job.pk)] == [_lines(price_list(job.pk)[0])] * len(expected)


def test_a_tier_without_a_rate_of_its_own_changes_nothing(noon):
    job = job_matching(created_at=noon)

    _assign(job, TechnicianFactory(tier=TechnicianTier.PARTNER), noon)

    assert _splits(job) == [QUOTE]


@pytest.mark.usefixtures("rates")
def test_what_was_announced_after_the_order_touches_nothing_agreed(noon):
    job = job_matching(created_at=noon)
    FeeRate.objects.create(name="later", tier="PARTNER", rate="0.01", valid_from=noon + timedelta(minutes=1))

    _assign(job, TechnicianFactory(tier=TechnicianTier.PARTNER), noon + HOUR)

    assert _splits(job) == [QUOTE, PARTNERS]


@pytest.mark.usefixtures("rates")
def test_the_split_is_that_of_the_quote_again_once_the_technician_is_gone(noon):
    partner, job = TechnicianFactory(tier=TechnicianTier.PARTNER), job_matching(created_at=noon)
    _assign(job, partner, noon)

    job_release_by_technician(job_id=job.pk, actor=partner.user, reason=CancelReason.CANNOT_COME)
    _assign(job, TechnicianFactory(), noon)

    assert _splits(job) == [QUOTE, PARTNERS, (PriceKind.SPLIT, 10_000, 1_500, "standard")]


@pytest.mark.usefixtures("rates")
def test_a_transfer_takes_the_split_of_who_gets_it(noon):
    first, job = TechnicianFactory(tier=TechnicianTier.PARTNER), job_matching(created_at=noon)
    _assign(job, first, noon)
    moved = {"held_by": first.pk, "technician": TechnicianFactory(), "actor": UserFactory(admin=True)}

    job_transfer_by_staff(job=job_get_locked(job.pk), at=noon + HOUR, **moved)

    assert _splits(job) == [QUOTE, PARTNERS, (PriceKind.SPLIT, 10_000, 1_500, "standard")]


@pytest.mark.usefixtures("rates")
def test_later_revisions_keep_the_rate_of_the_technician(noon):
    job = job_matching(created_at=noon - HOUR)
    _assign(job, TechnicianFactory(tier=TechnicianTier.PARTNER), noon - HOUR)

    job_cancel_by_customer(job_id=job.pk, actor=job.customer, reason=CancelReason.NOT_NEEDED)

    assert _splits(job)[-1] == (PriceKind.CANCELLATION_FEE, 2_000, 200, "partner")


@pytest.mark.usefixtures("rates")
def test_a_split_is_shown_to_its_technician_and_staff(noon):
    first, second = TechnicianFactory(tier=TechnicianTier.PARTNER), TechnicianFactory(tier=TechnicianTier.PARTNER)
    job = job_matching(created_at=noon)
    _assign(job, first, noon)
    job_release_by_technician(job_id=job.pk, actor=first.user, reason=CancelReason.CANNOT_COME)
    _assign(job, second, noon + HOUR)

    def shown_to(user):
        return [price.revision for price in price_list_shown_to(user=user, job=stored(job))]

    assert shown_to(job.customer) == [1]
    assert shown_to(second.user) == [1, 4]
    assert shown_to(UserFactory(admin=True)) == [1, 2, 3, 4]


def test_a_technician_who_lost_the_job_meanwhile_is_shown_no_split(noon):
    assert [one.revision for one in price_list_shown_to(user=TechnicianFactory().user, job=job_matching())] == [1]


def test_the_rate_in_force_when_the_job_was_ordered_stays(noon):
    FeeRate.objects.create(name="first", rate="0.12", valid_from=noon - HOUR)
    job = job_ordered(UserFactory(), ServiceFactory())
    FeeRate.objects.create(name="second", rate="0.30", valid_from=noon)
    job = Job.objects.get(pk=job.pk)
    job.begin_matching(at=noon)
    job.save()

    _assign(job, TechnicianFactory(), noon + HOUR)

    assert [price.fee_source for price in price_list(job.pk)] == ["first"]


@pytest.mark.postgres
@pytest.mark.parametrize("wrong", ["one line more", "no line at all", "a proposal's line"])
def test_the_database_refuses_lines_that_do_not_come_to_their_amount(wrong, noon):
    job = job_in_progress(created_at=noon)
    price = price_list(job.pk).get()
    line = {"kind": LineKind.PARTS, "description": "Pump", "quantity": 1, "unit_minor": 1, "amount_minor": 1}
    columns = ("currency", "fee_rate", "fee_source", "created_at")
    split = {"amount_minor": 2, "platform_fee_minor": 0, "technician_earnings_minor": 2}

    if wrong == "one line more":
        JobPriceLine.objects.create(price=price, position=2, **line)
    elif wrong == "no line at all":
        facts = {column: getattr(price, column) for column in columns}
        JobPrice.objects.create(job=job, revision=2, kind=PriceKind.FINAL, **split, **facts)
    else:
        QuoteLine.objects.create(quote=quote_for(job), position=2, **line)

    refused = pytest.raises(IntegrityError, match=r"amount_minor of one (price|quote) come to its amount_minor")
    with refused, connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")


def test_prices_of_before_are_explained_by_one_line(noon):
    migration, job = import_module("jobs.migrations.0006_explain_old_prices"), job_assigned(created_at=noon)
    explained = price_list(job.pk).get()
    facts = {field: getattr(explained, field) for field in ("currency", "fee_rate", "fee_source", "created_at")}
    for revision, kind in ((2, PriceKind.FINAL), (3, PriceKind.CANCELLATION_FEE)):
        split = {"amount_minor": revision, "platform_fee_minor": 0, "technician_earnings_minor": revision}
        JobPrice.objects.create(job=job, revision=revision, kind=kind, **split, **facts)

    migration.explain(apps, None)

    assert [_lines(price) for price in price_list(job.pk)] == [
        _lines(explained),
        [(LineKind.LABOUR, "Final amount", Decimal(1), 2, 2)],
        [(LineKind.CANCELLATION_FEE, "Called off after the grace period", Decimal(1), 3, 3)],
    ]
