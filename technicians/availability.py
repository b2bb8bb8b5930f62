"""When a technician works: weekly slots on his own wall clock, less his time off. Pure, and safe across DST."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

OUTSIDE_SLOTS = "outside weekly slots"
_STEP = timedelta(hours=1)  # no zone changes its offset twice within an hour
_TICK = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Slot:
    """A weekly stretch of wall-clock time; an end of 00:00 is the end of the day."""

    weekday: int
    starts_at: time
    ends_at: time

    @property
    def lasts_to_midnight(self) -> bool:
        return self.ends_at == time(0)

    @property
    def is_empty(self) -> bool:
        return self.ends_at <= self.starts_at and not self.lasts_to_midnight

    def overlaps(self, later: "Slot") -> bool:
        """Tell whether a slot that starts no earlier in the week begins before this one ends."""
        return self.weekday == later.weekday and (self.lasts_to_midnight or later.starts_at < self.ends_at)

    def end_if_covering(self, wall: datetime) -> datetime | None:
        """Return where the slot ends on that day, if the wall-clock time lies in it."""
        if wall.weekday() != self.weekday or wall.time() < self.starts_at:
            return None
        if self.lasts_to_midnight:
            return datetime.combine(wall, time(0)) + timedelta(days=1)
        end = datetime.combine(wall, self.ends_at)
        return end if wall < end else None


@dataclass(frozen=True, slots=True)
class Absence:
    starts_at: datetime
    ends_at: datetime


@dataclass(frozen=True, slots=True)
class Availability:
    """Without slots, a technician is available whenever he is online."""

    time_zone: str = "UTC"
    slots: tuple[Slot, ...] = ()
    time_off: tuple[Absence, ...] = ()

    def gap(self, start: datetime, end: datetime) -> str:
        """Return why the stretch is not wholly his working time, or "".

        A moment is working time when the technician's wall clock shows a time inside one of his slots.
        """
        for absence in self.time_off:
            if absence.starts_at < end and absence.ends_at > start:
                return f"time off until {absence.ends_at.astimezone(UTC):%Y-%m-%dT%H:%MZ}"
        if not self.slots:
            return ""
        pieces = _on_wall_clock(start, end, ZoneInfo(self.time_zone))
        return "" if all(self._covers(*piece) for piece in pieces) else OUTSIDE_SLOTS

    def _covers(self, start: datetime, end: datetime) -> bool:
        at = start
        while at < end:
            reaches = [reach for slot in self.slots if (reach := slot.end_if_covering(at))]
            if not reaches:
                return False
            at = max(reaches)
        return True


def _on_wall_clock(start: datetime, end: datetime, zone: ZoneInfo) -> Iterator[tuple[datetime, datetime]]:
    """Yield the stretch as naive wall-clock pieces, cut where the zone's offset changes."""
    at, end = start.astimezone(UTC), end.astimezone(UTC)
    while at < end:
        until, offset = _offset_change(at, end, zone), _offset(at, zone)
        yield (at + offset).replace(tzinfo=None), (until + offset).replace(tzinfo=None)
        at = until


def _offset_change(start: datetime, end: datetime, zone: ZoneInfo) -> datetime:
    """Return the first moment after `start` at which another offset holds, at the latest `end`."""
    offset, before = _offset(start, zone), start
    while before < end:
        after = min(before + _STEP, end)
        if _offset(after, zone) != offset:
            return _bisect(before, after, offset, zone)
        before = after
    return end


def _bisect(before: datetime, after: datetime, offset: timedelta, zone: ZoneInfo) -> datetime:
    while after - before > _TICK:
        middle = before + (after - before) / 2
        if _offset(middle, zone) == offset:
            before = middle
        else:
            after = middle
    return after


def _offset(at: datetime, zone: ZoneInfo) -> timedelta:
    return at.astimezone(zone).utcoffset() or timedelta(0)
