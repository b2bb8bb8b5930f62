"""What an experiment measured, what it had to be, and whether it was."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any


class Relation(StrEnum):
    EXACTLY = "="
    AT_MOST = "<="
    AT_LEAST = ">="


@dataclass(frozen=True, slots=True)
class Gate:
    """A figure and its bound."""

    name: str
    measured: float
    relation: Relation
    bound: float
    is_timing: bool = False

    @property
    def holds(self) -> bool:
        """Say whether the figure keeps its bound; what was not measured (NaN) never does."""
        if self.relation == Relation.EXACTLY:
            return self.measured == self.bound
        if self.relation == Relation.AT_MOST:
            return self.measured <= self.bound
        return self.measured >= self.bound

    @property
    def holds_in_the_end(self) -> bool:
        """Say the same of a machine that others use: what took its time has to end, and no more."""
        return self.holds or (self.is_timing and math.isfinite(self.measured))

    def __str__(self) -> str:
        mark = "" if self.holds else " !"
        return f"{self.name} {short(self.measured)} {self.relation} {short(self.bound)}{mark}"


def exactly(name: str, measured: float, bound: float) -> Gate:
    return Gate(name, measured, Relation.EXACTLY, bound)


def at_most(name: str, measured: float, bound: float) -> Gate:
    return Gate(name, measured, Relation.AT_MOST, bound)


def at_least(name: str, measured: float, bound: float) -> Gate:
    return Gate(name, measured, Relation.AT_LEAST, bound)


def in_time(name: str, measured: float, bound: float) -> Gate:
    """A gate that depends on the machine as well as on the program."""
    return Gate(name, measured, Relation.AT_MOST, bound, is_timing=True)


@dataclass(slots=True)
class Report:
    """What came of one experiment: gates decide, notes only tell."""

    id: str
    title: str
    gates: list[Gate] = field(default_factory=list)
    notes: dict[str, float] = field(default_factory=dict)
    samples: list[str] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def has_passed(self) -> bool:
        """Say whether every gate holds; an experiment without any has shown nothing."""
        return bool(self.gates) and all(gate.holds for gate in self.gates)

    @property
    def has_passed_in_the_end(self) -> bool:
        return bool(self.gates) and all(gate.holds_in_the_end for gate in self.gates)

    def line(self) -> str:
        verdict = "PASS" if self.has_passed else "LATE" if self.has_passed_in_the_end else "FAIL"
        notes = [f"{name} {short(value)}" for name, value in self.notes.items()]
        told = " | ".join(part for part in (", ".join(map(str, self.gates)), ", ".join(notes)) if part)
        return f"{self.id:4}{verdict}  {self.seconds:4.0f} s  {self.title}: {told}"

    def as_json(self) -> dict[str, Any]:
        return {**asdict(self), "has_passed": self.has_passed}

    @classmethod
    def from_json(cls, content: dict[str, Any]) -> "Report":
        gates = [Gate(**{**gate, "relation": Relation(gate["relation"])}) for gate in content["gates"]]
        known = {name: content[name] for name in ("id", "title", "notes", "samples", "seconds")}
        return cls(gates=gates, **known)


def percentile(values: Iterable[float], share: float) -> float:
    """Return the smallest value that `share` per cent of the values do not exceed (nearest rank); NaN without any."""
    ordered = sorted(values)
    if not ordered:
        return math.nan
    return ordered[max(1, math.ceil(len(ordered) * share / 100)) - 1]


def largest(values: Sequence[float]) -> float:
    return max(values, default=math.nan)


def short(value: float) -> str:
    return f"{value:.0f}" if value == round(value, 9) and float(value).is_integer() else f"{value:.2f}"
