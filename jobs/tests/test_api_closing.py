"""Calling off, giving back and searching again over the API."""

from datetime import timedelta

import pytest

from fixmate.core.models import AuditEntry
from jobs.enums import CancelReason, JobEventKind, JobStatus
from jobs.models import JobEvent
from jobs.tests.factories import (
    job_assigned,
    job_completed,
    job_in_progress,
    job_matching,
    job_unmatched,
)
from jobs.tests.helpers import nothing_written, stored
from jobs.tests.http import ACTORS, code_of, details_of, get, post

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("api_rules")]


def test_customer_cancels_after_the_grace_period_for_a_fee(noon):
    job = job_assigned(created_at=noon - timedelta(minutes=6))

    preview = get(job.customer, job, "cancel-preview")
    answer = post(job.customer, job, "cancel", {"reason": "TOO_SLOW", "note": "An hour gone."})

    assert preview.json() == {
        "fee": {"amount": "20.00", "currency": "USD"},
        "lines": [
            {
                "kind": "CANCELLATION_FEE",
                "description": "Called off after the grace period: this share of the price",
                "quantity": "0.2000",
                "unit_amount": {"amount": "100.00", "currency": "USD"},
                "amount": {"amount": "20.00", "currency": "USD"},
            }
        ],
        "free_until": None,
    }
    shown = answer.json()
    assert (answer.status_code, shown["status"], shown["cancelled_at"]) == (200, "CANCELLED", "2026-03-02T12:00:00Z")
    assert (shown["cancel_reason"], shown["cancelled_by"]) == ("TOO_SLOW", "CUSTOMER")
    assert shown["price"] == {"amount": "20.00", "currency": "USD"}
    assert stored(job).cancel_note == "An hour gone."


def test_preview_within_the_grace_period(noon):
    job = job_assigned(created_at=noon - timedelta(minutes=1))

    with nothing_written():
        answer = get(job.customer, job, "cancel-preview")

    assert answer.json() == {
        "fee": {"amount": "0.00", "currency": "USD"},
        "lines": [],
        "free_until": "2026-03-02T12:04:00Z",
    }


def test_preview_of_what_cannot_be_cancelled():
    job = job_in_progress()

    assert code_of(get(job.customer, job, "cancel-preview")) == (409, "ILLEGAL_TRANSITION")


def test_technician_gives_a_job_back_with_his_reason():
    job = job_assigned()

    answer = post(job.technician.user, job, "cancel", {"reason": "EMERGENCY", "note": "The van broke down."})

    assert (answer.status_code, stored(job).status) == (200, JobStatus.MATCHING)
    event = JobEvent.objects.filter(job=job).latest("pk")
    assert (event.kind, event.data, event.note) == (
        JobEventKind.RELEASED,
        {"reason": "EMERGENCY"},
        "The van broke down.",
    )


def test_staff_cancel_work_in_progress_with_a_note(admin):
    job = job_in_progress()

    answer = post(admin, job, "cancel", {"reason": "OTHER", "note": "Fraud."})

    assert (answer.status_code, answer.json()["cancel_reason"]) == (200, CancelReason.STAFF)
    entry = AuditEntry.objects.get()
    assert (entry.action, entry.reason, entry.source, entry.actor_id) == ("job.cancel", "Fraud.", "REST", admin.pk)


@pytest.mark.parametrize("make", [job_matching, job_completed])
def test_staff_cannot_cancel_without_a_note(admin, make):
    job = make()

    with nothing_written():
        answer = post(admin, job, "cancel", {"reason": "OTHER"})

    assert details_of(answer) == {"note"}


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "reason"),
        ({"reason": "STAFF"}, "reason"),
        ({"reason": "WENT_DARK"}, "reason"),
        ({"reason": "TRANSFERRED"}, "reason"),
        ({"reason": "NO_SHOW"}, "reason"),
        ({"reason": "BORED"}, "reason"),
        ({"reason": ["OTHER"]}, "reason"),
        ({"reason": "OTHER", "note": "x" * 1_001}, "note"),
        ({"reason": "OTHER", "fee": "0"}, "fee"),
    ],
)
@pytest.mark.parametrize("actor", ["owner", "assigned technician", "admin"])
def test_cancel_refuses_a_bad_body(body, field, actor):
    job = job_assigned()
    user = ACTORS[actor](job)

    with nothing_written():
        answer = post(user, job, "cancel", body)

    assert details_of(answer) == {field}


@pytest.mark.parametrize(
    ("make", "act", "body"),
    [
        (job_in_progress, "cancel", {"reason": "OTHER"}),
        (job_completed, "cancel", {"reason": "OTHER"}),
        (job_matching, "rematch", {}),
        (job_completed, "renew-start-code", {}),
    ],
)
def test_late_act_of_the_customer_is_refused_and_leaves_nothing(make, act, body):
    job = make()

    with nothing_written():
        answer = post(job.customer, job, act, body)

    assert code_of(answer) == (409, "ILLEGAL_TRANSITION")
    assert answer.json()["error"]["details"]["state"] == job.status


@pytest.mark.parametrize("make", [job_assigned, job_completed])
def test_late_act_of_the_technician_is_refused_and_leaves_nothing(make):
    job = make()

    with nothing_written():
        answer = post(job.technician.user, job, "complete", {"work_summary": "Done."})

    assert code_of(answer) == (409, "ILLEGAL_TRANSITION")
    assert answer.json()["error"]["details"] == {"state": job.status, "action": "complete"}


def test_rematch_by_the_customer_and_by_staff(admin):
    mine, other = job_unmatched(), job_unmatched()

    by_customer = post(mine.customer, mine, "rematch")
    by_staff = post(admin, other, "rematch", {"reason": "Somebody is free now."})

    assert (by_customer.status_code, by_customer.json()["status"]) == (200, "MATCHING")
    assert (by_staff.status_code, by_staff.json()["status"]) == (200, "MATCHING")
    assert AuditEntry.objects.get().target_id == str(other.pk)


def test_rematch_by_staff_while_searching_is_for_the_door_of_staff(admin):
    job = job_matching()

    with nothing_written():
        answer = post(admin, job, "rematch", {"reason": "Somebody is free now."})

    assert code_of(answer) == (409, "ILLEGAL_TRANSITION")


@pytest.mark.parametrize("body", [{"reason": ""}, {"reason": "x" * 1_001}])
def test_rematch_refuses_a_bad_reason(admin, body):
    job = job_unmatched()

    with nothing_written():
        answer = post(admin, job, "rematch", body)

    assert details_of(answer) == {"reason"}


@pytest.mark.parametrize("act", ["rematch", "renew-start-code", "timeline", "complete"])
def test_unknown_fields_are_refused(act):
    job = job_in_progress()
    user = job.technician.user if act == "complete" else job.customer
    known = {"timeline": {"note": "Hm."}, "complete": {"work_summary": "Done."}}.get(act, {})

    with nothing_written():
        answer = post(user, job, act, {**known, "force": True})

    assert details_of(answer) == {"force"}
