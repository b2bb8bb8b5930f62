"""The whole story of how a job was matched, for staff: as plain values, and as text to read."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from uuid import UUID

from jobs.models import Job
from jobs.selectors import job_get
from matching.models import CandidateDecision, MatchingPass, Offer
from matching.selectors import offer_list_of_job, pass_list
from matching.services.explain import Account, accounts_of
from technicians.models import Technician
from technicians.selectors import technician_get


def job_story(job_id: UUID) -> dict[str, Any]:
    """Return every pass with its candidates and what kept them out, every offer, and who has the job.

    :raises NotFound: if there is no such job
    """
    job, passes = job_get(job_id), _passes(job_id)
    return {
        "job": _job(job),
        "passes": [{**_pass(one), "candidates": _candidates(rows)} for one, rows in _with_decisions(passes)],
        "offers": [_offer(offer) for offer in offer_list_of_job(job_id)],
    }


def job_story_of(job_id: UUID, technician_id: UUID) -> dict[str, Any]:
    """Return what every pass made of one technician: as recorded, or by the same gates over what he was like then.

    :raises NotFound: if there is no such job, or no such technician
    """
    job, technician, passes = job_get(job_id), technician_get(technician_id), _passes(job_id)
    accounts = accounts_of(technician, passes, _decisions_of(technician, passes))
    return {
        "job": _job(job),
        "technician": str(technician.pk),
        "passes": [{**_pass(account.this_pass), **_account(account)} for account in accounts],
        "offers": [_offer(offer) for offer in offer_list_of_job(job_id) if offer.technician_id == technician.pk],
    }


def _passes(job_id: UUID) -> list[MatchingPass]:
    return list(pass_list(job_id).select_related("job__service").order_by("number"))


def _with_decisions(passes: Sequence[MatchingPass]) -> Iterator[tuple[MatchingPass, list[CandidateDecision]]]:
    """Yield each pass with its candidates; they stand with an equal pass before, where it wrote none itself."""
    by_number = {one.number: list(one.decisions.all()) for one in passes}
    for one in passes:
        yield one, by_number.get(one.recorded_in or 0, [])  # type: ignore[attr-defined]


def _decisions_of(technician: Technician, passes: Sequence[MatchingPass]) -> dict[UUID, CandidateDecision]:
    return {
        one.pk: row
        for one, decisions in _with_decisions(passes)
        for row in decisions
        if row.technician_id == technician.pk
    }


# As plain values


def _job(job: Job) -> dict[str, Any]:
    return {
        "id": str(job.pk),
        "service": job.service.name,
        "status": str(job.status),
        "created_at": job.created_at.isoformat(),
        "scheduled_for": job.scheduled_for.isoformat() if job.scheduled_for else None,
        "technician": str(job.technician_id) if job.technician_id else None,
    }


def _pass(one: MatchingPass) -> dict[str, Any]:
    return {
        "number": one.number,
        "at": one.started_at.isoformat(),
        "outcome": one.outcome,
        "policy": one.policy,
        "policy_version": one.policy_version,
        "seed": one.seed,
        "radius_m": one.radius_m,
        "looked_at": one.looked_at,
        "passed": one.passed,
        "is_exploration": one.is_exploration,
        "is_guarded": one.is_guarded,
        "fallback": one.fallback,
    }


def _candidates(decisions: Sequence[CandidateDecision]) -> list[dict[str, Any]]:
    return [
        {
            "technician": str(row.technician_id),
            "rank": row.rank,
            "score": row.score,
            "terms": row.terms,
            "propensity": row.propensity,
            "distance_m": row.distance_m,
            "was_offered": row.was_offered,
            "kept_out": [verdict for verdict in row.verdicts if not verdict["passed"]],
        }
        for row in decisions
    ]


def _account(account: Account) -> dict[str, Any]:
    decision = account.decision
    return {
        "was_looked_at": decision is not None,
        "is_known": bool(account.verdicts),
        "rank": decision.rank if decision else None,
        "score": decision.score if decision else None,
        "terms": decision.terms if decision else {},
        "was_offered": decision is not None and decision.was_offered,
        "verdicts": list(account.verdicts),
    }


def _offer(offer: Offer) -> dict[str, Any]:
    return {
        "number": offer.number,
        "technician": str(offer.technician_id),
        "source": offer.source,
        "status": str(offer.status),
        "created_at": offer.created_at.isoformat(),
        "expires_at": offer.expires_at.isoformat(),
        "seen_at": offer.seen_at.isoformat() if offer.seen_at else None,
        "closed_at": offer.closed_at.isoformat() if offer.closed_at else None,
        "reject_reason": offer.reject_reason,
    }


# As text


def story_lines(story: Mapping[str, Any]) -> Iterator[str]:
    """Yield the story line by line: of the job, or of one technician with it."""
    job = story["job"]
    held = f"technician {job['technician']} has it" if job["technician"] else "nobody has it"
    yield f"Job {job['id']}: {job['service']}, {job['status']}, {held}."
    if not story["passes"]:
        yield "No pass has looked for anybody yet."
    for one in story["passes"]:
        yield _headline(one)
        yield from (f"  {line}" for line in (_lines_of_one(one) if "technician" in story else _lines_of_all(one)))
    for offer in story["offers"]:
        yield _offer_line(offer)


def _headline(one: Mapping[str, Any]) -> str:
    how = [f"{one['policy']} {one['policy_version']}"]
    how += ["by lot"] * one["is_exploration"] + ["starvation guard"] * one["is_guarded"]
    how += [f"nearest instead: {one['fallback']}"] if one["fallback"] else []
    counted = f"{one['looked_at']} looked at, {one['passed']} passed"
    return f"Pass {one['number']} at {one['at']}, {one['radius_m']} m, {', '.join(how)}: {counted}, {one['outcome']}."


def _lines_of_all(one: Mapping[str, Any]) -> Iterator[str]:
    for candidate in one["candidates"]:
        if candidate["rank"] is None:
            yield f"-  {candidate['technician']}, {candidate['distance_m']} m: {_reasons(candidate['kept_out'])}"
        else:
            offered = " OFFERED" if candidate["was_offered"] else ""
            place = f"{candidate['rank']}. {candidate['technician']}, {candidate['distance_m']} m"
            yield f"{place}: {_sum(candidate)}{offered}"


def _lines_of_one(one: Mapping[str, Any]) -> Iterator[str]:
    """Say of one technician whether he was looked at, what each gate said, and his place."""
    kept_out = [verdict for verdict in one["verdicts"] if not verdict["passed"]]
    if one["was_looked_at"]:
        yield f"rank {one['rank']}: {_sum(one)}" if one["rank"] else f"kept out: {_reasons(kept_out)}"
    elif not one["is_known"]:
        yield "was not looked at; what he was like then is not known any more, or was not yet"
    else:
        passed = f"others stood before him among the {one['looked_at']} looked at"
        yield f"was not looked at: {_reasons(kept_out) or passed}"
    for verdict in one["verdicts"]:
        mark = "passed" if verdict["passed"] else "KEPT OUT"
        yield f"  {verdict['gate']:15}{mark:10}{verdict['value']} against {verdict['limit']}"


def _reasons(kept_out: Sequence[Mapping[str, Any]]) -> str:
    return "; ".join(f"{verdict['gate']}: {verdict['reason']}" for verdict in kept_out)


def _sum(ranked: Mapping[str, Any]) -> str:
    terms = " ".join(f"{points:+g} {term}" for term, points in ranked["terms"].items())
    return f"{ranked['score']:g} = {terms}"


def _offer_line(offer: Mapping[str, Any]) -> str:
    seen = f"seen {offer['seen_at']}" if offer["seen_at"] else "never seen"
    ended = f", {offer['closed_at']}" if offer["closed_at"] else f" until {offer['expires_at']}"
    reason = f" ({offer['reject_reason']})" if offer["reject_reason"] else ""
    to = f"Offer {offer['number']} to {offer['technician']} by {offer['source']} at {offer['created_at']}"
    return f"{to}: {seen}, {offer['status']}{reason}{ended}."
