"""Making the candidate table anew from the source, where it is in doubt: after a repair by hand, or a fault of ours."""

from collections.abc import Collection, Mapping
from uuid import UUID

from django.db import transaction

from technicians.hooks import who_is_at_work
from technicians.models import Dispatchable, Position, Technician
from technicians.ranking import Ranker, ranker_for
from technicians.selectors import (
    dispatchable_list_locked,
    skills_by_technician,
    technician_id_batches,
    technician_list_locked,
)
from technicians.services.dispatch import dispatchable_rows

_KEY = "rank_key"
_EXACT = [
    field.attname for field in Dispatchable._meta.concrete_fields if not field.primary_key and field.attname != _KEY
]


def dispatchable_rebuild() -> int:
    """Make every row anew that is not what its technician says, batch by batch; return how many were not.

    Idempotent. A batch holds the locks on its technicians for a moment; who changes before or after is right as well.
    """
    return sum(_rebuild(batch) for batch in technician_id_batches())


def dispatchable_rebuild_preview() -> int:
    """Return how many rows `dispatchable_rebuild` would make anew; what it does is rolled back, batch by batch."""
    return sum(_preview(batch) for batch in technician_id_batches())


@transaction.atomic
def _preview(technician_ids: Collection[UUID]) -> int:
    differing = _rebuild(technician_ids)
    transaction.set_rollback(True)
    return differing


@transaction.atomic
def _rebuild(technician_ids: Collection[UUID]) -> int:
    technicians = technician_list_locked(technician_ids)
    _mend_waits(technicians)
    skills = skills_by_technician(technician_ids)
    ranker = ranker_for({service_id for service_ids in skills.values() for service_id in service_ids})
    wanted = _wanted(technicians, skills, ranker)
    held = {(row.technician_id, row.service_id): row for row in dispatchable_list_locked(technician_ids)}
    by_id = {technician.pk: technician for technician in technicians}
    wrong = [
        key
        for key in wanted.keys() | held.keys()
        if not _is_same(held.get(key), wanted.get(key), by_id[key[0]], ranker)
    ]
    Dispatchable.objects.filter(pk__in=[held[key].pk for key in wrong if key in held]).delete()
    Dispatchable.objects.bulk_create(wanted[key] for key in sorted(wrong) if key in wanted)
    return len(wrong)


def _mend_waits(technicians: Collection[Technician]) -> None:
    """Have `idle_since` say again who is at work; where it has to be found, he waits since he came online."""
    at_work = who_is_at_work([technician.pk for technician in technicians])
    for technician in technicians:
        waits = technician.is_online and technician.pk not in at_work
        since = technician.waiting_since if waits else None
        if technician.idle_since != since:
            technician.idle_since = since
            technician.save(update_fields=["idle_since"])


def _wanted(
    technicians: Collection[Technician], skills: Mapping[UUID, Collection[UUID]], ranker: Ranker
) -> dict[tuple[UUID, UUID], Dispatchable]:
    ids = [technician.pk for technician in technicians]
    held = Position.objects.select_for_update().filter(pk__in=ids).order_by("pk")
    positions = {position.pk: position for position in held}
    rows = (
        row
        for technician in technicians
        for row in dispatchable_rows(technician, positions.get(technician.pk), skills.get(technician.pk, ()), ranker)
    )
    return {(row.technician_id, row.service_id): row for row in rows}


def _is_same(held: Dispatchable | None, wanted: Dispatchable | None, technician: Technician, ranker: Ranker) -> bool:
    """Tell whether the row is as it should be; a key at its cap is left for the sweep that put it there."""
    if held is None or wanted is None:
        return False
    keys = (wanted.rank_key, ranker(technician, wanted.service_id).key_at_cap)
    return held.rank_key in keys and all(getattr(held, name) == getattr(wanted, name) for name in _EXACT)
