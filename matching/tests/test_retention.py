from datetime import timedelta

import pytest

from fixmate.core import clock, sweeps
from jobs.tests.factories import JobFactory
from matching.models import CandidateDecision, MatchingPass, Offer, PolicyVersion, ShadowRanking
from matching.services import decision_purge, matching_run_pass
from matching.tasks import purge_decisions
from technicians.tests.factories import technician_ready

pytestmark = pytest.mark.django_db


@pytest.fixture
def this_pass(noon):
    job = JobFactory(created_at=noon)
    technician_ready(job.service)
    this_pass = matching_run_pass(job_id=job.pk)
    version = PolicyVersion.objects.create(key="nearest", version="other", created_at=noon)
    ShadowRanking.objects.create(matching_pass=this_pass, version=version, order=[], duration_ms=1.0)
    return this_pass


def rows():
    return CandidateDecision.objects.count(), ShadowRanking.objects.count()


@pytest.mark.parametrize(("days", "left"), [(90, (1, 1)), (91, (0, 0))])
def test_candidates_and_shadows_are_forgotten_after_their_time(this_pass, noon, days, left):
    with clock.frozen(noon + timedelta(days=days)):
        removed = decision_purge()

    assert (rows(), removed) == (left, 2 - sum(left))
    assert (MatchingPass.objects.count(), Offer.objects.count()) == (1, 1)


def test_the_sweep_purges(this_pass, noon):
    with clock.frozen(noon + timedelta(days=91)):
        purge_decisions.apply(throw=True)

    assert "matching.purge_decisions" in sweeps.registered()
    assert rows() == (0, 0)


def test_pass_keeps_so_many_candidates_and_whom_it_offered_to(noon, settings):
    settings.CANDIDATES_KEPT = 2
    job = JobFactory(created_at=noon)
    for _ in range(3):  # nearest, and kept out
        technician_ready(job.service, latitude=job.latitude, base_latitude=43.0, travel_radius_m=1_000)
    passing = technician_ready(job.service, latitude=job.latitude + 0.03)

    this_pass = matching_run_pass(job_id=job.pk)

    kept = this_pass.decisions.order_by("pk").values_list("was_offered", "passed")
    assert (this_pass.looked_at, this_pass.passed) == (4, 1)
    assert list(kept) == [(True, True), (False, False)]
    assert Offer.objects.get().technician == passing
