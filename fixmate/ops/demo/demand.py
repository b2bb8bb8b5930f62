"""Demand: who needs what, where and when; from a file of real requests or from `city`."""

import csv
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from math import isfinite
from pathlib import Path
from random import Random

from fixmate.core.geo import Point
from fixmate.ops.demo.options import LAST_REQUEST_AFTER_S, DemoError

COLUMNS = ("requested_at", "category", "latitude", "longitude")
EITHER = "electrical_or_plumbing"
FALLBACK = "general-repair"
TRADES = ("heating", "electrical", "plumbing", "general-repair", "structural-safety", "inspection", "pest-control")
# What other books call the trades of the catalogue.
TRADE_OF = {
    **{trade.replace("-", "_"): trade for trade in TRADES},
    "heating_gas_mechanical": "heating",
    "building_inspection": "inspection",
    "hazard": "inspection",
    "pest": "pest-control",
}
MAX_LATITUDE, MAX_LONGITUDE = 90.0, 180.0


@dataclass(frozen=True, slots=True)
class Need:
    """One request to be made. `at_s` counts seconds of the demand's own time."""

    at_s: float
    trade: str
    place: Point


@dataclass(slots=True)
class Demand:
    source: str
    needs: list[Need] = field(default_factory=list)
    rows: int = 0
    impossible: Counter[str] = field(default_factory=Counter)
    unknown: Counter[str] = field(default_factory=Counter)

    @property
    def usable(self) -> int:
        return self.rows - self.impossible.total()

    def notes(self) -> list[str]:
        """Say in words what was read, what was not, and what was guessed."""
        lines = [
            f"{self.source}: {self.rows} rows, {self.usable} usable; the first {len(self.needs)} in time are asked"
        ]
        if self.impossible:
            lines.append(f"{self.impossible.total()} rows left out, with an impossible {_counted(self.impossible)}")
        if self.unknown:
            lines.append(f"unknown categories taken as {FALLBACK}: {_counted(self.unknown)}")
        return lines


def _counted(counter: Counter[str]) -> str:
    return ", ".join(f"{name} ({count})" for name, count in counter.most_common(10))


class _Impossible(ValueError):
    """A row that cannot be; the argument is the column."""


def demand_read(path: Path, *, limit: int, dice: Random) -> Demand:
    """Read the first `limit` usable rows in time order.

    :raises DemoError: if the file or a column is missing, or no row is usable
    """
    demand = Demand(source=path.name)
    try:
        with path.open(encoding="utf-8-sig", errors="replace", newline="") as file:
            demand.needs = list(_needs(file, demand, dice))
    except OSError as exc:
        raise DemoError(f"{path} cannot be read: {(exc.strerror or str(exc)).lower()}") from exc
    except csv.Error as exc:
        raise DemoError(f"{path} is not a CSV file: {exc}") from exc
    if not demand.needs:
        raise DemoError(f"{path} has no usable row ({demand.rows} read)")
    demand.needs.sort(key=lambda need: need.at_s)
    del demand.needs[limit:]
    return demand


def _needs(lines: Iterable[str], demand: Demand, dice: Random) -> Iterator[Need]:
    rows = csv.DictReader(lines)
    missing = [column for column in COLUMNS if column not in (rows.fieldnames or ())]
    if missing:
        raise DemoError(f"{demand.source} has no column {', '.join(missing)}")
    for row in rows:
        demand.rows += 1
        try:
            yield _need(row, demand, dice)
        except _Impossible as fault:
            demand.impossible[str(fault)] += 1


def _need(row: Mapping[str, str | None], demand: Demand, dice: Random) -> Need:
    at_s = _moment(row["requested_at"])
    latitude = _degrees(row, "latitude", MAX_LATITUDE)
    longitude = _degrees(row, "longitude", MAX_LONGITUDE)
    return Need(at_s, _trade(row["category"], demand, dice), Point(latitude, longitude))


def _moment(text: str | None) -> float:
    try:
        at = datetime.fromisoformat((text or "").strip())
        return (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError) as exc:
        raise _Impossible("requested_at") from exc


def _degrees(row: Mapping[str, str | None], column: str, limit: float) -> float:
    try:
        value = float(row[column] or "")
    except ValueError as exc:
        raise _Impossible(column) from exc
    if not isfinite(value) or abs(value) > limit:
        raise _Impossible(column)
    return value


def _trade(text: str | None, demand: Demand, dice: Random) -> str:
    name = (text or "").strip().lower().replace("-", "_").replace(" ", "_")
    if not name:
        raise _Impossible("category")
    if name == EITHER:
        return dice.choice(("electrical", "plumbing"))
    if name not in TRADE_OF:
        demand.unknown[name] += 1
    return TRADE_OF.get(name, FALLBACK)


def arrivals(needs: list[Need], speed: float | None) -> tuple[list[float], float]:
    """Return when each need is asked, in seconds of the run, and how much the gaps shrink.

    Without a speed the last request comes after `LAST_REQUEST_AFTER_S`.
    """
    first, span = needs[0].at_s, needs[-1].at_s - needs[0].at_s
    if speed is None:
        speed = span / LAST_REQUEST_AFTER_S if span else 1.0
    return [(need.at_s - first) / speed for need in needs], speed
