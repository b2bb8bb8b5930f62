"""Why somebody was asked, or not: from the record of a pass, or by the same gates over what he was like then."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from jobs.models import JobPrice
from jobs.selectors import price_list_of
from matching.enums import Gate
from matching.gates import Search, verdicts_of
from matching.models import CandidateDecision, MatchingPass
from matching.past import Look, Past, facts_then, past_of
from matching.rules import Rules, rules_then
from matching.services.search import search_for
from technicians.models import Technician
from technicians.past import PastState


@dataclass(frozen=True, slots=True)
class Account:
    """How one pass went for one technician. Without a decision the gates were asked afterwards; without verdicts
    nothing is known of him at that moment."""

    this_pass: MatchingPass
    decision: CandidateDecision | None
    verdicts: Sequence[Mapping[str, Any]]

    @property
    def kept_out(self) -> list[Mapping[str, Any]]:
        return [verdict for verdict in self.verdicts if not verdict["passed"]]


def accounts_of(
    technician: Technician, passes: Sequence[MatchingPass], decisions: Mapping[UUID, CandidateDecision]
) -> list[Account]:
    """Return how each pass went for him, in the order given: as recorded, where `decisions` has his row of the pass.

    The passes come with their jobs. A constant number of queries.
    """
    missing = [one for one in passes if one.pk not in decisions]
    looks = {look.this_pass.pk: look for look in looks_of(missing)}
    past = past_of(technician, list(looks.values()))
    accounts = []
    for one in passes:
        decision = decisions.get(one.pk)
        verdicts = decision.verdicts if decision else _verdicts_then(looks[one.pk], past)
        accounts.append(Account(one, decision, verdicts))
    return accounts


def _verdicts_then(look: Look, past: Past) -> list[dict[str, Any]]:
    facts = facts_then(past, look)
    if facts is None:
        return []
    state = past.states[look.this_pass.pk]
    is_placed = look.this_pass.pk in past.places
    verdicts = [verdict.as_json() for verdict in verdicts_of(look.search, facts)]
    return [_in_full(verdict, state, is_placed) for verdict in verdicts]


def _in_full(verdict: dict[str, Any], state: PastState, is_placed: bool) -> dict[str, Any]:
    """Add what only who was not looked at needs to be told: since when he was offline, that he had no position."""
    if verdict["gate"] == Gate.ONLINE and not verdict["passed"]:
        return {**verdict, "reason": f"offline since {state.presence_since:%Y-%m-%d %H:%M} UTC"}
    if verdict["gate"] == Gate.POSITION and not is_placed:
        return {**verdict, "passed": False, "value": None, "reason": "your app had never sent a position"}
    return verdict


def looks_of(passes: Iterable[MatchingPass]) -> list[Look]:
    """Return what each pass looked for, by the prices and the rules of its moment. Two queries."""
    passes = list(passes)
    rules = rules_then({(one.job.service_id, one.started_at) for one in passes})
    prices = price_list_of({one.job_id for one in passes})
    return [Look(one, _search(one, rules[one.job.service_id, one.started_at], prices[one.job_id])) for one in passes]


def _search(this_pass: MatchingPass, rules: Rules, prices: Sequence[JobPrice]) -> Search:
    known = [price for price in prices if price.created_at <= this_pass.started_at]
    pays_minor = (known or prices)[-1].technician_earnings_minor
    search = search_for(this_pass.job, rules, this_pass.started_at, pays_minor=pays_minor)
    return replace(search, radius_m=this_pass.radius_m)
