"""What every policy here is made of: parameters that are checked, and terms that add up to the score."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from math import isfinite
from types import MappingProxyType
from typing import Any, ClassVar

from fixmate.core.errors import Invalid
from matching.policies.base import Candidate, Context, JobView, Ranked, in_order

# Beyond anybody's taste, and little enough for scores, and rank keys made of them, to be exact to `SCORE_DECIMALS`.
MOST = 1000.0


class ScoredPolicy(ABC):
    """A policy whose candidates are scored each on their own, by the sum of their terms."""

    key: ClassVar[str]
    defaults: ClassVar[Mapping[str, float]] = {}
    least: ClassVar[Mapping[str, float]] = {}  # of parameters that something is divided by; else 0
    shares: ClassVar[frozenset[str]] = frozenset()  # parameters that are probabilities

    def __init__(self, params: Mapping[str, Any] | None = None) -> None:
        """Take the parameters, or the defaults.

        :raises Invalid: if one is unknown, missing, not a number, or out of its range
        """
        self.params: Mapping[str, float] = MappingProxyType(self._checked(self.defaults if params is None else params))

    def rank(self, job: JobView, pool: Sequence[Candidate], ctx: Context) -> list[Ranked]:
        return in_order(job, ((candidate, self.terms(candidate, ctx)) for candidate in pool))

    @abstractmethod
    def terms(self, candidate: Candidate, ctx: Context) -> dict[str, float]:
        """Return the points of one candidate, term by term."""

    @classmethod
    def bounds_of(cls, name: str) -> tuple[float, float]:
        """Return between what a parameter has to lie."""
        return cls.least.get(name, 0.0), 1.0 if name in cls.shares else MOST

    def _checked(self, params: Mapping[str, Any]) -> dict[str, float]:
        faults = {name: [fault] for name in {**self.defaults, **params} if (fault := self._fault(name, params))}
        if faults:
            raise Invalid(params=faults)
        return {name: float(params[name]) for name in self.defaults}

    def _fault(self, name: str, params: Mapping[str, Any]) -> str:
        if name not in self.defaults:
            return "This parameter is not known."
        if name not in params:
            return "This parameter is required."
        value = params[name]
        if isinstance(value, bool) or not isinstance(value, int | float) or not isfinite(value):
            return "A finite number is required."
        least, most = self.bounds_of(name)
        return "" if least <= value <= most else f"It must lie between {least:g} and {most:g}."
