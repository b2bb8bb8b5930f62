from contextlib import ExitStack
from datetime import timedelta

import pytest
from django.db import IntegrityError

from catalog.tests.factories import ServiceFactory
from fixmate.core import clock
from fixmate.core.models import OutboxMessage
from jobs.enums import BlockSide, JobEventKind, JobStatus
from jobs.models import Block, Job, JobEvent
from jobs.services import job_rematch_by_customer
from jobs.tests.factories import JobFactory, job_assigned, job_cancelled, job_matching
from matching.enums import Gate, OfferStatus, PassOutcome
from matching.models import CandidateDecision, MatchingPass, Offer
from matching.policies import POLICIES
from matching.policies.base import version_of
from matching.services import matching_pass_request_due, matching_run_pass, offer_expire_due, passes
from matching.tests.factories import OfferFactory, offer_rejected
from technicians.models import Technician
from technicians.tests.factories import technician_ready

pytestmark = pytest.mark.django_db
KM = 0.009  # degrees of latitude, nearly


@pytest.fixture
def job(noon):
    return JobFactory(created_at=noon)


def near(job, km=1.0, **kwargs):
    return technician_ready(job.service, latitude=job.latitude + km * KM, longitude=job.longitude, **kwargs)


def verdict(decision, gate):
    return next(verdict for verdict in decision.verdicts if verdict["gate"] == gate)


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


# Timers, radius, budget


def test_nobody_found_is_looked_for_again_soon(job, noon):
    this_pass = matching_run_pass(job_id=job.pk)

    assert (this_pass.outcome, this_pass.looked_at) == (PassOutcome.NOBODY, 0)
    assert Job.objects.get().next_pass_at == noon + timedelta(seconds=15)


def test_last_look_comes_when_the_budget_ends(job, noon):
    matching_run_pass(job_id=job.pk)

    with clock.frozen(noon + timedelta(seconds=595)):
        matching_run_pass(job_id=job.pk)

    assert Job.objects.get().next_pass_at == noon + timedelta(seconds=600)


def test_radius_widens_at_once_while_nobody_at_all_is_within_it(job):
    technician = near(job, 12.0)

    this_pass = matching_run_pass(job_id=job.pk)

    assert this_pass.radius_m == 14_000
    assert Offer.objects.get().technician == technician


def test_radius_widens_with_time_while_those_within_it_refuse(job, noon):
    offer_rejected(job=job, technician=near(job, 1.0), created_at=noon, number=1)
    farther = near(job, 8.0)

    first = matching_run_pass(job_id=job.pk)
    with clock.frozen(noon + timedelta(seconds=60)):
        farther.position.location_at = noon + timedelta(seconds=60)
        farther.position.save()
        second = matching_run_pass(job_id=job.pk)

    assert (first.radius_m, first.looked_at, first.outcome) == (6_000, 1, PassOutcome.NOBODY)
    assert second.radius_m == 10_000
    assert Offer.objects.get(status=OfferStatus.PENDING).technician == farther


def test_radius_never_passes_its_cap(job):
    near(job, 18.5)

    this_pass = matching_run_pass(job_id=job.pk)

    assert (this_pass.radius_m, this_pass.looked_at) == (18_000, 0)


def test_spent_budget_ends_in_unmatched_and_says_so(job, noon):
    matching_run_pass(job_id=job.pk)

    with clock.frozen(noon + timedelta(seconds=600)):
        last = matching_run_pass(job_id=job.pk)

    job = Job.objects.get()
    assert (last.outcome, job.status, job.next_pass_at) == (PassOutcome.EXHAUSTED, JobStatus.UNMATCHED, None)
    assert OutboxMessage.objects.filter(task="notifications.job_unmatched").count() == 1


def test_spent_offers_end_in_unmatched(job, noon, settings):
    settings.MAX_OFFERS_PER_JOB = 1
    job = job_matching(created_at=noon)
    offer_rejected(job=job, technician=near(job), created_at=noon)
    near(job)

    assert matching_run_pass(job_id=job.pk).outcome == PassOutcome.EXHAUSTED


def test_equal_candidates_and_verdicts_are_written_once(job, noon):
    near(job, base_latitude=42.40, travel_radius_m=100)

    first, second = matching_run_pass(job_id=job.pk), matching_run_pass(job_id=job.pk)

    assert (first.number, second.number) == (1, 2)
    assert first.digest == second.digest
    assert (first.decisions.count(), second.decisions.count()) == (1, 0)


# Who is asked again


def test_who_refused_is_not_asked_again_even_in_another_search(job, noon):
    technician = near(job)
    matching_run_pass(job_id=job.pk)
    offer = Offer.objects.get()
    offer.reject(reason="BUSY", note="", at=noon)
    offer.save()
    with clock.frozen(noon + timedelta(seconds=600)):
        matching_run_pass(job_id=job.pk)
        job_rematch_by_customer(job_id=job.pk, actor=job.customer)

        again = matching_run_pass(job_id=job.pk)

    decision = again.decisions.get(technician=technician)
    assert verdict(decision, Gate.NOT_TRIED)["value"] == OfferStatus.REJECTED


def test_who_let_it_lapse_is_asked_again_in_the_next_search_only(job, noon, settings):
    settings.POSITION_FRESH_S = 10_000
    near(job)
    matching_run_pass(job_id=job.pk)
    with clock.frozen(noon + timedelta(seconds=61)):
        offer_expire_due()
        same_search = matching_run_pass(job_id=job.pk)
    with clock.frozen(noon + timedelta(seconds=600)):
        matching_run_pass(job_id=job.pk)
        job_rematch_by_customer(job_id=job.pk, actor=job.customer)
        next_search = matching_run_pass(job_id=job.pk)

    assert [same_search.outcome, next_search.outcome] == [PassOutcome.NOBODY, PassOutcome.OFFERED]
    assert list(Offer.objects.order_by("number").values_list("number", "search_number")) == [(1, 1), (2, 2)]


# For later


def test_job_for_later_waits_for_its_lead_time(noon):
    job = JobFactory(created_at=noon, scheduled_for=noon + timedelta(hours=5))
    near(job)

    early = matching_run_pass(job_id=job.pk)
    with clock.frozen(noon + timedelta(hours=3)):
        technician = near(job)
        due = matching_run_pass(job_id=job.pk)
        offer = Offer.objects.get()

    assert early is None
    assert (due.outcome, offer.technician) == (PassOutcome.OFFERED, technician)
    assert offer.expires_at == noon + timedelta(hours=3, seconds=180)


def test_far_ahead_of_the_visit_bases_count_and_positions_do_not(noon, settings):
    settings.DISPATCH_LEAD_S = 86_400
    job = JobFactory(created_at=noon, scheduled_for=noon + timedelta(hours=6))
    technician = near(job, 1.0)
    with clock.frozen(noon + timedelta(hours=1)):
        this_pass = matching_run_pass(job_id=job.pk)

    assert Offer.objects.get().technician == technician
    assert verdict(this_pass.decisions.get(), Gate.POSITION) == {
        "gate": "POSITION",
        "passed": True,
        "value": 3600,
        "limit": 120,
        "reason": "",
    }


# The timer


def test_due_jobs_are_ordered_a_pass_once(job, noon):
    ordered = matching_pass_request_due()
    again = matching_pass_request_due()

    assert (ordered, again) == (1, 0)
    assert Job.objects.get().next_pass_at == noon + timedelta(seconds=15)
    assert OutboxMessage.objects.filter(task="matching.run_pass", payload={"job_id": str(job.pk)}).count() == 1


def test_job_that_is_not_due_is_left_alone(noon):
    JobFactory(created_at=noon, next_pass_at=noon + timedelta(seconds=1))

    assert matching_pass_request_due() == 0


def test_order_is_dropped_when_the_job_has_gone_on_meanwhile(job):
    OfferFactory(job=job_matching(created_at=job.created_at))
    offered = Job.objects.exclude(pk=job.pk).get()

    assert passes._request_pass(offered.pk) is False


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

    with django_assert_num_queries(43):
        matching_run_pass(job_id=job.pk)
