"""What matching asks about a technician, kept as it was: one row per change, so that any pass can be explained later.

Positions have their own trace. The caller holds the lock on the technician and has saved what has changed.
"""

import json
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import connection, models
from django.db.models import Exists, OuterRef, Q, Subquery

from fixmate.core import clock
from fixmate.core.batches import purge
from technicians.models import (
    AvailabilitySlot,
    Document,
    PositionTrace,
    Technician,
    TechnicianSkill,
    TechnicianState,
    TimeOff,
)

_READ_AT_ONCE = 1_000
# One document for all rows: Django would escape every quotation mark of the facts, which takes longer than the insert.
_INSERT = """
INSERT INTO technicians_technicianstate (technician_id, at, facts)
SELECT (state ->> 0)::uuid, (state ->> 1)::timestamptz, state -> 2
FROM jsonb_array_elements(%s::jsonb) WITH ORDINALITY AS given (state, number) ORDER BY number
"""


def history_note(technician: Technician) -> None:
    """Note what stands in the technician's own row, where it differs from the last note; the rest is carried over.

    One read, and an insert if there is news. Writes everything where there is no note yet.
    """
    last, at = _last(technician), clock.now()
    _note(technician, last, _around(technician, at) if last is None else {}, at)


def history_note_all(technician: Technician) -> None:
    """Like `history_note`, with what hangs on the technician: skills, documents, weekly slots and time off."""
    last, at = _last(technician), clock.now()
    _note(technician, last, _around(technician, at), at)


def history_note_each(technicians: Collection[Technician]) -> None:
    """Like `history_note`, for many. A constant number of queries."""
    at = clock.now()
    notes = _with_last_note(Technician.objects.filter(pk__in=[technician.pk for technician in technicians]))
    last = dict(notes.values_list("pk", "noted"))
    new = [technician.pk for technician in technicians if not last.get(technician.pk)]
    around = _around_each(new, at) if new else {}
    news: list[TechnicianState] = []
    for technician in technicians:
        news += _news(technician, last.get(technician.pk) or {}, around.get(technician.pk, {}), at)
    _add_all(news)


def _add_all(states: Collection[TechnicianState]) -> None:
    if connection.vendor == "postgresql":  # pragma: postgresql
        rows = [[state.technician_id.hex, state.at.isoformat(), state.facts] for state in states]
        with connection.cursor() as cursor:
            cursor.execute(_INSERT, [json.dumps(rows)])
    else:
        TechnicianState.objects.bulk_create(states)


def _with_last_note(technicians: models.QuerySet[Technician]) -> Any:
    """Return the technicians with `noted`, what the last note says."""
    notes = TechnicianState.objects.filter(technician=OuterRef("pk")).order_by("-at", "-id").values("facts")
    return technicians.annotate(noted=Subquery(notes[:1]))


def history_note_of(technician_id: UUID) -> None:
    """Like `history_note_all`, for a technician whom the caller has not locked: this locks him."""
    for technician in Technician.objects.select_for_update(no_key=True).filter(pk=technician_id):
        history_note_all(technician)


def history_list_untrue() -> Iterator[Technician]:
    """Yield everybody whose last note says something else than what stands now. Reads all, `_READ_AT_ONCE` at a time.

    The state of the account is left out: it follows by an event of its own, and until he applies by none.
    """
    at = clock.now()
    noted = _with_last_note(Technician.objects.all()).filter(noted__isnull=False)
    in_order = noted.select_related("user").order_by("pk")
    chunk = list(in_order[:_READ_AT_ONCE])
    while chunk:
        around = _around_each([technician.pk for technician in chunk], at)
        yield from (technician for technician in chunk if not _is_true(technician, around[technician.pk], at))
        chunk = list(in_order.filter(pk__gt=chunk[-1].pk)[:_READ_AT_ONCE])


def _is_true(technician: Technician, around: dict[str, Any], at: datetime) -> bool:
    facts = technician.noted  # type: ignore[attr-defined]
    live = {**facts, **_own(technician), **around, "account": facts["account"]}
    return bool(live == {**facts, "time_off": _ahead(facts, at)})


def _ahead(facts: dict[str, Any], at: datetime) -> list[list[str]]:
    """Return the time off noted, without what has ended since: that is carried over as it was."""
    return [[start, end] for start, end in facts["time_off"] if datetime.fromisoformat(end) > at]


def history_purge() -> int:
    """Remove states and traces that were over `STATE_KEEP_DAYS` ago; return how many. Idempotent.

    What was still in force then is kept, however old: the last row before the horizon.
    """
    horizon = clock.now() - timedelta(days=settings.STATE_KEEP_DAYS)
    return sum(purge(_over_before(model, horizon)) for model in (TechnicianState, PositionTrace))


def _over_before(model: type[TechnicianState] | type[PositionTrace], horizon: datetime) -> models.QuerySet[Any]:
    is_newer = Q(at__gt=OuterRef("at")) | Q(at=OuterRef("at"), pk__gt=OuterRef("pk"))
    followed = model._default_manager.filter(is_newer, technician=OuterRef("technician"), at__lte=horizon)
    return model._default_manager.filter(Exists(followed), at__lt=horizon)


def _last(technician: Technician) -> TechnicianState | None:
    return TechnicianState.objects.filter(technician=technician).order_by("-at", "-id").first()


def _note(technician: Technician, last: TechnicianState | None, around: dict[str, Any], at: datetime) -> None:
    for state in _news(technician, last.facts if last else {}, around, at):
        state.save()


def _news(
    technician: Technician, before: dict[str, Any], around: dict[str, Any], at: datetime
) -> list[TechnicianState]:
    """Return the note to add, or none if it would say what the last one says."""
    facts = {**before, **_own(technician), **around}
    if before.get("is_online") != facts["is_online"]:
        facts["presence_since"] = at.isoformat()
    return [TechnicianState(technician=technician, at=at, facts=facts)] if facts != before else []


def _own(technician: Technician) -> dict[str, Any]:
    base = technician.base
    return {
        "verification": str(technician.verification),
        "account": str(technician.user.status),
        "is_online": technician.is_online,
        "base": [base.latitude, base.longitude] if base else None,
        "travel_radius_m": technician.travel_radius_m,
        "time_zone": technician.time_zone,
        "cooldown_until": _iso(technician.cooldown_until),
        "paused_until": _iso(technician.paused_until),
    }


def _around(technician: Technician, at: datetime) -> dict[str, Any]:
    return _around_each([technician.pk], at)[technician.pk]


def _around_each(ids: Collection[UUID], at: datetime) -> dict[UUID, dict[str, Any]]:
    """Return what hangs on each. Four queries, whatever their number."""
    skills = TechnicianSkill.objects.filter(technician__in=ids)
    documents = Document.objects.filter(technician__in=ids).order_by("created_at", "pk")
    slots = AvailabilitySlot.objects.filter(technician__in=ids).order_by("weekday", "starts_at")
    time_off = TimeOff.objects.filter(technician__in=ids, ends_at__gt=at).order_by("starts_at", "pk")
    services = _by_owner(skills.values_list("technician_id", "service_id"))
    papers = _by_owner(documents.values_list("technician_id", "kind", "status", "expires_on"))
    hours = _by_owner(slots.values_list("technician_id", "weekday", "starts_at", "ends_at"))
    absences = _by_owner(time_off.values_list("technician_id", "starts_at", "ends_at"))
    return {
        pk: {
            "services": sorted(str(service_id) for (service_id,) in services[pk]),
            "documents": [[kind, status, _iso(expires_on)] for kind, status, expires_on in papers[pk]],
            "slots": [[weekday, _iso(starts_at), _iso(ends_at)] for weekday, starts_at, ends_at in hours[pk]],
            "time_off": [[_iso(starts_at), _iso(ends_at)] for starts_at, ends_at in absences[pk]],
        }
        for pk in ids
    }


def _by_owner(rows: Iterable[tuple[Any, ...]]) -> dict[UUID, list[tuple[Any, ...]]]:
    """Group rows by their first column, and leave it out."""
    grouped: dict[UUID, list[tuple[Any, ...]]] = defaultdict(list)
    for owner, *rest in rows:
        grouped[owner].append(tuple(rest))
    return grouped


def _iso(at: date | time | None) -> str | None:
    return at.isoformat() if at else None
