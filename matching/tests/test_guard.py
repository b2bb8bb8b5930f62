"""Whoever has been online for long without any offer goes first, in one pass of so many."""

from datetime import timedelta

import pytest

from catalog.tests.factories import ServiceFactory
from fixmate.core import clock
from jobs.tests.factories import JobFactory
from matching.enums import PassOutcome
from matching.models import MatchingPass, Offer, ServiceRules
from matching.policies.base import lot_of
from matching.services import guard, matching_run_pass
from matching.services.ranking import PolicyFailed
from matching.tests.factories import offer_expired
from matching.tests.helpers import KM
from technicians.models import Dispatchable, Technician
from technicians.tests.factories import technician_ready

pytestmark = pytest.mark.django_db
HOUR, SECOND = timedelta(hours=1), timedelta(seconds=1)


@pytest.fixture
def service():
    """A service with the guard in every pass."""
    service = ServiceFactory()
    ServiceRules.objects.create(service=service, starvation_one_in=1)
    return service


@pytest.fixture
def job(noon, service):
    return JobFactory(created_at=noon, service=service)


def near(job, km, online_for=timedelta(0), **kwargs):
    technician = technician_ready(job.service, latitude=job.latitude + km * KM, **kwargs)
    Technician.objects.filter(pk=technician.pk).update(online_since=clock.now() - online_for, idle_since=clock.now())
    return technician


def test_longest_starved_goes_first_and_it_is_on_record(job):
    near(job, 0.1)
    near(job, 4.0, online_for=4 * HOUR)
    longest = near(job, 5.0, online_for=5 * HOUR)

    this_pass = matching_run_pass(job_id=job.pk)

    decisions = this_pass.decisions.order_by("rank").values_list("rank", "was_offered", "propensity")
    assert Offer.objects.get().technician == longest
    assert (this_pass.is_guarded, this_pass.is_exploration) == (True, False)
    assert list(decisions) == [(1, False, 0.0), (2, False, 0.0), (3, True, 1.0)]


@pytest.mark.parametrize(("online_for", "is_guarded"), [(3 * HOUR, False), (3 * HOUR + SECOND, True)])
def test_starving_begins_after_its_time_online(job, online_for, is_guarded):
    near(job, 0.1)
    near(job, 4.0, online_for=online_for)

    assert matching_run_pass(job_id=job.pk).is_guarded == is_guarded


@pytest.mark.parametrize(("offered_ago", "is_guarded"), [(4 * HOUR, False), (4 * HOUR + SECOND, True)])
def test_offer_since_he_came_online_ends_the_starving(job, noon, offered_ago, is_guarded):
    near(job, 0.1)
    hungry = near(job, 4.0, online_for=4 * HOUR)
    offer_expired(technician=hungry, created_at=noon - offered_ago)

    assert matching_run_pass(job_id=job.pk).is_guarded == is_guarded


def test_starved_one_who_fails_a_gate_is_passed_over(job):
    nearest = near(job, 0.1)
    near(job, 4.0, online_for=5 * HOUR, travel_radius_m=100, base_latitude=42.40)

    this_pass = matching_run_pass(job_id=job.pk)

    assert (this_pass.is_guarded, Offer.objects.get().technician) == (False, nearest)


def test_next_starved_are_looked_at_where_none_of_the_first_may_be_asked(job, monkeypatch):
    monkeypatch.setattr(guard, "_AT_ONCE", 1)
    near(job, 0.1)
    near(job, 4.0, online_for=5 * HOUR, travel_radius_m=100, base_latitude=42.40)
    hungry = near(job, 3.0, online_for=4 * HOUR)

    this_pass = matching_run_pass(job_id=job.pk)

    assert (this_pass.is_guarded, Offer.objects.get().technician) == (True, hungry)


def test_starved_one_who_is_at_work_is_of_no_use_now(job):
    nearest = near(job, 0.1)
    at_work = near(job, 4.0, online_for=5 * HOUR)
    Dispatchable.objects.filter(technician=at_work).update(is_busy=True)

    this_pass = matching_run_pass(job_id=job.pk)

    assert (Offer.objects.get().technician, this_pass.is_guarded) == (nearest, False)


def test_starved_one_out_of_reach_is_none(job):
    near(job, 0.1)
    near(job, 6.2, online_for=5 * HOUR)

    assert matching_run_pass(job_id=job.pk).is_guarded is False


@pytest.mark.parametrize("uses_base", [False, True])
def test_starved_ones_out_of_reach_do_not_hide_one_who_is_near(noon, service, settings, uses_base):
    settings.CANDIDATES_KEPT = settings.POOL_SIZE = 1
    settings.EXPLORATION_PERCENT, settings.DISPATCH_LEAD_S = 0, 86_400
    ahead = {"scheduled_for": noon + 6 * HOUR} if uses_base else {}
    job = JobFactory(created_at=noon, service=service, **ahead)
    near(job, 0.1)
    out_of_reach = near(job, 6.2, online_for=5 * HOUR, base_latitude=job.latitude + 6.2 * KM)
    hungry = near(job, 5.0, online_for=4 * HOUR)

    this_pass = matching_run_pass(job_id=job.pk)

    assert (Offer.objects.get().technician, this_pass.is_guarded) == (hungry, True)
    assert not this_pass.decisions.filter(technician=out_of_reach).exists()


def test_starved_one_far_below_those_looked_at_is_found_all_the_same(job, settings):
    settings.CANDIDATES_KEPT, settings.EXPLORATION_PERCENT = 1, 0
    near(job, 0.1)
    hungry = near(job, 5.0, online_for=4 * HOUR)

    this_pass = matching_run_pass(job_id=job.pk)

    decision = this_pass.decisions.get(was_offered=True)
    assert (this_pass.looked_at, this_pass.is_guarded) == (2, True)
    assert (decision.technician, decision.rank, decision.score is not None) == (hungry, 2, True)


def test_far_ahead_of_the_visit_bases_count(noon, service, settings):
    settings.DISPATCH_LEAD_S = 86_400
    job = JobFactory(created_at=noon, service=service, scheduled_for=noon + 6 * HOUR)
    near(job, 0.1)
    hungry = near(job, 50.0, online_for=4 * HOUR)

    matching_run_pass(job_id=job.pk)

    assert Offer.objects.get().technician == hungry


def test_guard_is_off_where_it_is_set_to_never(job):
    ServiceRules.objects.update(starvation_one_in=0)
    nearest = near(job, 0.1)
    near(job, 4.0, online_for=5 * HOUR)

    matching_run_pass(job_id=job.pk)

    assert Offer.objects.get().technician == nearest


@pytest.mark.parametrize("number", range(6))
def test_turn_is_drawn_by_lot_from_the_seed_of_the_pass(noon, number):
    service = ServiceFactory()
    ServiceRules.objects.create(service=service, starvation_one_in=2)
    job = JobFactory(created_at=noon, service=service)
    near(job, 0.1)
    near(job, 4.0, online_for=5 * HOUR)

    this_pass = matching_run_pass(job_id=job.pk)

    assert this_pass.is_guarded == (lot_of(this_pass.seed, "guard") < 0.5)


def test_lot_falls_on_about_one_pass_in_ten_by_default(job):
    draws = [lot_of(f"{job.pk}:{number}", "guard") * 10 < 1 for number in range(5000)]

    assert 0.08 < sum(draws) / len(draws) < 0.12


def test_policy_that_fails_on_the_starved_does_not_stop_the_pass(job, monkeypatch, settings):
    settings.CANDIDATES_KEPT, settings.EXPLORATION_PERCENT = 1, 0
    nearest = near(job, 0.1)
    near(job, 5.0, online_for=4 * HOUR)

    def broken(**_kwargs):
        raise PolicyFailed("ZeroDivisionError")

    monkeypatch.setattr(guard, "consider_rows", broken)

    this_pass = matching_run_pass(job_id=job.pk)

    assert (this_pass.outcome, this_pass.is_guarded) == (PassOutcome.OFFERED, False)
    assert Offer.objects.get().technician == nearest


def test_nobody_starves_where_nobody_is(job):
    assert not Dispatchable.objects.exists()

    assert matching_run_pass(job_id=job.pk).outcome == PassOutcome.NOBODY
    assert MatchingPass.objects.get().is_guarded is False
