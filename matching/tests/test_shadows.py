"""What shadows leave on record: they rank those who passed, and decide nothing."""

from datetime import UTC, datetime

import pytest

from jobs.tests.factories import JobFactory
from matching.enums import OfferStatus, RolloutMode
from matching.models import MatchingPass, Offer, PolicyRollout, ShadowRanking
from matching.policies import KINDS, POLICIES
from matching.services import matching_run_pass
from matching.services.rollouts import version_ensure
from matching.tests.helpers import is_alarmed, near

AT = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


@pytest.fixture
def job(db, noon):
    return JobFactory(created_at=noon)


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
