"""What jobs tell a case file."""

from datetime import timedelta

import pytest

from fixmate.core.casefiles import case_parts
from fixmate.core.ids import uuid7
from jobs.errors import QuoteCodeWrong
from jobs.models import JobEvent
from jobs.rules import quote_code
from jobs.services import job_no_show_by_technician, quote_approve, quote_decline, quote_withdraw
from jobs.tests.factories import (
    JobFactory,
    job_cancelled,
    job_completed,
    job_in_progress,
    job_nobody_opens,
    quote_for,
)
from jobs.tests.helpers import job_ordered, north_of

pytestmark = pytest.mark.django_db


def told(name, job_id):
    (part,) = [part for part in case_parts() if part.name == name]
    return [dict(zip(part.columns, row, strict=True)) for row in part.rows(job_id)]


def facts(name, job_id):
    return {row["fact"]: row["value"] for row in told(name, job_id)}


def test_the_job_is_told_with_its_people():
    job = job_completed()

    said = facts("job", job.pk)

    assert (said["customer"], said["technician"]) == ("Ada Lovelace", "Ada Lovelace")
    assert (said["status"], said["work_summary"], said["service"]) == ("COMPLETED", "New washer.", job.service.name)
    assert facts("job", JobFactory().pk)["technician"] is None


def test_the_timeline_and_the_prices_are_told_in_order():
    job = job_completed()

    assert [row["kind"] for row in told("timeline", job.pk)][-2:] == ["STARTED", "COMPLETED"]
    assert [(row["revision"], str(row["amount"])) for row in told("prices", job.pk)] == [(1, "100.00 USD")]


def test_what_was_proposed_is_told_with_its_lines_and_how_it_ended(noon):
    job = job_in_progress(created_at=noon)
    customer, of = job.customer, {"job_id": job.pk}
    approved = quote_for(job)
    with pytest.raises(QuoteCodeWrong):
        quote_approve(**of, number=1, actor=customer, code=f"{(int(quote_code(approved)) + 1) % 10**6:06d}")
    quote_approve(**of, number=1, actor=customer, code=quote_code(approved))
    quote_for(job, 2_000)
    quote_decline(**of, number=2, actor=customer, reason="LATER", note="Next month.")
    quote_for(job, 3_000)
    quote_withdraw(**of, number=3, actor=job.technician.user)
    quote_for(job, 4_000)
    quote_for(job_in_progress())

    rows = told("quotes", job.pk)

    by_code = "the code shown to the customer"
    assert [
        (row["number"], row["status"], row["closed_by"], row["approved_with"], row["wrong_codes"]) for row in rows
    ] == [
        (1, "APPROVED", "CUSTOMER", by_code, 1),
        (2, "DECLINED", "CUSTOMER", "", 0),
        (3, "WITHDRAWN", "TECHNICIAN", "", 0),
        (4, "PROPOSED", "", "", 0),
    ]
    assert [(str(row["amount"]), row["price_revision"]) for row in rows][:2] == [("50.00 USD", 2), ("20.00 USD", None)]
    assert (rows[0]["proposed_at"], rows[0]["closed_at"], rows[3]["closed_at"]) == (noon, noon, None)
    assert (rows[1]["decline_reason"], rows[1]["decline_note"]) == ("LATER", "Next month.")
    lines = [(row["quote"], row["position"], row["kind"], str(row["amount"])) for row in told("quote_lines", job.pk)]
    assert lines == [
        (number, 1, "PARTS", f"{amount}.00 USD") for number, amount in ((1, 50), (2, 20), (3, 30), (4, 40))
    ]


def test_positions_are_those_of_start_and_completion():
    job = job_completed()
    last = JobEvent.objects.last()
    JobEvent.objects.create(
        job=job, kind="COMPLETED", status="COMPLETED", at=last.at, data={"away_m": 12, "position_age_s": 3}
    )

    assert [(row["kind"], row["away_m"], row["position_age_s"]) for row in told("positions", job.pk)] == [
        ("STARTED", None, None),
        ("COMPLETED", None, None),
        ("COMPLETED", 12, 3),
    ]


def test_positions_are_those_of_who_met_nobody_too(noon, settings):
    settings.NO_SHOW_WAIT_MINUTES = 15
    job = job_nobody_opens(created_at=noon - timedelta(minutes=20))
    job_no_show_by_technician(job_id=job.pk, actor=job.technician.user, here=north_of(job, 40))

    assert [(row["kind"], row["away_m"]) for row in told("positions", job.pk)] == [("CANCELLED", 40)]
    assert told("positions", job_cancelled().pk) == []


def test_the_rules_are_those_of_the_order(settings):
    """Of a job from before they were kept, those of today, and the file says so."""
    before = JobFactory()
    ordered = job_ordered(before.customer, before.service)
    settings.START_MAX_DISTANCE_M = 1

    kept, today = facts("rules", ordered.pk), facts("rules", before.pk)

    assert (kept["as of"], kept["START_MAX_DISTANCE_M"]) == ("the order", 500)
    assert (today["as of"], today["START_MAX_DISTANCE_M"]) == ("today", 1)
    assert facts("rules", uuid7())["as of"] == "today"
