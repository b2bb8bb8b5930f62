"""How matching goes about a service: the defaults of the settings, and what staff set for the service instead."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db.models import QuerySet

from fixmate.core.prepared import Given, Prepared
from matching.models import ServiceRules, ServiceRulesState

MIN_STEP_M = 500  # a pass widens step by step while nobody is in reach, with the job locked
MAX_NUMBER = 2**31 - 1  # of the column
MAX_RADIUS_M = 50_000  # as far as `core.geo.cells_within` is right
_MAY_BE_ZERO = frozenset(
    {
        "search_radius_step_m",
        "cooldown_reject_s",
        "cooldown_silent_s",
        "cooldown_undelivered_s",
        "pause_s",
        "starvation_one_in",
        "busy_memory_s",
        "refusal_memory_s",
    }
)


@dataclass(frozen=True, slots=True)
class Rules:
    """Every number of a search. Lengths are in metres, times in seconds."""

    offer_timeout_s: int
    offer_timeout_scheduled_s: int
    learns_timeout: bool
    max_offers_per_job: int
    search_budget_s: int
    search_radius_m: int
    search_radius_step_m: int
    search_radius_step_s: int
    search_radius_max_m: int
    refusals_before_flag: int
    cooldown_reject_s: int
    cooldown_silent_s: int
    cooldown_undelivered_s: int
    pause_after_silent: int
    pause_s: int
    starvation_online_s: int
    starvation_one_in: int
    busy_memory_s: int
    refusal_memory_s: int


FIELDS = tuple(field.name for field in fields(Rules))


def rules_default() -> Rules:
    """Return what holds where staff set nothing."""
    return Rules(
        offer_timeout_s=settings.OFFER_TIMEOUT_S,
        offer_timeout_scheduled_s=settings.OFFER_TIMEOUT_SCHEDULED_S,
        learns_timeout=settings.LEARN_TIMEOUT,
        max_offers_per_job=settings.MAX_OFFERS_PER_JOB,
        search_budget_s=settings.SEARCH_BUDGET_S,
        search_radius_m=settings.SEARCH_RADIUS_M,
        search_radius_step_m=settings.SEARCH_RADIUS_STEP_M,
        search_radius_step_s=settings.SEARCH_RADIUS_STEP_S,
        search_radius_max_m=settings.SEARCH_RADIUS_MAX_M,
        refusals_before_flag=settings.REFUSALS_BEFORE_FLAG,
        cooldown_reject_s=settings.COOLDOWN_REJECT_S,
        cooldown_silent_s=settings.COOLDOWN_SILENT_S,
        cooldown_undelivered_s=settings.COOLDOWN_UNDELIVERED_S,
        pause_after_silent=settings.PAUSE_AFTER_SILENT,
        pause_s=settings.PAUSE_S,
        starvation_online_s=settings.STARVATION_ONLINE_S,
        starvation_one_in=settings.STARVATION_ONE_IN,
        busy_memory_s=settings.BUSY_MEMORY_S,
        refusal_memory_s=settings.REFUSAL_MEMORY_S,
    )


def rules_for(service_id: UUID) -> Rules:
    """Return what holds for the service. One query."""
    return overlaid(values_for(service_id))


def rules_for_each(service_ids: Collection[UUID]) -> dict[UUID, Rules]:
    """Return what holds for each service. One query."""
    rows = {row.service_id: row for row in ServiceRules.objects.filter(service__in=service_ids)}
    return {service_id: overlaid(values_of(rows.get(service_id))) for service_id in service_ids}


def values_for(service_id: UUID) -> dict[str, Any]:
    return values_of(_of_service.first(service=service_id))


@Prepared
def _of_service() -> QuerySet[ServiceRules]:
    return ServiceRules.objects.filter(service=Given("service"))


def rules_then(asked: Collection[tuple[UUID, datetime]]) -> dict[tuple[UUID, datetime], Rules]:
    """Return what held for each service at that moment, over the settings of today. One query."""
    states = ServiceRulesState.objects.filter(service__in={service_id for service_id, _ in asked}).order_by("at", "id")
    by_service: dict[UUID, list[ServiceRulesState]] = defaultdict(list)
    for state in states:
        by_service[state.service_id].append(state)
    return {(service_id, at): _in_force(by_service[service_id], at) for service_id, at in asked}


def _in_force(states: Sequence[ServiceRulesState], at: datetime) -> Rules:
    """Before the first change, whatever the settings say."""
    return overlaid(next((state.values for state in reversed(states) if state.at <= at), {}))


def values_of(row: ServiceRules | None) -> dict[str, Any]:
    """Return what staff set for a service, None where they left it to the settings."""
    return {name: getattr(row, name, None) for name in FIELDS}


def overlaid(values: Mapping[str, Any]) -> Rules:
    return replace(rules_default(), **{name: value for name, value in values.items() if value is not None})


def most_of(name: str) -> int:
    """Return the most that staff may set, the other numbers left aside."""
    return MAX_RADIUS_M if name in ("search_radius_m", "search_radius_max_m") else MAX_NUMBER


def least_of(name: str) -> int:
    """Return the least that staff may set, the other numbers left aside."""
    return 0 if name in _MAY_BE_ZERO else 1


def faults_of(values: Mapping[str, Any]) -> dict[str, list[str]]:
    """Return, by field, what is wrong with the values that staff want to set; nothing if all is well.

    The radius is judged with the settings' part in it: that is how it will be used.
    """
    faults = {
        name: ["Give a number above 0."]
        for name, value in values.items()
        if value is not None and value <= 0 and name != "learns_timeout" and name not in _MAY_BE_ZERO
    }
    rules = overlaid(values)
    if 0 < rules.search_radius_step_m < MIN_STEP_M:
        faults["search_radius_step_m"] = [f"Give 0, or {MIN_STEP_M} m or more."]
    if rules.search_radius_max_m > MAX_RADIUS_M:
        faults["search_radius_max_m"] = [f"Give up to {MAX_RADIUS_M} m."]
    elif rules.search_radius_m > rules.search_radius_max_m:
        faults["search_radius_m"] = [f"Give no more than the largest radius, {rules.search_radius_max_m} m."]
    return faults
