"""A restricted customer finishes what he has ordered, and orders nothing new."""

import pytest

from accounts.enums import UserStatus
from accounts.errors import AccountRestricted
from accounts.tests.factories import UserFactory
from catalog.tests.factories import ServiceFactory
from jobs.enums import JobOption, JobStatus
from jobs.rules import options_of
from jobs.services import job_rematch_by_customer
from jobs.tests.factories import JobFactory, job_assigned, job_in_progress, job_unmatched
from jobs.tests.helpers import job_ordered, nothing_written, stored
from jobs.tests.http import code_of, get, post

pytestmark = pytest.mark.django_db


@pytest.fixture
def restricted():
    return UserFactory(status=UserStatus.RESTRICTED)


def test_he_requests_nothing(restricted):
    service = ServiceFactory()

    with nothing_written(), pytest.raises(AccountRestricted):
        job_ordered(restricted, service)


def test_he_has_nothing_searched_again(restricted):
    job = job_unmatched(customer=restricted)

    with nothing_written(), pytest.raises(AccountRestricted):
        job_rematch_by_customer(job_id=job.pk, actor=restricted)


def test_he_is_told_so_over_rest(restricted):
    job = job_unmatched(customer=restricted)

    assert code_of(post(restricted, job, "rematch")) == (403, "ACCOUNT_RESTRICTED")


@pytest.mark.parametrize("make", [JobFactory, job_assigned])
def test_he_calls_off_what_he_has_ordered(restricted, make):
    job = make(customer=restricted)

    answer = post(restricted, job, "cancel", {"reason": "NOT_NEEDED"})

    assert (answer.status_code, stored(job).status) == (200, JobStatus.CANCELLED)


def test_he_reads_and_remarks(restricted):
    job = job_in_progress(customer=restricted)

    answers = [
        get(restricted, job),
        get(restricted, job, "timeline"),
        post(restricted, job, "timeline", {"note": "Ring."}),
    ]

    assert [answer.status_code for answer in answers] == [200, 200, 201]


def test_he_is_offered_what_he_can_do_alone(restricted):
    assert options_of(job_unmatched(customer=restricted), restricted) == [JobOption.CANCEL]
