"""What is done about a policy that fails."""

import math
import time
from uuid import UUID

import pytest

from jobs.tests.factories import JobFactory
from matching.enums import AlertKind, PassOutcome
from matching.models import Alert, Offer
from matching.policies.base import Candidate, Ranked, version_of
from matching.policies.index import IndexPolicy
from matching.policies.nearest import NearestPolicy
from matching.services import matching_run_pass
from matching.services.ranking import FALLBACK, PolicyFailed, rank_checked
from matching.tests.helpers import is_alarmed, near
from matching.tests.policies import CTX, JOB
from technicians.services import technician_go_offline, technician_go_online


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


@pytest.fixture
def job(db, noon):
    return JobFactory(created_at=noon)


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
