"""The figures of a run: what they mean, how they are printed, what makes a run good."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from math import floor

from rich.table import Table

from fixmate.core.money import Money
from fixmate.ops.demo.processes import Checked, Proof

MEDIAN, NINE_OF_TEN = 0.5, 0.9
BOX_WIDTH = 46
PROOFS = {"prove_ledger": "The books, from the first entry", "reconcile": "The books and the provider's"}


def percentile(values: Sequence[float], share: float) -> float | None:
    """Return the value below which `share` of the values lie, between neighbours by distance; None of nothing."""
    if not values:
        return None
    ranked = sorted(values)
    position = (len(ranked) - 1) * share
    low = floor(position)
    high = min(low + 1, len(ranked) - 1)
    return ranked[low] + (ranked[high] - ranked[low]) * (position - low)


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferFigures:
    made: int = 0
    delivered: int = 0  # shown by the app, or answered
    accepted: int = 0  # given back later or not


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """One run in numbers; every time is in wall seconds of the run.

    `assigned` counts jobs that ever were; `stuck` those neither completed, cancelled nor unmatched when time was up.
    """

    planned: int
    requested: int
    assigned: int
    completed: int
    unmatched: int
    cancelled: int
    waits_s: tuple[float, ...]  # from request to first acceptance, of the jobs that were wanted at once
    offers: OfferFigures
    captured: Money
    platform_fee: Money
    quotes_proposed: int  # extra work found on site
    quotes_approved: int
    ratings: tuple[int, ...]
    checked: Checked
    proofs: tuple[Proof, ...] = ()
    surprises: tuple[str, ...] = ()
    server_errors: int = 0

    @property
    def stuck(self) -> int:
        return self.requested - self.completed - self.cancelled - self.unmatched

    @property
    def offers_per_job(self) -> float | None:
        return self.offers.made / self.requested if self.requested else None

    @property
    def acceptance(self) -> float | None:
        return self.offers.accepted / self.offers.delivered if self.offers.delivered else None

    @property
    def is_good(self) -> bool:
        """Tell whether everything planned was asked for, nothing got stuck, every invariant and the books hold."""
        holds = not self.checked.broken and all(proof.holds for proof in self.proofs)
        return self.requested == self.planned and not self.stuck and holds

    def as_json(self) -> str:
        figures = {
            "requested": self.requested,
            "assigned": self.assigned,
            "completed": self.completed,
            "unmatched": self.unmatched,
            "cancelled": self.cancelled,
            "stuck": self.stuck,
            "tta_p50_s": _rounded(percentile(self.waits_s, MEDIAN)),
            "tta_p90_s": _rounded(percentile(self.waits_s, NINE_OF_TEN)),
            "offers_per_job": _rounded(self.offers_per_job),
            "acceptance": _rounded(self.acceptance),
            "quotes_proposed": self.quotes_proposed,
            "quotes_approved": self.quotes_approved,
            "invariants_broken": self.checked.broken,
        }
        return json.dumps(figures)

    def table(self) -> Table:
        table = Table(title="Summary", title_justify="left", title_style="bold", min_width=BOX_WIDTH, show_header=False)
        table.add_column()
        table.add_column(justify="right")
        for section in (self._jobs(), self._matching(), self._money()):
            for label, value in section:
                table.add_row(label, value)
            table.add_section()
        broken = "[green]0 broken" if not self.checked.broken else f"[red]{self.checked.broken} broken"
        table.add_row("Invariants checked", f"{self.checked.checked}, {broken}")
        for proof in self.proofs:
            table.add_row(PROOFS[proof.name], "[green]they hold" if proof.holds else "[red]they do not")
        return table

    def _jobs(self) -> list[tuple[str, str]]:
        share = f" ({self.assigned / self.requested:.1%})" if self.requested else ""
        return [
            ("Requested", str(self.requested)),
            ("Assigned", f"{self.assigned}{share}"),
            ("Completed", str(self.completed)),
            ("Unmatched", str(self.unmatched)),
            ("Cancelled", str(self.cancelled)),
            ("Stuck", str(self.stuck) if not self.stuck else f"[bold red]{self.stuck}"),
        ]

    def _matching(self) -> list[tuple[str, str]]:
        return [
            ("Time to assign, p50", _seconds(percentile(self.waits_s, MEDIAN))),
            ("Time to assign, p90", _seconds(percentile(self.waits_s, NINE_OF_TEN))),
            ("Offers per job", "-" if self.offers_per_job is None else f"{self.offers_per_job:.2f}"),
            ("Acceptance", "-" if self.acceptance is None else f"{self.acceptance:.1%}"),
        ]

    def _money(self) -> list[tuple[str, str]]:
        stars = f", {sum(self.ratings) / len(self.ratings):.1f} stars" if self.ratings else ""
        return [
            ("Extra work proposed", f"{self.quotes_proposed}, {self.quotes_approved} approved"),
            ("Money captured", str(self.captured)),
            ("Platform fee", str(self.platform_fee)),
            ("Reviews", f"{len(self.ratings)}{stars}"),
        ]


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 3)


def _seconds(value: float | None) -> str:
    return "-" if value is None else f"{value:.1f} s"
