"""A restricted technician finishes the jobs he has, and is offered no others."""

import pytest

from accounts.enums import UserStatus
from accounts.errors import AccountRestricted
from accounts.services import user_reinstate, user_restrict
from accounts.tests.factories import UserFactory
from fixmate.core import clock
from jobs.enums import JobStatus
from jobs.services import job_complete_by_technician, job_start_by_technician
from jobs.tests.factories import job_assigned, job_matching
from jobs.tests.helpers import north_of, nothing_written, put, stored
from matching.enums import Gate, OfferStatus
from matching.models import CandidateDecision, Offer
from matching.services import matching_run_pass, offer_accept
from matching.tests.factories import OfferFactory
from matching.tests.past import STEP, kept_out, pass_of, verdicts_then
from technicians.models import Dispatchable
from technicians.services import technician_go_online
from technicians.tests.factories import technician_ready

pytestmark = pytest.mark.django_db


def restrict(technician):
    user_restrict(user_id=technician.user_id, actor=UserFactory(admin=True), reason="Too many complaints.")


def test_his_open_offer_is_taken_back_and_the_search_goes_on(noon, drain):
    job = job_matching(created_at=noon)
    technician = technician_ready(job.service)
    matching_run_pass(job_id=job.pk)

    restrict(technician)
    drain()

    assert (Offer.objects.get().status, stored(job).status) == (OfferStatus.WITHDRAWN, JobStatus.MATCHING)
    assert stored(job).next_pass_at is not None
    assert not Dispatchable.objects.exists()


def test_between_the_restriction_and_its_news_a_pass_passes_him_over(noon):
    job = job_matching(created_at=noon)
    technician = technician_ready(job.service)
    restrict(technician)

    matching_run_pass(job_id=job.pk)

    verdicts = {verdict["gate"]: verdict for verdict in CandidateDecision.objects.get().verdicts}
    assert not Offer.objects.exists()
    assert verdicts[Gate.ACCOUNT] == {
        "gate": "ACCOUNT",
        "passed": False,
        "value": "RESTRICTED",
        "limit": "ACTIVE",
        "reason": "your account is restricted",
    }


def test_between_the_restriction_and_its_news_he_accepts_nothing(noon):
    offer = OfferFactory(job=job_matching(created_at=noon), created_at=noon)
    restrict(offer.technician)

    with nothing_written(), pytest.raises(AccountRestricted):
        offer_accept(offer_id=offer.pk, actor=offer.technician.user)

    assert Offer.objects.get().status == OfferStatus.PENDING


def test_what_was_is_explained_by_what_he_was_then(noon, drain):
    job = job_matching(created_at=noon)
    technician = technician_ready(job.service)
    with clock.frozen(noon + STEP):
        restrict(technician)
        drain()
    with clock.frozen(noon + 3 * STEP):
        user_reinstate(user_id=technician.user_id, actor=UserFactory(admin=True), reason="Settled.")
        drain()
        technician_go_online(technician_id=technician.pk)

    passes = [pass_of(job, noon, number=1), pass_of(job, noon + 2 * STEP, number=2)]
    then = [kept_out(technician, one) for one in passes]

    assert then == [set(), {Gate.ACCOUNT, Gate.ONLINE}]
    assert verdicts_then(technician, passes[1])[Gate.ACCOUNT]["value"] == UserStatus.RESTRICTED


def test_he_starts_and_completes_the_job_he_has(noon, settings):
    settings.START_CODE_REQUIRED = False
    job = job_assigned(created_at=noon)
    put(job.technician, north_of(job, 0), noon)
    restrict(job.technician)

    job_start_by_technician(job_id=job.pk, actor=job.technician.user)
    job_complete_by_technician(job_id=job.pk, actor=job.technician.user, work_summary="New washer.")

    assert stored(job).status == JobStatus.COMPLETED
