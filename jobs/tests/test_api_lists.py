"""Lists of jobs, page by page."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from accounts.tests.factories import UserFactory
from fixmate.core.tests.http import client_for
from jobs.enums import PhotoKind
from jobs.models import JobPhoto
from jobs.selectors import price_current
from jobs.tests.factories import (
    JobFactory,
    job_assigned,
    job_completed,
    job_matching,
    job_unmatched,
)
from jobs.tests.helpers import upload_of
from jobs.tests.http import JOBS, code_of, details_of, get, post, url_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("api_rules")]


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

    assert details_of(answer) == {field}


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

    assert client_for(job.customer).get(f"{url_of(job)}/").json()["id"] == str(job.pk)


def test_price_of_a_job_with_a_fee_is_the_stored_one():
    job = job_assigned(created_at=timezone.now() - timedelta(hours=1))

    post(job.customer, job, "cancel", {"reason": "OTHER"})

    assert get(job.customer, job).json()["price"]["amount"] == price_current(job.pk).amount.amount


def test_unknown_job_of_staff_is_not_found(admin):
    assert code_of(client_for(admin).get(f"{JOBS}/{uuid4()}")) == (404, "NOT_FOUND")
