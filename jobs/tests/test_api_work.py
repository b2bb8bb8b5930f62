"""Starting and completing over the API."""

import pytest

from fixmate.core.enums import UploadPurpose
from fixmate.core.tests.http import client_for
from jobs.enums import JobEventKind
from jobs.rules import start_code
from jobs.tests.factories import (
    job_assigned,
    job_in_progress,
)
from jobs.tests.helpers import changed, kinds_of, north_of, nothing_written, stored, upload_of
from jobs.tests.http import at_the_door, code_of, details_of, get, post, url_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("api_rules")]


def test_start_complete_and_the_code_over_http():
    job = at_the_door()
    technician = client_for(job.technician.user)
    shown = get(job.customer, job).json()["start_code"]
    wrong = f"{(int(shown) + 1) % 10_000:04d}"

    refused = technician.post(url_of(job, "start"), {"start_code": wrong})
    started = technician.post(url_of(job, "start"), {"start_code": shown})
    completed = technician.post(
        url_of(job, "complete"),
        {"work_summary": "New washer.", "final_amount": {"amount": "90.00", "currency": "USD"}},
    )

    assert code_of(refused) == (409, "START_CODE_WRONG")
    assert refused.json()["error"]["details"] == {"tries_left": 4}
    assert stored(job).start_code_failures == 1
    assert (started.status_code, started.json()["status"]) == (200, "IN_PROGRESS")
    assert (completed.status_code, completed.json()["status"]) == (200, "COMPLETED")
    assert completed.json()["work_summary"] == "New washer."
    assert completed.json()["price"] == {"amount": "90.00", "currency": "USD"}
    assert kinds_of(job)[-3:] == [JobEventKind.START_REFUSED, JobEventKind.STARTED, JobEventKind.COMPLETED]


def test_start_takes_a_position_in_the_body():
    job = job_assigned()
    there = north_of(job, 100)
    place = {"latitude": there.latitude, "longitude": there.longitude}

    without = post(job.technician.user, job, "start", {"start_code": start_code(job)})
    answer = post(job.technician.user, job, "start", {"start_code": start_code(job), **place})

    assert code_of(without) == (409, "LOCATION_STALE")
    assert answer.status_code == 200


def test_start_from_afar_says_how_far():
    job = job_assigned()
    there = north_of(job, 750)

    with nothing_written():
        answer = post(
            job.technician.user,
            job,
            "start",
            {"start_code": start_code(job), "latitude": there.latitude, "longitude": there.longitude},
        )

    assert code_of(answer) == (409, "TOO_FAR_FROM_JOB")
    assert answer.json()["error"]["details"] == {"distance_m": 750, "limit_m": 500}


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ({}, {"start_code"}),
        ({"start_code": ""}, {"start_code"}),
        ({"start_code": "12345"}, {"start_code"}),
        ({"start_code": "12a4"}, {"start_code"}),
        ({"start_code": "١٢٣٤"}, {"start_code"}),
        ({"start_code": None}, {"start_code"}),
        ({"start_code": "1234", "latitude": 42.36}, {"latitude"}),
        ({"start_code": "1234", "longitude": -71.06}, {"latitude"}),
        ({"start_code": "1234", "latitude": 91, "longitude": 0}, {"latitude"}),
        ({"start_code": "1234", "code": "1234"}, {"code"}),
    ],
)
def test_start_refuses_a_bad_body_and_counts_no_try(body, fields):
    job = at_the_door()

    with nothing_written():
        answer = post(job.technician.user, job, "start", body)

    assert details_of(answer) == fields


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ({}, {"work_summary"}),
        ({"work_summary": ""}, {"work_summary"}),
        ({"work_summary": "x" * 2_001}, {"work_summary"}),
        ({"work_summary": "Done.", "final_amount": "90.00"}, {"final_amount"}),
        ({"work_summary": "Done.", "final_amount": {"amount": 90, "currency": "USD"}}, {"final_amount"}),
        ({"work_summary": "Done.", "final_amount": {"amount": "90.001", "currency": "USD"}}, {"final_amount"}),
        ({"work_summary": "Done.", "final_amount": {"amount": "-1.00", "currency": "USD"}}, {"final_amount"}),
        ({"work_summary": "Done.", "final_amount": {"amount": "90.00", "currency": "EUR"}}, {"final_amount"}),
        ({"work_summary": "Done.", "final_amount": {"amount": "90.00"}}, {"final_amount"}),
        ({"work_summary": "Done.", "latitude": 1}, {"latitude"}),
        ({"work_summary": "Done.", "photos": "x"}, {"photos"}),
        ({"work_summary": "Done.", "status": "COMPLETED"}, {"status"}),
    ],
)
def test_complete_refuses_a_bad_body(body, fields):
    job = job_in_progress()

    with nothing_written():
        answer = post(job.technician.user, job, "complete", body)

    assert details_of(answer) == fields


def test_complete_refuses_more_than_was_approved():
    job = job_in_progress()
    body = {"work_summary": "Done.", "final_amount": {"amount": "100.01", "currency": "USD"}}

    with nothing_written():
        answer = post(job.technician.user, job, "complete", body)

    assert code_of(answer) == (409, "AMOUNT_NOT_APPROVED")
    assert answer.json()["error"]["details"] == {"approved": "100.00"}


def test_complete_takes_photos():
    job = job_in_progress()
    upload = upload_of(job.technician.user, UploadPurpose.COMPLETION_PHOTO)

    answer = post(job.technician.user, job, "complete", {"work_summary": "Done.", "photos": [str(upload.pk)]})

    assert [(photo["id"], photo["kind"]) for photo in answer.json()["photos"]] == [(str(upload.pk), "RESULT")]


def test_renew_shows_the_new_code():
    job = job_assigned()
    old = start_code(job)

    answer = post(job.customer, job, "renew-start-code")

    assert answer.json()["start_code"] == start_code(stored(job))
    assert changed(job, stored(job)) == {"start_code_serial"}
    assert answer.json()["start_code"] != old
