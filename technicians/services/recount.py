"""Making the figures of reputation anew from the rows they follow, where they are in doubt, or new."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from uuid import UUID

from django.db import transaction

from fixmate.core.snapshots import one_snapshot
from technicians.hooks import figure_columns, figures_of
from technicians.models import Technician
from technicians.selectors import technician_id_batches, technician_list_locked
from technicians.services.dispatch import dispatchable_rerank


@dataclass(frozen=True, slots=True)
class Difference:
    """A technician whose figures are not those of the rows: by the column, what he has and what was counted."""

    technician_id: UUID
    figures: dict[str, tuple[int, int]]

    def __str__(self) -> str:
        told = (f"{name} {held}, counted {counted}" for name, (held, counted) in self.figures.items())
        return f"{self.technician_id}: {'; '.join(told)}"


def reputation_list_untrue() -> Iterator[Difference]:
    """Yield everybody whose figures are not those of the rows. Locks nobody: ask within one snapshot."""
    for batch in technician_id_batches():
        yield from _differences(Technician.objects.filter(pk__in=batch).order_by("pk"))


def reputation_rebuild() -> list[Difference]:
    """Make all figures anew from the rows, batch by batch; return what differed.

    Idempotent. The counts are read under the locks on the technicians, which whatever counts takes as well before it
    commits: none is lost and none counted twice while work goes on.
    """
    return [difference for batch in technician_id_batches() for difference in _rebuild(batch)]


def reputation_rebuild_preview() -> list[Difference]:
    """Return what `reputation_rebuild` would find. Writes nothing."""
    with one_snapshot():
        return list(reputation_list_untrue())


@transaction.atomic
def _rebuild(technician_ids: Collection[UUID]) -> list[Difference]:
    by_id = {technician.pk: technician for technician in technician_list_locked(technician_ids)}
    differences = list(_differences(by_id.values()))
    for difference in differences:
        technician = by_id[difference.technician_id]
        for name, (_, counted) in difference.figures.items():
            setattr(technician, name, counted)
        technician.save(update_fields=list(difference.figures))
    dispatchable_rerank([by_id[difference.technician_id] for difference in differences])
    return differences


def _differences(technicians: Collection[Technician]) -> Iterator[Difference]:
    by_id = {technician.pk: technician for technician in technicians}
    columns, counted = figure_columns(), figures_of(by_id)
    for technician_id, technician in by_id.items():
        pairs = {name: (getattr(technician, name), counted[technician_id][name]) for name in columns}
        figures = {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}
        if figures:
            yield Difference(technician_id, figures)
