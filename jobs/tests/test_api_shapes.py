"""What a job looks like to whom."""

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.tests.factories import UserFactory
from catalog.tests.factories import ServiceFactory
from fixmate.core.tests.http import client_for
from jobs.enums import JobStatus, PhotoKind, PriceKind
from jobs.models import JobPhoto, JobPrice
from jobs.rules import start_code
from jobs.tests.factories import (
    JOB_IN,
    job_assigned,
    job_completed,
    job_unmatched,
    price_for,
)
from jobs.tests.helpers import upload_of
from jobs.tests.http import JOB_KEYS, code_of, get, post
from technicians.tests.factories import TechnicianFactory

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("api_rules")]


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

    answer = get(customer, job)

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
            {
                "id": str(upload.pk),
                "kind": "PROBLEM",
                "content_type": "image/png",
                "sha256": "0" * 64,
                "file_url": f"/api/v1/jobs/{job.pk}/photos/{upload.pk}",
            },
        ],
        "options": [],
    }


def test_job_nobody_was_found_for_says_what_its_customer_can_do():
    job = job_unmatched()

    options = get(job.customer, job).json()["options"]

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

    assert get(admin, job).json()["options"] == []


def test_options_that_name_the_job_work_as_they_are_offered():
    job = job_unmatched()
    rematch, _, cancel = get(job.customer, job).json()["options"]
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

    body = get(_visible_to(job, actor), job).json()

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

    body = get(job.technician.user, job).json()

    assert (body["address"], body["latitude"], body["longitude"]) == (None, 42.36, -71.06)
    assert body["customer"] == {"first_name": "Ada", "last_name": None, "phone": None, "email": None}
    assert body["technician"]["phone"] is None
    assert set(body) == JOB_KEYS
    assert job.address not in str(body)
    assert job.customer.email not in str(body)


@pytest.mark.parametrize(
    ("actor", "days_ago", "phone"),
    [
        ("technician", 29, "+16175550111"),
        ("customer", 13, "+16175550111"),
        ("customer", 15, None),
        ("admin", 31, "+16175550111"),
    ],
)
def test_contacts_stay_for_whom_they_are_meant(actor, days_ago, phone):
    job = _closed(days_ago)

    body = get(_visible_to(job, actor), job).json()

    assert (body["address"], body["latitude"], body["longitude"]) == (job.address, 42.361234, -71.057654)
    assert (body["customer"]["phone"], body["customer"]["email"]) == ("+16175550100", job.customer.email)
    assert (body["customer"]["last_name"], body["technician"]["phone"]) == ("Lovelace", phone)


def test_technician_who_gives_a_job_back_sees_it_masked_once_and_then_no_more():
    job = job_assigned(latitude=42.361234, customer__phone="+16175550100")
    user = job.technician.user

    answer = post(user, job, "cancel", {"reason": "CANNOT_COME"})

    body = answer.json()
    assert (answer.status_code, body["status"], body["technician"]) == (200, "MATCHING", None)
    assert (body["address"], body["latitude"], body["customer"]["phone"]) == (None, 42.36, None)
    assert code_of(get(user, job)) == (404, "NOT_FOUND")
    assert code_of(get(user, job, "timeline")) == (404, "NOT_FOUND")


def test_job_shows_its_newest_price():
    job = job_completed()
    price_for(job, kind=PriceKind.FINAL, amount_minor=9_050, revision=2)

    assert get(job.customer, job).json()["price"] == {"amount": "90.50", "currency": "USD"}


def test_technician_without_reviews_has_no_rating():
    job = job_assigned()

    assert get(job.customer, job).json()["technician"]["rating"] is None
