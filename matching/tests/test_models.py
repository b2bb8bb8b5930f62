"""What the database refuses, whoever asks: the promises that no code path can break."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction

from fixmate.core.ids import uuid7
from jobs.tests.factories import JobFactory, job_matching
from matching.enums import OfferStatus, PassOutcome
from matching.models import CandidateDecision, Exclusion, MatchingPass, Offer
from matching.services import matching_run_pass
from matching.tests.factories import OfferFactory, offer_accepted, offer_expired, offer_rejected
from technicians.tests.factories import TechnicianFactory, technician_ready

pytestmark = pytest.mark.django_db


def refused(*names):
    """Expect the database to refuse; PostgreSQL names the constraint, SQLite the columns of a unique one."""
    return pytest.raises(IntegrityError, match="|".join(names))


def test_job_has_one_live_offer(noon):
    offer = OfferFactory(created_at=noon)

    with refused("offer_one_live_per_job", "matching_offer.job_id"), transaction.atomic():
        OfferFactory(job=offer.job, number=2, created_at=noon)


def test_accepted_offer_is_live_as_well(noon):
    offer = offer_accepted(created_at=noon)

    with refused("offer_one_live_per_job", "matching_offer.job_id"), transaction.atomic():
        OfferFactory(job=offer.job, number=2, created_at=noon)


def test_technician_looks_at_one_offer(noon):
    offer = OfferFactory(created_at=noon)

    with refused("offer_one_open_per_technician", "matching_offer.technician_id"), transaction.atomic():
        OfferFactory(technician=offer.technician, created_at=noon)


def test_closed_offers_stand_in_nobodys_way(noon):
    first = offer_rejected(created_at=noon)

    again = OfferFactory(job=first.job, technician=first.technician, number=2, created_at=noon)

    assert again.status == OfferStatus.PENDING


def test_offers_of_a_job_are_numbered_once(noon):
    first = offer_expired(created_at=noon)

    with refused("offer_number_once", "matching_offer.number"), transaction.atomic():
        OfferFactory(job=first.job, number=1, created_at=noon)


@pytest.mark.parametrize(
    ("wrong", "name"),
    [
        ({"expires_at": 0}, "offer_ends_after_start"),
        ({"status": OfferStatus.ACCEPTED}, "offer_closed_has_time"),
        ({"closed_at": 0}, "offer_closed_has_time"),
        ({"reject_reason": "BUSY"}, "offer_rejected_has_reason"),
        ({"status": "LOST", "closed_at": 0}, "offer_status_known"),
        ({"source": "ORACLE"}, "offer_source_known"),
    ],
)
def test_offer_makes_sense(noon, wrong, name):
    wrong = {key: noon if value == 0 else value for key, value in wrong.items()}

    with refused(name), transaction.atomic():
        OfferFactory(created_at=noon, **wrong)


@pytest.mark.parametrize("column", ["expires_at", "created_at"])
def test_deadlines_never_move(noon, column):
    offer = OfferFactory(created_at=noon)

    with refused("never change"), transaction.atomic():
        Offer.objects.filter(pk=offer.pk).update(**{column: noon + timedelta(seconds=30)})


def test_what_an_offer_pays_never_changes(noon):
    offer = OfferFactory(created_at=noon)

    with refused("never change"), transaction.atomic():
        Offer.objects.filter(pk=offer.pk).update(technician_earnings_minor=1)


@pytest.fixture
def decision(noon):
    job = JobFactory(created_at=noon)
    technician_ready(job.service)
    matching_run_pass(job_id=job.pk)
    return CandidateDecision.objects.get()


@pytest.mark.parametrize("table", ["matching_matchingpass", "matching_candidatedecision", "matching_offerevent"])
def test_the_record_never_changes(decision, table):
    with refused("append-only"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"UPDATE {table} SET id = id")


def test_history_of_offers_is_never_removed(decision):
    with refused("append-only"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("DELETE FROM matching_offerevent")


def test_decisions_may_be_purged(decision):
    decision.delete()

    assert not CandidateDecision.objects.exists()


@pytest.mark.parametrize(
    ("wrong", "name"),
    [
        ({"passed": True}, "decision_ranked_iff_passed"),
        ({"rank": 2, "score": 1.0}, "decision_ranked_iff_passed"),
    ],
)
def test_decision_is_ranked_if_and_only_if_it_passed(decision, wrong, name):
    row = {"verdicts": [], "passed": False, "distance_m": 1, "eta_min": 1.0, **wrong}

    with refused(name), transaction.atomic():
        CandidateDecision.objects.create(matching_pass=decision.matching_pass, technician=TechnicianFactory(), **row)


def test_pass_offers_to_one(decision):
    row = {"verdicts": [], "passed": True, "rank": 2, "score": 1.0, "distance_m": 1, "eta_min": 1.0}

    with refused("decision_one_offered_per_pass", "matching_pass_id"), transaction.atomic():
        CandidateDecision.objects.create(
            matching_pass=decision.matching_pass, technician=TechnicianFactory(), was_offered=True, **row
        )


@pytest.mark.parametrize(
    ("wrong", "name"),
    [({"passed": 2}, "matching_pass_counts_fit"), ({"outcome": "MAYBE"}, "matching_pass_outcome_known")],
)
def test_pass_makes_sense(noon, wrong, name):
    row = {
        "number": 1,
        "search_number": 1,
        "policy": "index",
        "policy_version": "x",
        "radius_m": 1,
        "looked_at": 1,
        "passed": 1,
        "outcome": PassOutcome.NOBODY,
        "digest": "x",
        "started_at": noon,
        "duration_ms": 1,
    }

    with refused(name), transaction.atomic():
        MatchingPass.objects.create(job=job_matching(created_at=noon), **{**row, **wrong})


def test_an_exclusion_says_whom_it_keeps_from_what():
    exclusion = Exclusion(technician_id=uuid7(), job_id=uuid7())

    assert str(exclusion) == f"{exclusion.technician_id} from {exclusion.job_id}"
