"""The contract: shapes, doors, bodies, lists."""

import json
from datetime import timedelta
from decimal import Decimal
from uuid import uuid4

import pytest
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from accounts.enums import UserStatus
from accounts.tests.factories import UserFactory
from catalog.tests.factories import ServiceFactory
from fixmate.core.enums import UploadPurpose
from fixmate.core.models import AuditEntry
from fixmate.core.tests.http import client_for
from jobs.enums import CancelReason, JobEventKind, JobStatus, PhotoKind, PriceKind
from jobs.models import Job, JobEvent, JobPhoto, JobPrice
from jobs.rules import start_code
from jobs.selectors import price_current
from jobs.tests.factories import (
    JOB_IN,
    JobFactory,
    job_assigned,
    job_completed,
    job_in_progress,
    job_matching,
    job_unmatched,
    price_for,
)
from jobs.tests.helpers import changed, kinds_of, north_of, nothing_written, put, stored, upload_of
from technicians.tests.factories import TechnicianFactory

pytestmark = pytest.mark.django_db
JOBS = "/api/v1/jobs"
JOB_KEYS = {
    "id",
    "status",
    "service",
    "description",
    "address",
    "latitude",
    "longitude",
    "scheduled_for",
    "duration_minutes",
    "created_at",
    "assigned_at",
    "started_at",
    "completed_at",
    "cancelled_at",
    "cancel_reason",
    "cancelled_by",
    "work_summary",
    "price",
    "technician",
    "customer",
    "start_code",
    "photos",
    "options",
}
EVENT_KEYS = {"id", "kind", "status", "at", "actor_role", "actor_name", "note"}


@pytest.fixture(autouse=True)
def _rules(settings):
    settings.START_CODE_REQUIRED = True
    settings.START_CODE_TRIES = 5
    settings.START_MAX_DISTANCE_M = 500
    settings.CANCELLATION_GRACE_S = 300
    settings.CANCELLATION_FEE_RATE = Decimal("0.20")
    settings.DEFAULT_FEE_RATE = Decimal("0.15")
    settings.CONTACT_VISIBLE_DAYS = 30


@pytest.fixture
def admin():
    return UserFactory(admin=True)


def _url(job, act=""):
    return f"{JOBS}/{job.pk}{act and '/'}{act}"


def _get(user, job, act=""):
    return client_for(user).get(_url(job, act))


def _post(user, job, act, body=None):
    return client_for(user).post(_url(job, act), body or {})


def _code(answer):
    return answer.status_code, answer.json()["error"]["code"]


def _details(answer):
    assert _code(answer) == (400, "VALIDATION_ERROR")
    return set(answer.json()["error"]["details"])


def _at_the_door(**kwargs):
    job = job_assigned(**kwargs)
    put(job.technician, north_of(job, 0), timezone.now())
    return job


# Shapes


def test_job_as_its_customer_sees_it_once_assigned(noon):
    customer = UserFactory(email="ada@example.com", phone="+16175550100")
    service = ServiceFactory(slug="tap", name="Tap repair")
    job = job_assigned(
        TechnicianFactory(
            user=UserFactory(technician=True, first_name="Grace", phone="+16175550111"), rating_sum=9, rating_count=2
        ),
        customer=customer,
        service=service,
        created_at=noon,
        scheduled_for=noon + timedelta(hours=2),
        latitude=42.361234,
        longitude=-71.057654,
    )
    upload = upload_of(customer)
    JobPhoto.objects.create(job=job, upload=upload, kind=PhotoKind.PROBLEM)

    answer = _get(customer, job)

    assert answer.status_code == 200
    assert answer.json() == {
        "id": str(job.pk),
        "status": "ASSIGNED",
        "service": {"id": str(service.pk), "slug": "tap", "name": "Tap repair"},
        "description": "The tap drips.",
        "address": "12 Beacon Street",
        "latitude": 42.361234,
        "longitude": -71.057654,
        "scheduled_for": "2026-03-02T14:00:00Z",
        "duration_minutes": 60,
        "created_at": "2026-03-02T12:00:00Z",
        "assigned_at": "2026-03-02T12:00:00Z",
        "started_at": None,
        "completed_at": None,
        "cancelled_at": None,
        "cancel_reason": "",
        "cancelled_by": "",
        "work_summary": "",
        "price": {"amount": "100.00", "currency": "USD"},
        "technician": {
            "id": str(job.technician_id),
            "first_name": "Grace",
            "rating": 4.5,
            "phone": "+16175550111",
        },
        "customer": {
            "first_name": "Ada",
            "last_name": "Lovelace",
            "phone": "+16175550100",
            "email": "ada@example.com",
        },
        "start_code": start_code(job),
        "photos": [
            {"id": str(upload.pk), "kind": "PROBLEM", "content_type": "image/png", "sha256": "0" * 64},
        ],
        "options": [],
    }


def test_job_nobody_was_found_for_says_what_its_customer_can_do():
    job = job_unmatched()

    options = _get(job.customer, job).json()["options"]

    assert options == [
        {
            "action": "REMATCH",
            "method": "POST",
            "path": f"/api/v1/jobs/{job.pk}/rematch",
            "label": "Search again now",
        },
        {
            "action": "ORDER_LATER",
            "method": "POST",
            "path": "/api/v1/jobs",
            "label": "Order it again for another time",
        },
        {
            "action": "CANCEL",
            "method": "POST",
            "path": f"/api/v1/jobs/{job.pk}/cancel",
            "label": "Call it off, free of charge",
        },
    ]


def test_options_are_the_customers_alone(admin):
    job = job_unmatched()

    assert _get(admin, job).json()["options"] == []


def test_options_that_name_the_job_work_as_they_are_offered():
    job = job_unmatched()
    rematch, _, cancel = _get(job.customer, job).json()["options"]
    client = client_for(job.customer)

    answers = [client.post(rematch["path"], {}), client.post(cancel["path"], {"reason": "TOO_SLOW"})]

    assert [answer.json()["status"] for answer in answers] == ["MATCHING", "CANCELLED"]
    assert JobPrice.objects.filter(job=job).count() == 1


def _visible_to(job, actor):
    return {"customer": job.customer, "technician": job.technician and job.technician.user}.get(
        actor, UserFactory.build(admin=True)
    )


SEEN = [
    (actor, status)
    for actor in ("customer", "technician", "admin")
    for status in JobStatus
    if actor != "technician" or status in (JobStatus.ASSIGNED, JobStatus.IN_PROGRESS, JobStatus.COMPLETED)
]


@pytest.mark.parametrize(("actor", "status"), SEEN)
def test_job_has_one_shape_for_every_role_and_state(actor, status):
    job = JOB_IN[status]()

    body = _get(_visible_to(job, actor), job).json()

    assert set(body) == JOB_KEYS
    assert set(body["service"]) == {"id", "slug", "name"}
    assert set(body["price"]) == {"amount", "currency"}
    assert set(body["customer"]) == {"first_name", "last_name", "phone", "email"}
    assert set(body["technician"] or {}) in ({"id", "first_name", "rating", "phone"}, set())
    assert (body["technician"] is not None) == (job.technician_id is not None)
    assert (body["address"], body["latitude"]) == ("12 Beacon Street", 42.36)
    assert (body["start_code"] is not None) == (actor == "customer" and status == JobStatus.ASSIGNED)


def _closed(days_ago):
    at = timezone.now() - timedelta(days=days_ago)
    customer = UserFactory(phone="+16175550100")
    technician = TechnicianFactory(user=UserFactory(technician=True, phone="+16175550111"))
    return job_completed(technician, customer=customer, created_at=at, latitude=42.361234, longitude=-71.057654)


def test_technician_sees_no_contacts_a_month_after_the_close():
    job = _closed(days_ago=31)

    body = _get(job.technician.user, job).json()

    assert (body["address"], body["latitude"], body["longitude"]) == (None, 42.36, -71.06)
    assert body["customer"] == {"first_name": "Ada", "last_name": None, "phone": None, "email": None}
    assert body["technician"]["phone"] is None
    assert set(body) == JOB_KEYS
    assert job.address not in str(body)
    assert job.customer.email not in str(body)


@pytest.mark.parametrize(("actor", "days_ago"), [("technician", 29), ("customer", 31), ("admin", 31)])
def test_contacts_stay_for_whom_they_are_meant(actor, days_ago):
    job = _closed(days_ago)

    body = _get(_visible_to(job, actor), job).json()

    assert (body["address"], body["latitude"], body["longitude"]) == (job.address, 42.361234, -71.057654)
    assert (body["customer"]["phone"], body["customer"]["email"]) == ("+16175550100", job.customer.email)
    assert (body["customer"]["last_name"], body["technician"]["phone"]) == ("Lovelace", "+16175550111")


def test_technician_who_gives_a_job_back_sees_it_masked_once_and_then_no_more():
    job = job_assigned(latitude=42.361234, customer__phone="+16175550100")
    user = job.technician.user

    answer = _post(user, job, "cancel", {"reason": "CANNOT_COME"})

    body = answer.json()
    assert (answer.status_code, body["status"], body["technician"]) == (200, "MATCHING", None)
    assert (body["address"], body["latitude"], body["customer"]["phone"]) == (None, 42.36, None)
    assert _code(_get(user, job)) == (404, "NOT_FOUND")
    assert _code(_get(user, job, "timeline")) == (404, "NOT_FOUND")


def test_job_shows_its_newest_price():
    job = job_completed()
    price_for(job, kind=PriceKind.FINAL, amount_minor=9_050, revision=2)

    assert _get(job.customer, job).json()["price"] == {"amount": "90.50", "currency": "USD"}


def test_technician_without_reviews_has_no_rating():
    job = job_assigned()

    assert _get(job.customer, job).json()["technician"]["rating"] is None


# Doors


ROUTES = {
    "list": ("get", ""),
    "request": ("post", ""),
    "read": ("get", "{id}"),
    "start": ("post", "{id}/start"),
    "complete": ("post", "{id}/complete"),
    "cancel": ("post", "{id}/cancel"),
    "preview": ("get", "{id}/cancel-preview"),
    "rematch": ("post", "{id}/rematch"),
    "renew": ("post", "{id}/renew-start-code"),
    "timeline": ("get", "{id}/timeline"),
    "note": ("post", "{id}/timeline"),
}
# An empty body: 400 and 409 say that the door is open.
DOORS = {
    "anonymous": dict.fromkeys(ROUTES, 401),
    "unverified": dict.fromkeys(ROUTES, 403),
    "stranger customer": {
        "list": 200,
        "request": 400,
        "read": 404,
        "start": 403,
        "complete": 403,
        "cancel": 404,
        "preview": 404,
        "rematch": 404,
        "renew": 404,
        "timeline": 404,
        "note": 404,
    },
    "stranger technician": {
        "list": 200,
        "request": 403,
        "read": 404,
        "start": 404,
        "complete": 404,
        "cancel": 404,
        "preview": 403,
        "rematch": 403,
        "renew": 403,
        "timeline": 404,
        "note": 404,
    },
    "owner": {
        "list": 200,
        "request": 400,
        "read": 200,
        "start": 403,
        "complete": 403,
        "cancel": 400,
        "preview": 200,
        "rematch": 409,
        "renew": 200,
        "timeline": 200,
        "note": 400,
    },
    "assigned technician": {
        "list": 200,
        "request": 403,
        "read": 200,
        "start": 400,
        "complete": 400,
        "cancel": 400,
        "preview": 403,
        "rematch": 403,
        "renew": 403,
        "timeline": 200,
        "note": 400,
    },
    "admin": {
        "list": 200,
        "request": 403,
        "read": 200,
        "start": 403,
        "complete": 403,
        "cancel": 400,
        "preview": 200,
        "rematch": 400,
        "renew": 403,
        "timeline": 200,
        "note": 400,
    },
}
ACTORS = {
    "anonymous": lambda job: None,
    "unverified": lambda job: UserFactory(status=UserStatus.PENDING),
    "stranger customer": lambda job: UserFactory(),
    "stranger technician": lambda job: TechnicianFactory().user,
    "owner": lambda job: job.customer,
    "assigned technician": lambda job: job.technician.user,
    "admin": lambda job: UserFactory(admin=True),
}


@pytest.mark.parametrize(
    ("actor", "route", "status"), [(actor, route, status) for actor in DOORS for route, status in DOORS[actor].items()]
)
def test_permission(actor, route, status):
    job = _at_the_door()
    method, path = ROUTES[route]
    url = f"{JOBS}/{path.format(id=job.pk)}".rstrip("/")

    answer = getattr(client_for(ACTORS[actor](job)), method)(url, {} if method == "post" else None)

    assert answer.status_code == status


@pytest.mark.parametrize("route", [name for name, (_, path) in ROUTES.items() if path])
@pytest.mark.parametrize("pk", ["00000000-0000-7000-8000-000000000000", "not-an-id"])
def test_what_does_not_exist_looks_like_what_is_not_ones_own(route, pk):
    job = job_assigned()
    method, path = ROUTES[route]
    user = TechnicianFactory().user if route in ("start", "complete") else UserFactory()

    unknown, hidden = (
        getattr(client_for(user), method)(f"{JOBS}/{path.format(id=one)}").json()["error"] for one in (pk, job.pk)
    )

    for name in ("path", "timestamp", "request_id"):
        del unknown[name], hidden[name]
    assert unknown == hidden


@pytest.mark.parametrize("method", ["put", "patch", "delete"])
def test_job_cannot_be_edited_or_deleted(method, admin):
    job = job_assigned()

    with nothing_written():
        answer = getattr(client_for(admin), method)(_url(job), {"status": "COMPLETED"})

    assert _code(answer) == (405, "METHOD_NOT_ALLOWED")


# Requesting


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

    assert _details(answer) == {field}


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

    assert _details(answer) == {field}


def test_request_refuses_a_service_that_is_not_offered(body):
    service, customer = ServiceFactory(deleted_at=timezone.now()), UserFactory()

    with nothing_written():
        answer = client_for(customer).post(JOBS, {**body, "service_id": str(service.pk)})

    assert _details(answer) == {"service_id"}


def test_request_refuses_a_photo_of_somebody_else(body):
    customer, upload = UserFactory(), upload_of(UserFactory())

    with nothing_written():
        answer = client_for(customer).post(JOBS, {**body, "photos": [str(upload.pk)]})

    assert _code(answer) == (409, "UPLOAD_NOT_USABLE")


# Acts


def test_start_complete_and_the_code_over_http():
    job = _at_the_door()
    technician = client_for(job.technician.user)
    shown = _get(job.customer, job).json()["start_code"]
    wrong = f"{(int(shown) + 1) % 10_000:04d}"

    refused = technician.post(_url(job, "start"), {"start_code": wrong})
    started = technician.post(_url(job, "start"), {"start_code": shown})
    completed = technician.post(
        _url(job, "complete"),
        {"work_summary": "New washer.", "final_amount": {"amount": "90.00", "currency": "USD"}},
    )

    assert _code(refused) == (409, "START_CODE_WRONG")
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

    without = _post(job.technician.user, job, "start", {"start_code": start_code(job)})
    answer = _post(job.technician.user, job, "start", {"start_code": start_code(job), **place})

    assert _code(without) == (409, "LOCATION_STALE")
    assert answer.status_code == 200


def test_start_from_afar_says_how_far():
    job = job_assigned()
    there = north_of(job, 750)

    with nothing_written():
        answer = _post(
            job.technician.user,
            job,
            "start",
            {"start_code": start_code(job), "latitude": there.latitude, "longitude": there.longitude},
        )

    assert _code(answer) == (409, "TOO_FAR_FROM_JOB")
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
    job = _at_the_door()

    with nothing_written():
        answer = _post(job.technician.user, job, "start", body)

    assert _details(answer) == fields


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
        answer = _post(job.technician.user, job, "complete", body)

    assert _details(answer) == fields


def test_complete_refuses_more_than_was_approved():
    job = job_in_progress()
    body = {"work_summary": "Done.", "final_amount": {"amount": "100.01", "currency": "USD"}}

    with nothing_written():
        answer = _post(job.technician.user, job, "complete", body)

    assert _code(answer) == (409, "AMOUNT_NOT_APPROVED")
    assert answer.json()["error"]["details"] == {"approved": "100.00"}


def test_complete_takes_photos():
    job = job_in_progress()
    upload = upload_of(job.technician.user, UploadPurpose.COMPLETION_PHOTO)

    answer = _post(job.technician.user, job, "complete", {"work_summary": "Done.", "photos": [str(upload.pk)]})

    assert [(photo["id"], photo["kind"]) for photo in answer.json()["photos"]] == [(str(upload.pk), "RESULT")]


def test_customer_cancels_after_the_grace_period_for_a_fee(noon):
    job = job_assigned(created_at=noon - timedelta(minutes=6))

    preview = _get(job.customer, job, "cancel-preview")
    answer = _post(job.customer, job, "cancel", {"reason": "TOO_SLOW", "note": "An hour gone."})

    assert preview.json() == {"fee": {"amount": "20.00", "currency": "USD"}, "free_until": None}
    shown = answer.json()
    assert (answer.status_code, shown["status"], shown["cancelled_at"]) == (200, "CANCELLED", "2026-03-02T12:00:00Z")
    assert (shown["cancel_reason"], shown["cancelled_by"]) == ("TOO_SLOW", "CUSTOMER")
    assert shown["price"] == {"amount": "20.00", "currency": "USD"}
    assert stored(job).cancel_note == "An hour gone."


def test_preview_within_the_grace_period(noon):
    job = job_assigned(created_at=noon - timedelta(minutes=1))

    with nothing_written():
        answer = _get(job.customer, job, "cancel-preview")

    assert answer.json() == {"fee": {"amount": "0.00", "currency": "USD"}, "free_until": "2026-03-02T12:04:00Z"}


def test_preview_of_what_cannot_be_cancelled():
    job = job_in_progress()

    assert _code(_get(job.customer, job, "cancel-preview")) == (409, "ILLEGAL_TRANSITION")


def test_technician_gives_a_job_back_with_his_reason():
    job = job_assigned()

    answer = _post(job.technician.user, job, "cancel", {"reason": "EMERGENCY", "note": "The van broke down."})

    assert (answer.status_code, stored(job).status) == (200, JobStatus.MATCHING)
    event = JobEvent.objects.filter(job=job).latest("pk")
    assert (event.kind, event.data, event.note) == (
        JobEventKind.RELEASED,
        {"reason": "EMERGENCY"},
        "The van broke down.",
    )


def test_staff_cancel_work_in_progress_with_a_note(admin):
    job = job_in_progress()

    answer = _post(admin, job, "cancel", {"reason": "OTHER", "note": "Fraud."})

    assert (answer.status_code, answer.json()["cancel_reason"]) == (200, CancelReason.STAFF)
    entry = AuditEntry.objects.get()
    assert (entry.action, entry.reason, entry.source, entry.actor_id) == ("job.cancel", "Fraud.", "REST", admin.pk)


@pytest.mark.parametrize("make", [job_matching, job_completed])
def test_staff_cannot_cancel_without_a_note(admin, make):
    job = make()

    with nothing_written():
        answer = _post(admin, job, "cancel", {"reason": "OTHER"})

    assert _details(answer) == {"note"}


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "reason"),
        ({"reason": "STAFF"}, "reason"),
        ({"reason": "WENT_DARK"}, "reason"),
        ({"reason": "TRANSFERRED"}, "reason"),
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
        answer = _post(user, job, "cancel", body)

    assert _details(answer) == {field}


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
        answer = _post(job.customer, job, act, body)

    assert _code(answer) == (409, "ILLEGAL_TRANSITION")
    assert answer.json()["error"]["details"]["state"] == job.status


@pytest.mark.parametrize("make", [job_assigned, job_completed])
def test_late_act_of_the_technician_is_refused_and_leaves_nothing(make):
    job = make()

    with nothing_written():
        answer = _post(job.technician.user, job, "complete", {"work_summary": "Done."})

    assert _code(answer) == (409, "ILLEGAL_TRANSITION")
    assert answer.json()["error"]["details"] == {"state": job.status, "action": "complete"}


def test_rematch_by_the_customer_and_by_staff(admin):
    mine, other = job_unmatched(), job_unmatched()

    by_customer = _post(mine.customer, mine, "rematch")
    by_staff = _post(admin, other, "rematch", {"reason": "Somebody is free now."})

    assert (by_customer.status_code, by_customer.json()["status"]) == (200, "MATCHING")
    assert (by_staff.status_code, by_staff.json()["status"]) == (200, "MATCHING")
    assert AuditEntry.objects.get().target_id == str(other.pk)


@pytest.mark.parametrize("body", [{"reason": ""}, {"reason": "x" * 1_001}])
def test_rematch_refuses_a_bad_reason(admin, body):
    job = job_unmatched()

    with nothing_written():
        answer = _post(admin, job, "rematch", body)

    assert _details(answer) == {"reason"}


@pytest.mark.parametrize("act", ["rematch", "renew-start-code", "timeline", "complete"])
def test_unknown_fields_are_refused(act):
    job = job_in_progress()
    user = job.technician.user if act == "complete" else job.customer
    known = {"timeline": {"note": "Hm."}, "complete": {"work_summary": "Done."}}.get(act, {})

    with nothing_written():
        answer = _post(user, job, act, {**known, "force": True})

    assert _details(answer) == {"force"}


def test_renew_shows_the_new_code():
    job = job_assigned()
    old = start_code(job)

    answer = _post(job.customer, job, "renew-start-code")

    assert answer.json()["start_code"] == start_code(stored(job))
    assert changed(job, stored(job)) == {"start_code_serial"}
    assert answer.json()["start_code"] != old


# The timeline


def test_timeline_shows_what_happened_in_order():
    job = job_assigned()
    client_for(job.customer).post(_url(job, "timeline"), {"note": "Ring twice."})

    body = _get(job.technician.user, job, "timeline").json()

    assert set(body) == {"next", "previous", "results"}
    assert [row["kind"] for row in body["results"]] == ["REQUESTED", "MATCHING_STARTED", "ASSIGNED", "NOTE"]
    assert all(set(row) == EVENT_KEYS for row in body["results"])
    last = body["results"][-1]
    assert (last["status"], last["note"], last["actor_role"]) == ("ASSIGNED", "Ring twice.", "CUSTOMER")
    assert (last["actor_name"], body["results"][0]["actor_name"]) == ("Ada", None)


@pytest.mark.parametrize("actor", ["owner", "assigned technician", "admin"])
def test_remark_is_put_on_the_record_by_everybody_concerned(noon, actor):
    job = job_assigned(created_at=noon)
    user = ACTORS[actor](job)

    answer = _post(user, job, "timeline", {"note": "Ring twice."})

    event = JobEvent.objects.filter(job=job).latest("pk")
    assert answer.status_code == 201
    assert answer.json() == {
        "id": event.pk,
        "kind": "NOTE",
        "status": "ASSIGNED",
        "at": "2026-03-02T12:00:00Z",
        "actor_role": user.role,
        "actor_name": user.first_name,
        "note": "Ring twice.",
    }


@pytest.mark.parametrize("note", ["", "  ", None, "x" * 2_001])
def test_remark_refuses_a_bad_note(note):
    job = job_assigned()

    with nothing_written():
        answer = _post(job.customer, job, "timeline", {"note": note})

    assert _details(answer) == {"note"}


def test_timeline_is_paged():
    job = job_assigned()
    client = client_for(job.customer)

    first = client.get(_url(job, "timeline") + "?page_size=2").json()
    second = client.get(first["next"]).json()

    kinds = [row["kind"] for page in (first, second) for row in page["results"]]
    assert kinds == ["REQUESTED", "MATCHING_STARTED", "ASSIGNED"]
    assert second["next"] is None


@pytest.mark.parametrize("item_count", [1, 3])
def test_timeline_takes_the_same_queries_for_any_number_of_rows(item_count, django_assert_num_queries):
    job = JobFactory()
    for _ in range(item_count):
        JobEvent.objects.create(
            job=job, kind=JobEventKind.NOTE, status=job.status, actor=job.customer, at=job.created_at
        )
    client = client_for(job.customer)

    with django_assert_num_queries(4):
        body = client.get(_url(job, "timeline")).json()

    assert len(body["results"]) == item_count + 1


# Lists


def _ids(user, query=""):
    answer = client_for(user).get(f"{JOBS}{query}")
    assert answer.status_code == 200, answer.json()
    return [row["id"] for row in answer.json()["results"]]


def _series(count=4, **kwargs):
    """Return a customer's jobs, the oldest first, an hour apart, the last one at noon."""
    customer = UserFactory()
    at = parse_datetime("2026-03-02T12:00:00Z")
    return [
        JobFactory(customer=customer, created_at=at - timedelta(hours=count - 1 - number), **kwargs)
        for number in range(count)
    ]


def test_list_is_ones_own_the_newest_first():
    jobs, _ = _series(), job_assigned()

    assert _ids(jobs[0].customer) == [str(job.pk) for job in reversed(jobs)]


def test_list_of_staff_is_everything(admin):
    jobs = [JobFactory(), job_assigned(), job_completed()]

    assert set(_ids(admin)) == {str(job.pk) for job in jobs}


def test_list_of_a_technician_is_what_he_has():
    job, _ = job_assigned(), job_matching()

    assert _ids(job.technician.user) == [str(job.pk)]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("?created_after=2026-03-02T11:00:00Z", [3, 2]),
        ("?created_before=2026-03-02T11:00:00Z", [1, 0]),
        ("?created_after=2026-03-02T10:00:00Z&created_before=2026-03-02T12:00:00Z", [2, 1]),
        ("?ordering=created_at", [0, 1, 2, 3]),
        ("?ordering=-created_at", [3, 2, 1, 0]),
        ("?page_size=2", [3, 2]),
        ("?status=REQUESTED", [3, 2, 1, 0]),
        ("?status=COMPLETED", []),
        ("?unknown=1", [3, 2, 1, 0]),
    ],
)
def test_list_is_filtered_and_ordered(query, expected):
    jobs = _series()

    assert _ids(jobs[0].customer, query) == [str(jobs[number].pk) for number in expected]


def test_list_is_filtered_by_several_states_by_service_and_by_visit(admin):
    requested = JobFactory(scheduled_for=parse_datetime("2026-03-05T12:00:00Z"))
    matching, unmatched = job_matching(), job_unmatched()

    assert set(_ids(admin, "?status=MATCHING&status=UNMATCHED")) == {str(matching.pk), str(unmatched.pk)}
    assert _ids(admin, f"?service={unmatched.service_id}") == [str(unmatched.pk)]
    assert _ids(admin, "?scheduled_after=2026-03-05T12:00:00Z") == [str(requested.pk)]
    assert _ids(admin, "?scheduled_before=2026-03-05T12:00:00Z") == []


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("status=BOGUS", "status"),
        ("service=tap", "service"),
        ("created_after=yesterday", "created_after"),
        ("created_after=9999-12-31T23:59:59-23:59", "created_after"),
        ("scheduled_before=9", "scheduled_before"),
        ("ordering=price", "ordering"),
        ("page_size=0", "page_size"),
        ("page_size=many", "page_size"),
        ("cursor=x", "cursor"),
    ],
)
def test_list_refuses_an_unknown_value_of_a_known_parameter(query, field):
    answer = client_for(UserFactory()).get(f"{JOBS}?{query}")

    assert _details(answer) == {field}


def test_list_is_paged_without_gaps_and_doubles_while_jobs_come_in():
    jobs = _series(5)
    client = client_for(jobs[0].customer)

    first = client.get(f"{JOBS}?page_size=2").json()
    JobFactory(customer=jobs[0].customer)
    second = client.get(first["next"]).json()
    third = client.get(second["next"]).json()
    back = client.get(third["previous"]).json()

    shown = [row["id"] for page in (first, second, third) for row in page["results"]]
    assert shown == [str(job.pk) for job in reversed(jobs)]
    assert (first["previous"], third["next"]) == (None, None)
    assert back["results"] == second["results"]


def test_list_has_ten_on_a_page():
    jobs = _series(11)

    assert len(_ids(jobs[0].customer)) == 10
    assert len(_ids(jobs[0].customer, "?page_size=1000")) == 11


@pytest.mark.parametrize("item_count", [1, 3])
def test_list_takes_the_same_queries_for_any_number_of_jobs(item_count, django_assert_num_queries, admin):
    for _ in range(item_count):
        job = job_assigned()
        JobPhoto.objects.create(job=job, upload=upload_of(job.customer), kind=PhotoKind.PROBLEM)
    client = client_for(admin)

    with django_assert_num_queries(4):
        body = client.get(JOBS).json()

    assert len(body["results"]) == item_count


def test_trailing_slash_is_forgiven():
    job = job_assigned()

    assert client_for(job.customer).get(f"{_url(job)}/").json()["id"] == str(job.pk)


def test_price_of_a_job_with_a_fee_is_the_stored_one():
    job = job_assigned(created_at=timezone.now() - timedelta(hours=1))

    _post(job.customer, job, "cancel", {"reason": "OTHER"})

    assert _get(job.customer, job).json()["price"]["amount"] == price_current(job.pk).amount.amount


def test_unknown_job_of_staff_is_not_found(admin):
    assert _code(client_for(admin).get(f"{JOBS}/{uuid4()}")) == (404, "NOT_FOUND")
