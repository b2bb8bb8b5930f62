"""What is done about a policy that fails, and what shadows and experiments leave on record."""

import math
import time
from collections import Counter
from datetime import UTC, datetime
from uuid import UUID

import pytest

from jobs.tests.factories import JobFactory
from matching.enums import AlertKind, OfferStatus, PassOutcome, RolloutMode
from matching.models import Alert, CandidateDecision, MatchingPass, Offer, PolicyRollout, ShadowRanking
from matching.policies import KINDS, POLICIES
from matching.policies.base import Candidate, Context, JobView, Ranked, version_of
from matching.policies.index import IndexPolicy
from matching.policies.nearest import NearestPolicy
from matching.services import matching_run_pass, passes
from matching.services.pick import pick
from matching.services.ranking import FALLBACK, PolicyFailed, rank_checked
from matching.services.rollouts import version_ensure
from technicians.services import technician_go_offline, technician_go_online
from technicians.tests.factories import technician_ready

AT = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
JOB = JobView(UUID(int=7), "plumbing", 42.36, -71.06, created_at=AT, attempt=1, price_minor=10_000)
CTX = Context(now=AT, seed="job:1")
KM = 0.009  # degrees of latitude, nearly


class Quirky(NearestPolicy):
    """Ranks by distance, and then does what the test wants with it."""

    key = "quirky"

    def rank(self, job, pool, ctx):
        return self.quirk(super().rank(job, pool, ctx))


def policy_that(quirk):
    policy = Quirky()
    policy.quirk = quirk
    return policy


def raises(ranked):
    raise ZeroDivisionError("division by zero")


def is_slow(ranked):
    began = time.thread_time()
    while time.thread_time() - began < 0.06:
        pass
    return ranked


def forgets(ranked):
    return ranked[1:]


def invents(ranked):
    return [*ranked[1:], Ranked(UUID(int=99), 0.0)]


def repeats(ranked):
    return [*ranked, ranked[0]]


def has_no_number(ranked):
    return [Ranked(ranked[0].candidate_id, math.nan), *ranked[1:]]


def has_an_endless_term(ranked):
    return [Ranked(ranked[0].candidate_id, 0.0, {"eta": math.inf}), *ranked[1:]]


QUIRKS = [
    (raises, "ZeroDivisionError: division by zero"),
    (forgets, "ranked others than those it was given"),
    (invents, "ranked others than those it was given"),
    (repeats, "ranked others than those it was given"),
    (has_no_number, "gave a score that is not finite"),
    (has_an_endless_term, "gave a score that is not finite"),
]
every_quirk = pytest.mark.parametrize(("quirk", "reason"), QUIRKS, ids=lambda one: getattr(one, "__name__", ""))


def pool_of(count):
    return [Candidate(UUID(int=number), float(number), 0, 0, 0, 0, 0.0, 0, 0, 0.0) for number in range(1, count + 1)]


# Ranking, checked


@every_quirk
def test_a_policy_that_does_not_rank_has_failed_and_says_how(quirk, reason):
    with pytest.raises(PolicyFailed) as failed:
        rank_checked(policy_that(quirk), JOB, pool_of(3), CTX)

    assert str(failed.value) == reason
    assert failed.value.ms >= 0


def test_a_policy_that_ranks_is_taken_at_its_word():
    ranking = rank_checked(NearestPolicy(), JOB, pool_of(3), CTX)

    assert ranking.ranked == NearestPolicy().rank(JOB, pool_of(3), CTX)
    assert ranking.ms >= 0


def test_a_policy_that_takes_too_long_has_failed_though_it_was_right():
    with pytest.raises(PolicyFailed, match=r"took \d+ ms, 50 are allowed") as failed:
        rank_checked(policy_that(is_slow), JOB, pool_of(3), CTX)

    assert failed.value.ms > 50


def test_more_than_a_thousand_candidates_are_allowed_more_time():
    assert len(rank_checked(policy_that(is_slow), JOB, pool_of(1001), CTX).ranked) == 1001


def test_a_sleeping_machine_is_no_failure_of_the_policy():
    def waits(ranked):
        time.sleep(0.06)
        return ranked

    assert rank_checked(policy_that(waits), JOB, pool_of(3), CTX).ranked


def test_a_pause_that_does_not_come_again_is_no_failure_of_the_policy():
    pauses = iter([is_slow])
    policy = policy_that(lambda ranked: next(pauses, list)(ranked))

    assert rank_checked(policy, JOB, pool_of(3), CTX).ms < 50


def test_a_long_reason_is_cut_to_what_the_record_holds():
    def complains(ranked):
        raise ValueError("x" * 1000)

    with pytest.raises(PolicyFailed) as failed:
        rank_checked(policy_that(complains), JOB, pool_of(1), CTX)

    assert len(str(failed.value)) == 200


def test_the_last_resort_is_never_refused(settings):
    settings.POLICY_LIMIT_MS = 0

    assert len(rank_checked(FALLBACK, JOB, pool_of(50), CTX).ranked) == 50


# In a pass


def is_alarmed():
    return Alert.objects.filter(kind=AlertKind.POLICY_FAILED).exists()


@pytest.fixture
def job(db, noon):
    return JobFactory(created_at=noon)


def near(job, km, **kwargs):
    return technician_ready(job.service, latitude=job.latitude + km * KM, longitude=job.longitude, **kwargs)


def use(monkeypatch, quirk):
    """Have the settings' policy rank the wrong way round, and fail in its way."""
    policy = policy_that(quirk)
    monkeypatch.setattr("matching.services.rollouts.policy_named", lambda key: policy)
    return policy


@pytest.mark.parametrize("part", ["nearness", "static_points"])
@pytest.mark.parametrize(
    ("answer", "reason"),
    [(raises, "ZeroDivisionError: division by zero"), (lambda given: math.nan, "gave a score that is not finite")],
)
def test_a_part_of_a_policy_that_fails_stops_neither_the_pass_nor_the_technician(
    job, monkeypatch, part, answer, reason
):
    policy = IndexPolicy()
    monkeypatch.setattr(policy, part, answer)
    monkeypatch.setattr("matching.services.rollouts.policy_named", lambda key: policy)
    technician = near(job, 1.0)
    technician_go_offline(technician_id=technician.pk)
    technician_go_online(technician_id=technician.pk)

    this_pass = matching_run_pass(job_id=job.pk)

    assert (Offer.objects.get().technician, this_pass.fallback) == (technician, reason)


@pytest.mark.parametrize(("quirk", "reason"), [*QUIRKS, (is_slow, "ms, 50 are allowed")])
def test_a_pass_goes_on_with_nearest_and_tells_staff(job, monkeypatch, quirk, reason):
    policy = use(monkeypatch, quirk)
    near(job, 3.0)
    closest = near(job, 1.0)

    this_pass = matching_run_pass(job_id=job.pk)

    assert Offer.objects.get().technician == closest
    assert (this_pass.outcome, this_pass.policy) == (PassOutcome.OFFERED, "quirky")
    assert this_pass.policy_version == version_of(policy)
    assert reason in this_pass.fallback
    best = this_pass.decisions.get(rank=1)
    assert (best.technician, best.terms) == (closest, {"eta": best.score})
    alert = Alert.objects.get(kind=AlertKind.POLICY_FAILED)
    assert (alert.subject, alert.closed_at) == (version_of(policy), None)
    assert alert.data == {"policy": "quirky", "reason": this_pass.fallback, "job_id": str(job.pk)}


def test_a_policy_that_fails_again_and_again_is_one_alert(job, noon, monkeypatch):
    use(monkeypatch, raises)
    other = JobFactory(service=job.service, created_at=noon)
    near(job, 1.0), near(job, 2.0)

    matching_run_pass(job_id=job.pk), matching_run_pass(job_id=other.pk)

    assert Offer.objects.count() == 2
    assert Alert.objects.filter(kind=AlertKind.POLICY_FAILED).count() == 1


def test_a_policy_that_ranks_leaves_no_fallback_and_no_alert(job):
    near(job, 1.0)

    this_pass = matching_run_pass(job_id=job.pk)

    assert (this_pass.fallback, is_alarmed()) == ("", False)


# Shadows


def shadow(key, **kwargs):
    return PolicyRollout.objects.create(
        version=version_ensure(POLICIES[key]), mode=RolloutMode.SHADOW, started_at=AT, **kwargs
    )


def test_shadows_rank_those_who_passed_and_decide_nothing(job):
    rollout = shadow("nearest")
    shadow("nearest", service=JobFactory().service)  # of another service
    shadow("longest_idle", ended_at=AT)
    far, close = near(job, 3.0, offers_received=0), near(job, 1.0, offers_received=10)
    near(job, 0.5, base_latitude=job.latitude + 0.1, travel_radius_m=100)

    this_pass = matching_run_pass(job_id=job.pk)

    [recorded] = this_pass.shadows.all()
    ids = [str(close.pk), str(far.pk)]
    scores = [row["score"] for row in recorded.order]
    assert (recorded.version, recorded.failure) == (rollout.version, "")
    assert [row["technician"] for row in recorded.order] == ids
    assert scores == sorted(scores, reverse=True)
    assert recorded.duration_ms >= 0
    assert (this_pass.policy, this_pass.passed) == ("index", 2)


def test_a_shadow_that_fails_leaves_its_failure_and_the_offer_stands(job, monkeypatch):
    rollout = shadow("longest_idle")
    monkeypatch.setattr(KINDS["longest_idle"], "rank", raises_always)
    near(job, 1.0)

    this_pass = matching_run_pass(job_id=job.pk)

    [recorded] = this_pass.shadows.all()
    assert (recorded.version, recorded.order) == (rollout.version, [])
    assert recorded.failure == "ZeroDivisionError: division by zero"
    assert Offer.objects.get().status == OfferStatus.PENDING
    assert (this_pass.fallback, is_alarmed()) == ("", False)


def raises_always(self, job, pool, ctx):
    raise ZeroDivisionError("division by zero")


def test_a_shadow_this_program_does_not_know_leaves_that(job, monkeypatch):
    shadow("longest_idle")
    monkeypatch.delitem(KINDS, "longest_idle")
    near(job, 1.0)

    this_pass = matching_run_pass(job_id=job.pk)

    assert this_pass.shadows.get().failure == "the version is not known to this program"
    assert Offer.objects.count() == 1


def test_a_pass_without_an_offer_has_no_shadows(job):
    shadow("nearest")

    matching_run_pass(job_id=job.pk)

    assert (MatchingPass.objects.count(), ShadowRanking.objects.count()) == (1, 0)


@pytest.mark.parametrize("most", [0, 2])
def test_no_more_shadows_rank_than_a_pass_has_time_for(job, settings, most):
    settings.SHADOW_POLICIES_MAX = most
    for key in ("nearest", "longest_idle", "random"):
        shadow(key)
    near(job, 1.0)

    this_pass = matching_run_pass(job_id=job.pk)

    assert this_pass.shadows.count() == most


# Experiments


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
