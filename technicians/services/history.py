"""What matching asks about a technician, kept as it was: one row per change, so that any pass can be explained later.

Positions have their own trace. The caller holds the lock on the technician and has saved what has changed.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import models
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


def history_note_of(technician_id: UUID) -> None:
    """Like `history_note_all`, for a technician whom the caller has not locked: this locks him."""
    for technician in Technician.objects.select_for_update(no_key=True).filter(pk=technician_id):
        history_note_all(technician)


def history_list_untrue() -> Iterator[Technician]:
    """Yield everybody whose last note says something else than what stands now. Reads all, some rows of each.

    The state of the account is left out: it follows by an event of its own, and until he applies by none.
    """
    at = clock.now()
    notes = TechnicianState.objects.filter(technician=OuterRef("pk")).order_by("-at", "-id").values("facts")
    noted = Technician.objects.annotate(noted=Subquery(notes[:1])).filter(noted__isnull=False)
    for technician in noted.select_related("user").order_by("pk").iterator():
        facts = technician.noted
        live = {**facts, **_own(technician), **_around(technician, at), "account": facts["account"]}
        if live != {**facts, "time_off": _ahead(facts, at)}:
            yield technician


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
    before = last.facts if last else {}
    facts = {**before, **_own(technician), **around}
    if before.get("is_online") != facts["is_online"]:
        facts["presence_since"] = at.isoformat()
    if facts != before:
        TechnicianState.objects.create(technician=technician, at=at, facts=facts)


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
    skills = TechnicianSkill.objects.filter(technician=technician).values_list("service_id", flat=True)
    documents = Document.objects.filter(technician=technician).order_by("created_at", "pk")
    slots = AvailabilitySlot.objects.filter(technician=technician).order_by("weekday", "starts_at")
    time_off = TimeOff.objects.filter(technician=technician, ends_at__gt=at).order_by("starts_at", "pk")
    return {
        "services": sorted(str(service_id) for service_id in skills),
        "documents": [
            [kind, status, expires_on.isoformat() if expires_on else None]
            for kind, status, expires_on in documents.values_list("kind", "status", "expires_on")
        ],
        "slots": [
            [weekday, starts_at.isoformat(), ends_at.isoformat()]
            for weekday, starts_at, ends_at in slots.values_list("weekday", "starts_at", "ends_at")
        ],
        "time_off": [[_iso(start), _iso(end)] for start, end in time_off.values_list("starts_at", "ends_at")],
    }


def _iso(at: datetime | None) -> str | None:
    return at.isoformat() if at else None
