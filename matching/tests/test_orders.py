"""Passes that are ordered by the timer: one waits in the queue for a job, and a lost one is made good."""

from datetime import timedelta

import pytest

from accounts.tests.factories import UserFactory
from catalog.tests.factories import ServiceFactory
from fixmate.core import clock
from fixmate.core.enums import OutboxStatus
from fixmate.core.models import OutboxMessage
from jobs.tests.factories import JobFactory
from jobs.tests.helpers import job_ordered
from matching.models import MatchingPass
from matching.services import matching_pass_request_due, passes

pytestmark = pytest.mark.django_db
LATE = timedelta(seconds=15)


def orders_of(job):
    return OutboxMessage.objects.filter(task="matching.run_pass", payload__job_id=str(job.pk))


def test_order_that_waits_in_the_queue_is_not_given_again(noon, drain):
    job = job_ordered(UserFactory(), ServiceFactory())
    for late in range(1, 4):
        with clock.frozen(noon + late * LATE):
            matching_pass_request_due()
    waiting = orders_of(job).count()
    with clock.frozen(noon + 4 * LATE):
        drain()

    assert waiting == 1
    assert MatchingPass.objects.filter(job=job).count() == 1


@pytest.mark.parametrize("how", ["gone", "dead", "failed"])
def test_order_that_is_lost_is_given_again(noon, how):
    job = JobFactory(created_at=noon)
    matching_pass_request_due()
    lost = orders_of(job)
    later = noon + LATE
    if how == "gone":
        lost.delete()
    if how == "dead":
        lost.update(status=OutboxStatus.DEAD)
    if how == "failed":
        lost.update(run_at=later + timedelta(minutes=5), attempts=9)

    with clock.frozen(later):
        ordered = matching_pass_request_due()

    assert (ordered, orders_of(job).filter(run_at=later, status=OutboxStatus.READY).count()) == (1, 1)


def test_waiting_orders_do_not_keep_others_from_being_given(noon, monkeypatch):
    monkeypatch.setattr(passes, "DUE_BATCH", 1)
    first, second = JobFactory(created_at=noon), JobFactory(created_at=noon)
    both = [matching_pass_request_due(), matching_pass_request_due()]
    with clock.frozen(noon + LATE):
        again = [matching_pass_request_due(), matching_pass_request_due()]
        third = JobFactory(created_at=noon, next_pass_at=clock.now())

        assert matching_pass_request_due() == 1

    assert (both, again) == ([1, 1], [0, 0])
    assert [orders_of(job).count() for job in (first, second, third)] == [1, 1, 1]
