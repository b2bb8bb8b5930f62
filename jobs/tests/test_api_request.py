"""Ordering a job over the API."""

import json

import pytest
from django.utils import timezone

from accounts.tests.factories import UserFactory
from catalog.tests.factories import ServiceFactory
from fixmate.core.tests.http import client_for
from jobs.models import Job
from jobs.tests.helpers import nothing_written, upload_of
from jobs.tests.http import JOB_KEYS, JOBS, code_of, details_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("api_rules")]


@pytest.fixture
def body():
    return {
        "service_id": str(ServiceFactory().pk),
        "description": "The tap drips.",
        "address": "12 Beacon Street",
        "latitude": 42.36,
        "longitude": -71.06,
    }


def test_request_answers_the_job_in_requested_with_its_price(body):
    customer = UserFactory()
    upload = upload_of(customer)

    answer = client_for(customer).post(JOBS, {**body, "photos": [str(upload.pk)]})

    shown = answer.json()
    assert (answer.status_code, set(shown)) == (201, JOB_KEYS)
    assert (shown["status"], shown["technician"], shown["start_code"]) == ("REQUESTED", None, None)
    assert (shown["price"], shown["duration_minutes"]) == ({"amount": "100.00", "currency": "USD"}, 60)
    assert (shown["address"], shown["scheduled_for"]) == ("12 Beacon Street", None)
    assert [photo["id"] for photo in shown["photos"]] == [str(upload.pk)]
    assert str(Job.objects.get(customer=customer).pk) == shown["id"]


@pytest.mark.parametrize("given", [None, "2026-03-02T18:30:00+02:00"])
def test_request_takes_a_time_or_none(noon, body, given):
    answer = client_for(UserFactory()).post(JOBS, {**body, "scheduled_for": given})

    assert answer.status_code == 201
    assert answer.json()["scheduled_for"] == (given and "2026-03-02T16:30:00Z")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("service_id", None),
        ("service_id", "tap"),
        ("service_id", "00000000-0000-7000-8000-000000000000"),
        ("description", ""),
        ("description", "   "),
        ("description", None),
        ("description", "x" * 2_001),
        ("description", ["a"]),
        ("address", ""),
        ("address", "x" * 301),
        ("latitude", 90.01),
        ("latitude", -90.01),
        ("latitude", None),
        ("latitude", "north"),
        ("latitude", "NaN"),
        ("latitude", "inf"),
        ("longitude", 180.01),
        ("longitude", -180.01),
        ("longitude", "nan"),
        ("scheduled_for", "tomorrow"),
        ("scheduled_for", "2026-03-02T12:00:00Z"),
        ("scheduled_for", "2020-01-01T00:00:00Z"),
        ("scheduled_for", "2099-01-01T00:00:00Z"),
        ("scheduled_for", "9999-12-31T23:59:59-23:59"),
        ("scheduled_for", "0001-01-01T00:00:00+23:59"),
        ("photos", "one"),
        ("photos", ["one"]),
        ("photos", ["00000000-0000-7000-8000-000000000000"] * 11),
        ("status", "COMPLETED"),
        ("price", {"amount": "1.00", "currency": "USD"}),
        ("customer", "00000000-0000-7000-8000-000000000000"),
    ],
)
def test_request_refuses_a_bad_value(noon, body, field, value):
    customer = UserFactory()

    with nothing_written():
        answer = client_for(customer).post(JOBS, {**body, field: value})

    assert details_of(answer) == {field}


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e400"])
def test_request_refuses_what_is_no_number(body, number):
    text, customer = json.dumps(body).replace("42.36", number), UserFactory()

    with nothing_written():
        answer = client_for(customer).post(JOBS, text, content_type="application/json")

    assert answer.status_code == 400


def test_request_refuses_what_no_database_can_hold(body):
    customer = UserFactory()

    with nothing_written():
        answer = client_for(customer).post(JOBS, {**body, "description": "a\x00b"})

    assert answer.status_code == 400


@pytest.mark.parametrize("field", ["service_id", "description", "address", "latitude", "longitude"])
def test_request_needs_its_fields(body, field):
    customer = UserFactory()
    del body[field]

    with nothing_written():
        answer = client_for(customer).post(JOBS, body)

    assert details_of(answer) == {field}


def test_request_refuses_a_service_that_is_not_offered(body):
    service, customer = ServiceFactory(deleted_at=timezone.now()), UserFactory()

    with nothing_written():
        answer = client_for(customer).post(JOBS, {**body, "service_id": str(service.pk)})

    assert details_of(answer) == {"service_id"}


def test_request_refuses_a_photo_of_somebody_else(body):
    customer, upload = UserFactory(), upload_of(UserFactory())

    with nothing_written():
        answer = client_for(customer).post(JOBS, {**body, "photos": [str(upload.pk)]})

    assert code_of(answer) == (409, "UPLOAD_NOT_USABLE")
