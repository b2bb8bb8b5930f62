"""The timeline over the API."""

import pytest

from fixmate.core.tests.http import client_for
from jobs.enums import JobEventKind
from jobs.models import JobEvent
from jobs.tests.factories import (
    JobFactory,
    job_assigned,
)
from jobs.tests.helpers import nothing_written
from jobs.tests.http import ACTORS, EVENT_KEYS, details_of, get, post, url_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("api_rules")]


def test_timeline_shows_what_happened_in_order():
    job = job_assigned()
    client_for(job.customer).post(url_of(job, "timeline"), {"note": "Ring twice."})

    body = get(job.technician.user, job, "timeline").json()

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

    answer = post(user, job, "timeline", {"note": "Ring twice."})

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
        answer = post(job.customer, job, "timeline", {"note": note})

    assert details_of(answer) == {"note"}


def test_timeline_is_paged():
    job = job_assigned()
    client = client_for(job.customer)

    first = client.get(url_of(job, "timeline") + "?page_size=2").json()
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
        body = client.get(url_of(job, "timeline")).json()

    assert len(body["results"]) == item_count + 1
