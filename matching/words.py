"""What matching decided, in words for the technician it is about. Pure; never about anybody else."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import ceil
from typing import Any, Final

from matching.enums import ChosenBy, Gate, OfferSource
from matching.models import CandidateDecision, Offer

# Every term of every policy has words here: a test holds it.
TERMS: Final[Mapping[str, str]] = {
    "nearness": "how soon you can be there",
    "eta": "the minutes to get there",
    "quality": "what customers say of your work",
    "patience": "how long you have waited for work",
    "idle": "the minutes you have waited for work",
    "newcomer": "a hand for who is new here",
    "acceptance": "how often you take what you are offered",
    "lot": "drawn by lot",
}

# Finer distances would tell where a customer lives: a few of them, from known places, meet in one point.
DISTANCE_STEP_M: Final = 100
_MEASURED: Final = (Gate.TRAVEL_RADIUS, Gate.SEARCH_RADIUS, Gate.REFUSAL_MEMORY)


@dataclass(frozen=True, slots=True)
class Chosen:
    """Why an offer went to him: his place among those who could take the job, and what put him there."""

    by: ChosenBy
    text: str
    rank: int | None = None
    of: int | None = None
    score: int | None = None


def chosen_of(offer: Offer, decision: CandidateDecision | None) -> Chosen:
    """Tell how the choice fell on him. `decision` is his row of the offer's pass, while it is kept."""
    if offer.source == OfferSource.STAFF:
        return Chosen(ChosenBy.STAFF, "Our staff assigned this job to you.")
    this_pass = offer.matching_pass
    if this_pass is None or decision is None:
        return Chosen(ChosenBy.RANK, "You could take this job.")
    # Whoever another job took in the same moment has lost his rank, and is not counted among those who passed.
    place = (min(decision.rank or 1, this_pass.passed), this_pass.passed, _score(decision))
    others = f"of {_people(this_pass.passed)} who could take this job"
    if this_pass.is_exploration:
        return Chosen(ChosenBy.LOT, f"You were chosen by lot, {others}, among the nearest.", *place)
    if this_pass.is_guarded:
        return Chosen(ChosenBy.TURN, f"It was your turn: {others}, you waited the longest without one.", *place)
    return Chosen(ChosenBy.RANK, f"You came first {others}.", 1, this_pass.passed, _score(decision))


def _score(decision: CandidateDecision) -> int:
    """Return the sum of the points as they are shown."""
    return sum(term["points"] for term in terms_of(decision))


def terms_of(decision: CandidateDecision | None) -> list[dict[str, Any]]:
    """Return the terms of the score, the greatest first, in whole points: finer ones would tell where the job is."""
    terms = {name: round(points) for name, points in decision.terms.items()} if decision else {}
    most_first = sorted(terms.items(), key=lambda term: (-term[1], term[0]))
    return [{"term": term, "text": TERMS.get(term, term), "points": points} for term, points in most_first]


def _people(number: int) -> str:
    return "1 technician" if number == 1 else f"{number} technicians"


# What is on record about him, as he is given it


def place_told(row: dict[str, Any]) -> dict[str, Any]:
    """Return the row with the distance and the minutes to the job no finer than an offer tells them."""
    return {**row, "distance_m": step_of(row["distance_m"]), "eta_min": round(row["eta_min"])}


def decision_told(row: dict[str, Any]) -> dict[str, Any]:
    """Return a decision about him without who does not want to meet him, and without what tells where the job is."""
    told = place_told(row)
    told["verdicts"] = [_verdict_told(one) for one in row["verdicts"] if one["gate"] != Gate.NOT_BLOCKED]
    told["terms"] = {name: round(points) for name, points in row["terms"].items()}
    told["score"] = None if row["score"] is None else round(row["score"])
    return told


def _verdict_told(verdict: dict[str, Any]) -> dict[str, Any]:
    value = verdict["value"]
    is_place = verdict["gate"] in _MEASURED and isinstance(value, int | float)
    return {**verdict, "value": step_of(value)} if is_place else verdict


def step_of(distance_m: float) -> int:
    return round(distance_m / DISTANCE_STEP_M) * DISTANCE_STEP_M


# What kept him out, and what would have changed it

_ADVICE: Final[Mapping[Gate, str]] = {
    Gate.VERIFIED: "Jobs come once our staff have verified you.",
    Gate.ACCOUNT: "It ends when our staff reinstate your account: write to them if you see it differently.",
    Gate.ONLINE: "Go online when you want to be offered jobs.",
    Gate.SKILL: "Add the service to your profile.",
    Gate.POSITION: "Keep the app open and let it use your location while you are online.",
    Gate.AVAILABLE: "Change your weekly hours or your time off.",
    Gate.FREE: "Nothing to change: you had other work.",
    Gate.WORKLOAD: "Finish jobs that you hold before taking more.",
    Gate.NOT_TRIED: "Nothing to change: a job is offered to you once.",
    Gate.NOT_EXCLUDED: "Ask our staff.",
    Gate.NOT_BLOCKED: "Nothing to change.",
    Gate.REFUSAL_MEMORY: "It fades by itself. What you give as a reason for declining is taken at its word.",
    Gate.RESTED: "It ends by itself; a pause can be ended in the app.",
    Gate.NO_LIVE_OFFER: "Answer offers sooner: while one is open there is no other.",
}


def advice_of(verdict: Mapping[str, Any]) -> str:
    """Return what would have let him through the gate."""
    gate, value, limit = Gate(verdict["gate"]), verdict["value"], verdict["limit"]
    if gate == Gate.DOCUMENTS:
        return f"Renew or upload, and have it approved: {verdict['reason']}."
    if gate == Gate.TRAVEL_RADIUS:
        return f"A travel radius of {ceil(value / 1000)} km would have included it."
    if gate == Gate.SEARCH_RADIUS:
        return f"Be nearer: {value / 1000:.1f} km lay between, and {limit / 1000:.1f} km were searched."
    return _ADVICE[gate]
