"""What the database holds of proposals and their lines."""

import pytest
from django.db import IntegrityError, transaction

from jobs.enums import QuoteStatus
from jobs.models import JobPrice, QuoteLine, QuoteRevision
from jobs.tests.factories import quote_for

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("quote_rules")]


@pytest.mark.parametrize(
    ("constraint", "columns"),
    [
        ("quote_status_known", {"status": "LOST"}),
        ("quote_number_once|jobs_quoterevision.job_id, jobs_quoterevision.number", {"number": 1}),
        ("quote_one_open_per_job|jobs_quoterevision.job_id", {"status": "PROPOSED", "closed_at": None}),
        ("quote_of_something", {"amount_minor": 0}),
        ("quote_of_something", {"number": 0}),
        ("quote_closed_has_time", {"closed_at": None}),
        ("quote_approved_has_price", {"status": "APPROVED"}),
        ("quote_declined_has_reason", {"status": "DECLINED"}),
        ("quote_declined_has_reason", {"decline_note": "Why?"}),
    ],
)
def test_quote_constraint_refuses(job, quote, noon, constraint, columns):
    facts = {"number": 2, "status": QuoteStatus.EXPIRED, "closed_at": noon, **columns}

    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        quote_for(job, **facts)


@pytest.mark.parametrize(
    ("constraint", "columns"),
    [
        ("quote_line_kind_known", {"kind": "GIFT"}),
        ("quote_line_of_something", {"quantity": 0}),
        ("quote_line_position_once|jobs_quoteline.quote_id", {"position": 1}),
    ],
)
def test_quote_line_constraint_refuses(quote, constraint, columns):
    line = {"position": 2, "kind": "PARTS", "description": "Pump", "quantity": 1, "unit_minor": 1, "amount_minor": 1}

    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        QuoteLine.objects.create(quote=quote, **{**line, **columns})


@pytest.mark.parametrize("columns", [{"amount_minor": 1}, {"note": ""}, {"number": 7}])
def test_what_was_proposed_is_frozen(quote, columns):
    with pytest.raises(IntegrityError, match="never change"), transaction.atomic():
        QuoteRevision.objects.filter(pk=quote.pk).update(**columns)


def test_lines_are_append_only(quote):
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
        quote.lines.update(amount_minor=1)
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
        JobPrice.objects.get(job=quote.job).lines.all().delete()


def test_rows_name_themselves(quote):
    assert str(quote) == f"PROPOSED {quote.pk}"
    assert (quote.lines.get().currency, str(quote.lines.get())) == ("USD", "PARTS 5000")
