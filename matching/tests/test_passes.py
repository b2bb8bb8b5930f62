from contextlib import ExitStack
from datetime import timedelta

import pytest
from django.db import IntegrityError

from catalog.tests.factories import ServiceFactory
from fixmate.core import clock
from fixmate.core.models import OutboxMessage
from jobs.enums import BlockSide, JobEventKind, JobStatus, PriceKind
from jobs.models import Block, Job, JobEvent
from jobs.tests.factories import JobFactory, job_assigned, job_cancelled, price_for
from matching.enums import Gate, OfferStatus, PassOutcome, RejectReason
from matching.models import CandidateDecision, MatchingPass, Offer
from matching.policies import POLICIES
from matching.policies.base import version_of
from matching.services import matching_run_pass, offer_reject, passes
from matching.tests.factories import OfferFactory
from matching.tests.helpers import near, verdict
from technicians.models import Technician

pytestmark = pytest.mark.django_db


@pytest.fixture
def job(noon):
    return JobFactory(created_at=noon)


# Offering


def test_pass_offers_the_job_to_the_best_and_records_everybody(job, noon):
    far, close = near(job, 4.0), near(job, 1.0)

    this_pass = matching_run_pass(job_id=job.pk)

    offer = Offer.objects.get()
    assert (offer.technician, offer.status, offer.number) == (close, OfferStatus.PENDING, 1)
    assert offer.expires_at == noon + timedelta(seconds=60)
    assert (offer.amount_minor, offer.technician_earnings_minor, offer.currency) == (10_000, 8_500, "USD")
    assert (this_pass.outcome, this_pass.looked_at, this_pass.passed) == (PassOutcome.OFFERED, 2, 2)
    assert (this_pass.policy, this_pass.policy_version) == ("index", version_of(POLICIES["index"]))
    decisions = CandidateDecision.objects.order_by("rank").values_list("technician_id", "rank", "was_offered")
    assert list(decisions) == [(close.pk, 1, True), (far.pk, 2, False)]
    best = CandidateDecision.objects.get(rank=1)
    assert best.score == pytest.approx(sum(best.terms.values()), abs=1e-6)
    assert [verdict["gate"] for verdict in best.verdicts] == list(Gate.values)


def test_offer_pays_by_the_price_that_holds_when_it_is_made(job):
    near(job, 1.0), near(job, 2.0)
    matching_run_pass(job_id=job.pk)
    first = Offer.objects.get()
    offer_reject(offer_id=first.pk, actor=first.technician.user, reason=RejectReason.BUSY)
    price_for(job, PriceKind.QUOTE_REVISION, amount_minor=15_000, revision=2)

    matching_run_pass(job_id=job.pk)

    paid = Offer.objects.order_by("number").values_list("amount_minor", "technician_earnings_minor")
    assert list(paid) == [(10_000, 8_500), (15_000, 12_750)]


def test_pass_begins_the_search_of_a_new_job_and_stops_its_timer(job, noon):
    technician = near(job)

    matching_run_pass(job_id=job.pk)

    job = Job.objects.get()
    assert (job.status, job.search_number, job.search_started_at) == (JobStatus.MATCHING, 1, noon)
    assert job.next_pass_at is None
    assert JobEvent.objects.last().kind == JobEventKind.MATCHING_STARTED
    assert Technician.objects.get(pk=technician.pk).offers_received == 1


def test_pass_tells_of_the_offer_once_committed(job):
    near(job)

    matching_run_pass(job_id=job.pk)

    told = OutboxMessage.objects.filter(payload__offer_id=str(Offer.objects.get().pk))
    assert [message.task for message in told] == ["notifications.offer_created"]


def test_doubled_pass_does_nothing(job):
    near(job, 1.0), near(job, 2.0)
    matching_run_pass(job_id=job.pk)

    again = matching_run_pass(job_id=job.pk)

    assert again is None
    assert (MatchingPass.objects.count(), Offer.objects.count()) == (1, 1)


@pytest.mark.parametrize("make", [job_assigned, job_cancelled])
def test_late_pass_of_a_job_that_has_gone_on_does_nothing(make, noon):
    job = make(created_at=noon)
    near(job)

    assert matching_run_pass(job_id=job.pk) is None
    assert not MatchingPass.objects.exists()


def test_two_jobs_never_reach_one_technician_at_once(job, noon):
    near(job)
    other = JobFactory(service=job.service, created_at=noon)
    matching_run_pass(job_id=job.pk)

    second = matching_run_pass(job_id=other.pk)

    assert second.outcome == PassOutcome.NOBODY
    refused = verdict(second.decisions.get(), Gate.NO_LIVE_OFFER)
    assert (refused["passed"], refused["reason"]) == (False, "is looking at another offer")


def test_pass_goes_on_to_the_next_when_another_was_faster(job, monkeypatch):
    close, far = near(job, 1.0), near(job, 4.0)
    add = passes._offer_add

    def raced(look, candidate, at):
        if candidate.technician_id == close.pk:
            raise IntegrityError('violates unique constraint "offer_one_open_per_technician"')
        return add(look, candidate, at)

    monkeypatch.setattr(passes, "_offer_add", raced)

    this_pass = matching_run_pass(job_id=job.pk)

    assert Offer.objects.get().technician == far
    turned = this_pass.decisions.get(technician=close)
    assert (turned.passed, turned.rank, turned.score, turned.was_offered) == (False, None, None, False)
    assert verdict(turned, Gate.NO_LIVE_OFFER)["reason"] == "got another offer, or left the search, just now"


def test_pass_goes_on_to_the_next_where_another_was_faster_to_the_lock(job, monkeypatch):
    close, far = near(job, 1.0), near(job, 4.0)
    lock = passes.technician_note_offered

    def lock_second(technician_id):
        if technician_id == close.pk and not Offer.objects.exists():
            OfferFactory(technician=close, created_at=job.created_at)
        return lock(technician_id=technician_id)

    monkeypatch.setattr(passes, "technician_note_offered", lock_second)
    monkeypatch.setattr(passes, "_ONE_OPEN_OFFER", ())  # found out by asking, not by the constraint

    this_pass = matching_run_pass(job_id=job.pk)

    assert Offer.objects.get(job=job).technician == far
    assert this_pass.decisions.get(technician=close).passed is False


def test_time_to_answer_begins_after_the_wait_for_the_lock(job, noon, monkeypatch):
    technician = near(job)
    lock = passes.technician_note_offered

    with ExitStack() as later:

        def lock_late(technician_id):
            later.enter_context(clock.frozen(noon + timedelta(seconds=7)))
            return lock(technician_id=technician_id)

        monkeypatch.setattr(passes, "technician_note_offered", lock_late)

        this_pass = matching_run_pass(job_id=job.pk)

    offer = technician.offers.get()
    assert (this_pass.started_at, offer.created_at) == (noon, noon + timedelta(seconds=7))
    assert offer.expires_at - offer.created_at == timedelta(seconds=60)
    assert offer.events.get().at == offer.created_at


def test_any_other_broken_constraint_is_a_bug_and_is_raised(job, monkeypatch):
    near(job)

    def broken(look, candidate, at):
        raise IntegrityError("offer_ends_after_start")

    monkeypatch.setattr(passes, "_offer_add", broken)

    with pytest.raises(IntegrityError, match="offer_ends_after_start"):
        matching_run_pass(job_id=job.pk)


def test_pass_leaves_out_who_went_away_or_was_blocked_while_it_was_looking(job, monkeypatch):
    gone, blocked, stays = near(job, 1.0), near(job, 1.5), near(job, 2.0)
    lock = passes.technician_note_offered

    def change_first(technician_id):
        Technician.objects.filter(pk=gone.pk).update(is_online=False)
        sides = {"customer": job.customer, "technician": blocked, "set_by": BlockSide.CUSTOMER}
        Block.objects.get_or_create(**sides, defaults={"job": job, "created_at": clock.now()})
        return lock(technician_id=technician_id)

    monkeypatch.setattr(passes, "technician_note_offered", change_first)

    this_pass = matching_run_pass(job_id=job.pk)

    assert Offer.objects.get().technician == stays
    assert this_pass.outcome == PassOutcome.OFFERED
    turned = CandidateDecision.objects.filter(technician__in=[gone, blocked])
    assert [decision.passed for decision in turned] == [False, False]
    assert Technician.objects.get(pk=gone.pk).offers_received == 0


# Cost


@pytest.mark.parametrize("technician_count", [1, 5])
def test_pass_takes_a_constant_number_of_queries(job, technician_count, settings, django_assert_num_queries):
    settings.STARVATION_ONE_IN = 0  # the guard's lot, drawn for one pass in ten, costs a query more
    for number in range(technician_count):
        near(job, 1.0 + number / 10)
    matching_run_pass(job_id=JobFactory(created_at=job.created_at, service=ServiceFactory()).pk)

    with django_assert_num_queries(39):
        matching_run_pass(job_id=job.pk)
