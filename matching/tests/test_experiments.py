"""How often somebody other than the first is asked by lot, and with what probability."""

from collections import Counter

import pytest

from jobs.tests.factories import JobFactory
from matching.enums import PassOutcome
from matching.models import CandidateDecision, Offer
from matching.services import matching_run_pass, passes
from matching.services.pick import pick
from matching.tests.helpers import near


@pytest.fixture
def job(db, noon):
    return JobFactory(created_at=noon)


def propensities():
    rows = CandidateDecision.objects.order_by("rank").values_list("technician_id", "propensity")
    return dict(rows)


def test_without_experiments_the_first_had_to_be_asked(job):
    far, close = near(job, 3.0), near(job, 1.0)
    kept_out = near(job, 2.0, base_latitude=job.latitude + 0.1, travel_radius_m=100)

    this_pass = matching_run_pass(job_id=job.pk)

    assert propensities() == {close.pk: 1.0, far.pk: 0.0, kept_out.pk: None}
    assert this_pass.is_exploration is False


def test_every_pass_an_experiment_asks_one_of_the_nearest(job, settings):
    settings.EXPLORATION_PERCENT, settings.EXPLORATION_AMONG = 100, 2
    near(job, 5.0)
    nearest = [near(job, 1.0), near(job, 2.0)]

    this_pass = matching_run_pass(job_id=job.pk)

    offer = Offer.objects.get()
    assert offer.technician in nearest
    assert this_pass.is_exploration is True
    assert sorted(propensities().values()) == [0.0, 0.5, 0.5]
    assert this_pass.decisions.get(was_offered=True).technician == offer.technician


def test_probabilities_are_those_of_the_draw_and_sum_to_one(job, settings):
    settings.EXPLORATION_PERCENT, settings.EXPLORATION_AMONG = 20, 2
    best = near(job, 4.0, rating_sum=500, rating_count=100)
    close, next_close = near(job, 3.7, rating_sum=100, rating_count=100), near(job, 3.8)

    matching_run_pass(job_id=job.pk)

    assert propensities() == {
        best.pk: pytest.approx(0.8),
        next_close.pk: pytest.approx(0.1),
        close.pk: pytest.approx(0.1),
    }
    assert sum(propensities().values()) == pytest.approx(1.0)


def test_the_nearest_are_looked_at_however_low_they_score(job, settings):
    settings.EXPLORATION_PERCENT, settings.EXPLORATION_AMONG, settings.CANDIDATES_KEPT = 5, 2, 1
    best = near(job, 3.0, rating_sum=500, rating_count=100)
    poor = [near(job, km, rating_sum=100, rating_count=100, recent_decided=50) for km in (1.0, 2.0)]
    near(job, 2.5, rating_sum=100, rating_count=100, recent_decided=50)

    this_pass = matching_run_pass(job_id=job.pk)

    assert this_pass.looked_at == 3
    ranks = dict(this_pass.decisions.values_list("technician_id", "rank"))
    assert ranks == {best.pk: 1, poor[0].pk: 2, poor[1].pk: 3}


def test_nobody_in_reach_is_no_experiment(job, settings):
    settings.EXPLORATION_PERCENT = 100

    this_pass = matching_run_pass(job_id=job.pk)

    assert (this_pass.outcome, this_pass.is_exploration) == (PassOutcome.NOBODY, False)


def test_an_experiment_lost_to_another_job_goes_on_down_the_ranks(job, settings, monkeypatch):
    settings.EXPLORATION_PERCENT, settings.EXPLORATION_AMONG = 100, 1
    closest, other = near(job, 1.0, rating_sum=100, rating_count=100, recent_decided=50), near(job, 1.5)
    attempt = passes._try_offer

    def lost(look, candidate):
        return None if candidate.technician_id == closest.pk else attempt(look, candidate)

    monkeypatch.setattr(passes, "_try_offer", lost)

    this_pass = matching_run_pass(job_id=job.pk)

    assert Offer.objects.get().technician == other
    assert this_pass.is_exploration is False
    assert propensities() == {other.pk: 0.0, closest.pk: 1.0}


def test_the_lot_falls_as_often_as_it_should(job, settings, monkeypatch):
    settings.EXPLORATION_PERCENT = 25
    technicians = [near(job, 1.0 + number / 10) for number in range(4)]
    considered = []
    monkeypatch.setattr(passes, "pick", lambda rows, seed: considered.extend(rows) or pick(rows, seed))
    matching_run_pass(job_id=job.pk)

    picks = [pick(considered, f"seed {number}") for number in range(1000)]

    drawn = Counter(one.drawn.technician_id for one in picks if one.drawn)
    assert sum(drawn.values()) == pytest.approx(250, abs=45)
    assert [drawn[one.pk] for one in technicians] == pytest.approx([62] * 4, abs=30)
