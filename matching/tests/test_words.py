from decimal import Decimal

import pytest

from jobs.tests.factories import JobFactory
from matching.enums import ChosenBy, Gate, OfferSource
from matching.models import CandidateDecision
from matching.policies import POLICIES
from matching.services import matching_run_pass
from matching.tests.factories import OfferFactory
from matching.tests.helpers import KM
from matching.tests.policies import AVERAGE, CTX, JOB
from matching.words import TERMS, advice_of, chosen_of, terms_of
from technicians.tests.factories import technician_ready


@pytest.mark.parametrize("key", POLICIES)
def test_every_term_of_every_policy_has_words(key):
    (ranked,) = POLICIES[key].rank(JOB, [AVERAGE], CTX)

    assert set(ranked.terms) <= set(TERMS)


@pytest.mark.parametrize("gate", Gate)
def test_every_gate_comes_with_what_would_change_it(gate):
    verdict = {"gate": gate.value, "passed": False, "value": 17_100, "limit": 15_000, "reason": "licence missing"}

    assert advice_of(verdict).endswith(".")


@pytest.mark.parametrize(
    ("gate", "value", "advice"),
    [
        (Gate.TRAVEL_RADIUS, 17_100, "A travel radius of 18 km would have included it."),
        (Gate.SEARCH_RADIUS, 17_100, "Be nearer: 17.1 km lay between, and 15.0 km were searched."),
        (Gate.DOCUMENTS, ["INSURANCE"], "Renew or upload, and have it approved: insurance expired on 2026-03-01."),
    ],
)
def test_advice_names_the_figures(gate, value, advice):
    verdict = {"gate": gate, "value": value, "limit": 15_000, "reason": "insurance expired on 2026-03-01"}

    assert advice_of(verdict) == advice


# Why him


@pytest.fixture
def offer(db, noon):
    job = JobFactory(created_at=noon)
    for km in (1, 2, 3):
        technician_ready(job.service, latitude=job.latitude + km * KM)
    this_pass = matching_run_pass(job_id=job.pk)
    return this_pass.offers.get()


def decision_of(offer):
    return CandidateDecision.objects.get(was_offered=True)


def test_first_of_three(offer):
    chosen = chosen_of(offer, decision_of(offer))

    assert (chosen.by, chosen.rank, chosen.of) == (ChosenBy.RANK, 1, 3)
    assert chosen.text == "You came first of 3 technicians who could take this job."


def test_points_add_up_to_the_score_exactly(offer):
    decision = decision_of(offer)

    points = [term["points"] for term in terms_of(decision)]

    assert points == sorted(points, reverse=True)
    assert sum(Decimal(str(one)) for one in points) == Decimal(str(chosen_of(offer, decision).score))


@pytest.mark.parametrize(
    ("flag", "by", "text"),
    [
        ("is_exploration", ChosenBy.LOT, "You were chosen by lot, of 3 technicians who could take this job"),
        ("is_guarded", ChosenBy.TURN, "It was your turn: of 3 technicians who could take this job"),
    ],
)
def test_lot_and_turn_are_named_as_such(offer, flag, by, text):
    setattr(offer.matching_pass, flag, True)
    decision = decision_of(offer)
    decision.rank = 2

    chosen = chosen_of(offer, decision)

    assert (chosen.by, chosen.rank, chosen.of) == (by, 2, 3)
    assert chosen.text.startswith(text)


def test_alone_he_is_first_of_one(offer):
    offer.matching_pass.passed = 1

    assert chosen_of(offer, decision_of(offer)).text == "You came first of 1 technician who could take this job."


def test_staff_are_named(offer):
    offer.source = OfferSource.STAFF

    assert chosen_of(offer, None).by == ChosenBy.STAFF


@pytest.mark.django_db
def test_without_a_record_there_is_no_place(noon):
    chosen = chosen_of(OfferFactory(created_at=noon), None)

    assert (chosen.by, chosen.rank, chosen.of, chosen.score) == (ChosenBy.RANK, None, None, None)
    assert terms_of(None) == []
