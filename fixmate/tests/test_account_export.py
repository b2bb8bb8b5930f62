"""What somebody is given who asks what is held about him: of all apps, and of nobody else."""

import json

import pytest

from accounts.api.export import EXPORT_SCHEMA
from accounts.hooks import export_parts
from accounts.tests.factories import UserFactory
from accounts.tests.helpers import logged_in
from catalog.tests.factories import ServiceFactory
from disputes.tests.factories import DisputeFactory
from fixmate.core import clock
from jobs.services import block_set
from jobs.tests.factories import (
    job_completed,
    job_matching,
)
from matching.enums import Gate, OfferStatus
from matching.models import CandidateDecision, MatchingPass
from matching.services import matching_run_pass
from notifications.tests.factories import DeliveryFactory
from payments.tests.factories import payment_captured
from reviews.tests.factories import ReviewFactory
from technicians.tests.factories import technician_ready

pytestmark = pytest.mark.django_db
ME = "/api/v1/auth/me"


def exported(user, client=None) -> dict:
    answer = (client or logged_in(user)).get(f"{ME}/export")
    return json.loads(b"".join(answer.streaming_content))


def test_a_technician_is_given_the_decisions_programs_made_about_him():
    service = ServiceFactory()
    technician = technician_ready(service)
    job = job_matching(service=service)
    matching_run_pass(job_id=job.pk)

    data = exported(technician.user)

    held, decision = CandidateDecision.objects.get(), data["matching_decisions"][0]
    gates = [verdict["gate"] for verdict in held.verdicts if verdict["gate"] != Gate.NOT_BLOCKED]
    assert [verdict["gate"] for verdict in decision["verdicts"]] == gates
    assert decision["terms"] == {name: round(points) for name, points in held.terms.items()}
    assert (decision["score"], decision["rank"], decision["was_offered"]) == (round(held.score), 1, True)
    assert decision["matching_pass_job_id"] == str(job.pk)
    assert [row["status"] for row in data["offers"]] == [OfferStatus.PENDING]
    assert data["technician"][0]["id"] == str(technician.pk)
    assert len(data["skills"]) == len(data["documents"]) == len(data["position"]) == 1
    assert exported(job.customer)["matching_passes"][0]["outcome"] == MatchingPass.objects.get().outcome
    assert exported(job.customer)["matching_decisions"] == []


def test_a_customer_is_given_what_he_did_and_nothing_of_others():
    user = UserFactory(email="ada@example.com")
    job = job_completed(customer=user)
    payment_captured(job=job)
    ReviewFactory(job=job, customer=user, comment="Fine work.")
    DisputeFactory(job=job, opened_by=user)
    DeliveryFactory(notification__user=user)
    other = job_completed(description="Somebody else's tap.")
    payment_captured(job=other)

    data = exported(user)

    counts = {name: len(rows) for name, rows in data.items() if isinstance(rows, list)}
    assert {name: counts[name] for name in ("jobs", "payments", "reviews_written", "disputes", "notifications")} == {
        "jobs": 1,
        "payments": 1,
        "reviews_written": 1,
        "disputes": 1,
        "notifications": 1,
    }
    assert data["reviews_written"][0]["comment"] == "Fine work."
    assert "Somebody else" not in json.dumps(data)


def test_every_part_is_in_the_schema_and_gives_the_fields_it_says():
    technician = technician_ready(ServiceFactory())
    data = exported(technician.user)

    for part in export_parts():
        described = EXPORT_SCHEMA["properties"][part.name]["items"]["properties"]
        assert tuple(described) == part.fields
        for row in data[part.name]:
            assert tuple(row) == part.fields
    assert set(data) == set(EXPORT_SCHEMA["required"])


def test_a_technician_is_not_given_where_customers_live_nor_who_blocked_him():
    service = ServiceFactory()
    technician = technician_ready(service)
    job = job_completed(technician, service=service)
    block_set(job_id=job.pk, actor=job.customer)
    again = job_matching(service=service, customer=job.customer, latitude=42.3678, longitude=-71.0612)
    matching_run_pass(job_id=again.pk)
    held = CandidateDecision.objects.get(matching_pass__job=again)

    data = exported(technician.user)
    text = json.dumps(data)

    (done,) = data["jobs_done"]
    assert done["id"] == str(job.pk)
    assert {"address", "latitude", "customer_id", "cancel_note"}.isdisjoint(done)
    (decision,) = data["matching_decisions"]
    assert held.distance_m % 100
    assert decision["distance_m"] % 100 == 0
    assert Gate.NOT_BLOCKED not in text
    assert job.address not in text


@pytest.mark.parametrize("item_count", [1, 3])
def test_export_takes_the_same_queries_however_much_there_is(item_count, settings, django_assert_num_queries):
    settings.RATES = dict.fromkeys(settings.RATES, "")
    user = UserFactory()
    for _ in range(item_count):
        job_completed(customer=user)

    client = logged_in(user)

    # The session and its user, whether it is fresh, the record, and the parts
    with clock.frozen(clock.now()), django_assert_num_queries(3 + len(export_parts())):
        exported(user, client)
