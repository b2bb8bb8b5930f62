"""Staff and technicians at one moment, on PostgreSQL: exactly one has his way."""

from datetime import timedelta
from threading import Barrier

import pytest
from django.utils import timezone

from fixmate.core.errors import DomainError
from fixmate.core.tests.races import at_once
from jobs.enums import JobStatus
from jobs.models import Job
from jobs.rules import start_code
from jobs.services import job_start_by_technician
from jobs.tests.factories import job_matching
from jobs.tests.helpers import north_of, stored
from matching.enums import OfferStatus
from matching.models import Offer
from matching.services import job_assign_by_hand, job_transfer_by_hand, offer_accept
from matching.tests.factories import OfferFactory, offer_accepted
from technicians.tests.factories import TechnicianFactory

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]
WON = "won"


@pytest.fixture(autouse=True)
def _allowed(settings):
    settings.MANUAL_ASSIGNMENT = True


def _at_once(*calls):
    return [answer.code if isinstance(answer, DomainError) else WON for answer in at_once(*calls)]


def _assign(job, technician, actor):
    return lambda: job_assign_by_hand(job_id=job.pk, technician_id=technician.pk, actor=actor, reason="By phone.")


def _transfer(job, technician, actor):
    return lambda: job_transfer_by_hand(job_id=job.pk, technician_id=technician.pk, actor=actor, reason="By phone.")


def _accepted(job):
    """Return who has the job by its one accepted offer."""
    return Offer.objects.get(job=job, status=OfferStatus.ACCEPTED).technician_id


@pytest.mark.parametrize("_round", range(5))
def test_assign_and_accept_at_once_have_one_winner(_round, dispatcher):
    offer, technician = OfferFactory(), TechnicianFactory()
    user = offer.technician.user

    got = _at_once(_assign(offer.job, technician, dispatcher), lambda: offer_accept(offer_id=offer.pk, actor=user))

    holder = {(WON, "OFFER_CLOSED"): technician.pk, ("ILLEGAL_TRANSITION", WON): offer.technician_id}[tuple(got)]
    assert (stored(offer.job).technician_id, _accepted(offer.job)) == (holder, holder)


@pytest.mark.parametrize("_round", range(5))
def test_transfer_and_start_at_once_have_one_winner(_round, dispatcher):
    held, technician = offer_accepted(), TechnicianFactory()
    job, user, code, here = held.job, held.technician.user, start_code(held.job), north_of(held.job, 0)

    got = _at_once(
        _transfer(job, technician, dispatcher),
        lambda: job_start_by_technician(job_id=job.pk, actor=user, start_code=code, here=here),
    )

    ended = {
        (WON, "NOT_FOUND"): (JobStatus.ASSIGNED, technician.pk),
        ("ILLEGAL_TRANSITION", WON): (JobStatus.IN_PROGRESS, held.technician_id),
    }[tuple(got)]
    assert (stored(job).status, stored(job).technician_id) == ended
    assert _accepted(job) == ended[1]


@pytest.mark.parametrize("_round", range(3))
def test_four_assignments_of_one_job_at_once_give_it_once(_round, dispatcher):
    job = job_matching()
    technicians = [TechnicianFactory() for _ in range(4)]

    got = _at_once(*[_assign(job, technician, dispatcher) for technician in technicians])

    assert sorted(got) == ["ILLEGAL_TRANSITION"] * 3 + [WON]
    winner = technicians[got.index(WON)].pk
    assert (stored(job).technician_id, _accepted(job)) == (winner, winner)


def test_two_jobs_assigned_to_one_technician_at_once_book_him_once(dispatcher):
    jobs, technician = [job_matching(), job_matching()], TechnicianFactory()

    got = _at_once(*[_assign(job, technician, dispatcher) for job in jobs])

    assert sorted(got) == ["BOOKING_OVERLAP", WON]
    assert Job.objects.filter(technician=technician).count() == 1


@pytest.mark.parametrize("_round", range(5))
def test_two_transfers_crosswise_wait_for_each_other_in_one_order(_round, dispatcher):
    at = timezone.now()
    first, second = offer_accepted(created_at=at), offer_accepted(created_at=at - timedelta(hours=5))

    got = _at_once(
        _transfer(first.job, second.technician, dispatcher), _transfer(second.job, first.technician, dispatcher)
    )

    # Booked from now, each overlaps the other's hour unless the other has moved away first.
    assert WON in got
    assert set(got) <= {WON, "BOOKING_OVERLAP"}


def test_control_without_the_lock_assign_and_accept_both_win():
    job = job_matching()
    barrier = Barrier(2)

    def unlocked(technician):
        seen = Job.objects.get(pk=job.pk)
        barrier.wait(timeout=20)
        at = timezone.now()
        seen.assign(technician=technician, booked_from=at, booked_until=at + timedelta(hours=1), at=at)
        return WON

    technicians = TechnicianFactory(), TechnicianFactory()
    assert at_once(*[lambda one=one: unlocked(one) for one in technicians]) == [WON, WON]
