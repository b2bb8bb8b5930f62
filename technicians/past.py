"""A technician as he was: what a row of TechnicianState says, in the types that the rest of the code speaks. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any
from uuid import UUID

from accounts.enums import UserStatus
from fixmate.core.geo import Point
from technicians.availability import Absence, Availability, Slot
from technicians.enums import DocumentStatus, Verification

_WAS_APPROVED = (DocumentStatus.APPROVED, DocumentStatus.EXPIRED)


@dataclass(frozen=True, slots=True)
class PastDocument:
    kind: str
    status: str
    expires_on: date | None


@dataclass(frozen=True, slots=True)
class PastState:
    verification: Verification
    account: UserStatus
    is_online: bool
    presence_since: datetime
    base: Point | None
    travel_radius_m: int
    cooldown_until: datetime | None
    paused_until: datetime | None
    services: frozenset[UUID]
    documents: tuple[PastDocument, ...]
    availability: Availability

    def documents_missing(self, required: Sequence[str], on: date) -> dict[str, date | None]:
        """Return the required kinds not good on that day, each with the day it ran out, as `documents_missing_on`."""
        last_days: dict[str, date] = {}
        for document in self.documents:
            if document.status in _WAS_APPROVED:
                last_day = document.expires_on or date.max
                last_days[document.kind] = max(last_days.get(document.kind, date.min), last_day)
        held = {kind: last_days.get(kind) for kind in required}
        return {kind: last_day for kind, last_day in held.items() if last_day is None or last_day < on}


def past_state(facts: Mapping[str, Any]) -> PastState:
    """Read what `technicians.services.history` wrote."""
    return PastState(
        verification=Verification(facts["verification"]),
        account=UserStatus(facts["account"]),
        is_online=facts["is_online"],
        presence_since=datetime.fromisoformat(facts["presence_since"]),
        base=Point(*facts["base"]) if facts["base"] else None,
        travel_radius_m=facts["travel_radius_m"],
        cooldown_until=_moment(facts["cooldown_until"]),
        paused_until=_moment(facts["paused_until"]),
        services=frozenset(UUID(service_id) for service_id in facts["services"]),
        documents=tuple(
            PastDocument(kind, status, date.fromisoformat(expires_on) if expires_on else None)
            for kind, status, expires_on in facts["documents"]
        ),
        availability=Availability(
            facts["time_zone"],
            tuple(
                Slot(weekday, time.fromisoformat(starts_at), time.fromisoformat(ends_at))
                for weekday, starts_at, ends_at in facts["slots"]
            ),
            tuple(
                Absence(datetime.fromisoformat(starts_at), datetime.fromisoformat(ends_at))
                for starts_at, ends_at in facts["time_off"]
            ),
        ),
    )


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
