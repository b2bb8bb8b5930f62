"""Who could be offered a job now: going online and offline, and the table that the candidate query reads."""

from collections.abc import Collection, Iterable
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import F, QuerySet

from accounts.services import user_check_may_begin
from fixmate.core import clock, events
from fixmate.core.batches import save_all
from fixmate.core.geo import Point, cell_of
from technicians.enums import Verification
from technicians.errors import TechnicianNotVerified
from technicians.events import TechnicianWentOffline
from technicians.hooks import is_at_work
from technicians.models import Dispatchable, Position, Technician, TechnicianSkill
from technicians.ranking import GROWING_BELOW, Patience, Ranker, ranker_for
from technicians.selectors import dispatchable_list_locked, position_get_locked, technician_get_locked
from technicians.services.history import history_note

_PRESENCE = ["is_online", "online_since", "idle_since"]
_RANK = ["is_busy", "idle_since", "rank_static", "rank_key"]


def dispatchable_refresh(technician: Technician) -> None:
    """Write the technician's rows anew from the facts: one per skill, or none.

    The caller holds the lock on the technician, and calls this after saving whatever the rows are made of. The
    position is locked before the rows, as a ping does it: no ping slips in between, and none waits crosswise.
    """
    position = position_get_locked(technician.pk)
    Dispatchable.objects.filter(technician=technician).delete()
    if position is None or not _is_dispatchable(technician):
        return
    services = list(TechnicianSkill.objects.filter(technician=technician).values_list("service_id", flat=True))
    Dispatchable.objects.bulk_create(dispatchable_rows(technician, position, services, ranker_for(services)))


def dispatchable_rows(
    technician: Technician, position: Position | None, service_ids: Iterable[UUID], ranker: Ranker
) -> list[Dispatchable]:
    """Return the rows the technician should have, unsaved: one per skill, or none."""
    base = technician.base
    if base is None or position is None or not _is_dispatchable(technician):
        return []
    return [_row(technician, base, position, service_id, ranker) for service_id in service_ids]


def dispatchable_rerank(technicians: Collection[Technician]) -> int:
    """Write anew what the rows say of rank and work, where it has changed; return how many rows had.

    The caller holds the locks on the technicians and has saved them. The rows are locked in the order of pings.
    """
    by_id = {technician.pk: technician for technician in technicians}
    rows = dispatchable_list_locked(by_id)
    ranker = ranker_for({row.service_id for row in rows})
    changed = [row for row in rows if _rank_changes(row, by_id[row.technician_id], ranker)]
    save_all(changed, _RANK)
    return len(changed)


@transaction.atomic
def dispatchable_cap_patience(*, service_id: UUID, patience: Patience, at: datetime) -> int:
    """Give the rows whose wait has reached the cap the key that grows no more; return how many. Idempotent.

    Some at a time, locked in the order of pings: an UPDATE by itself takes rows in whatever order its plan finds them,
    and would wait crosswise with a batch of pings. A row that was written meanwhile is asked again under its lock.
    """
    if not patience.ends:
        return 0
    growing = Dispatchable.objects.filter(service=service_id, rank_key__lt=GROWING_BELOW)
    due = growing.filter(idle_since__lte=at - timedelta(minutes=patience.cap_min))
    capped, after = 0, UUID(int=0)
    while batch := _lock_next(due.filter(technician__gt=after)):
        *_, after = batch.values()
        capped += Dispatchable.objects.filter(pk__in=batch).update(rank_key=F("rank_static") + patience.most)
    return capped


def _lock_next(rows: QuerySet[Dispatchable]) -> dict[int, UUID]:
    """Lock the next rows of one service in the order of their technicians; return whose each is."""
    locked = rows.select_for_update(no_key=True).order_by("technician_id")
    return dict(locked.values_list("pk", "technician_id")[: settings.RANK_BATCH])


def _rank_changes(row: Dispatchable, technician: Technician, ranker: Ranker) -> bool:
    before = _rank_columns(row)
    _rank(row, technician, ranker)
    return _rank_columns(row) != before


def _rank_columns(row: Dispatchable) -> list[object]:
    return [getattr(row, name) for name in _RANK]


def _rank(row: Dispatchable, technician: Technician, ranker: Ranker) -> None:
    rank = ranker(technician, row.service_id)
    row.is_busy = technician.is_online and technician.idle_since is None
    row.idle_since = technician.waiting_since
    row.rank_static, row.rank_key = rank.static, rank.key


def _is_dispatchable(technician: Technician) -> bool:
    is_at_work = technician.is_online and technician.verification == Verification.VERIFIED
    return is_at_work and technician.deleted_at is None and technician.user.may_begin


def _row(technician: Technician, base: Point, position: Position, service_id: UUID, ranker: Ranker) -> Dispatchable:
    row = Dispatchable(
        technician=technician,
        service_id=service_id,
        cell=cell_of(position.latitude, position.longitude),
        base_cell=cell_of(base.latitude, base.longitude),
        latitude=position.latitude,
        longitude=position.longitude,
        base_latitude=base.latitude,
        base_longitude=base.longitude,
        travel_radius_m=technician.travel_radius_m,
        location_at=position.location_at,
    )
    _rank(row, technician, ranker)
    return row


@transaction.atomic
def technician_go_online(*, technician_id: UUID) -> Technician:
    """Make the technician available for offers; while he is at work on a job, for later ones. Idempotent.

    :raises TechnicianNotVerified: before approval, and while suspended
    :raises AccountRestricted: if the account may only finish what it has
    :raises AccountSuspended: if the account does not work
    """
    technician = technician_get_locked(technician_id)
    if technician.verification != Verification.VERIFIED:
        raise TechnicianNotVerified
    user_check_may_begin(technician.user)
    if technician.is_online:
        return technician
    technician.is_online = True
    technician.online_since = at = clock.now()
    technician.idle_since = None if is_at_work(technician.pk) else at
    technician.save(update_fields=_PRESENCE)
    dispatchable_refresh(technician)
    history_note(technician)
    return technician


@transaction.atomic
def technician_go_offline(*, technician_id: UUID) -> Technician:
    """Take the technician off the search; jobs he has stay his. Idempotent: the event goes out once."""
    technician = technician_get_locked(technician_id)
    _go_offline(technician)
    return technician


@transaction.atomic
def technician_note_user_status(*, user_id: UUID) -> None:
    """Follow the account: while it may begin nothing, its technician is offline. Idempotent, in any order of events."""
    for technician in Technician.objects.select_for_update(no_key=True).filter(user=user_id):
        if technician.user.may_begin:
            dispatchable_refresh(technician)
        else:
            _go_offline(technician)
        history_note(technician)


def _go_offline(technician: Technician) -> None:
    if not technician.is_online:
        return
    technician.is_online = False
    technician.online_since = technician.idle_since = None
    technician.save(update_fields=_PRESENCE)
    dispatchable_refresh(technician)
    history_note(technician)
    events.publish(TechnicianWentOffline(technician_id=technician.pk, user_id=technician.user_id))
