"""Rest from offers: a short one after each that came to nothing, a pause after several that were left unanswered.

Each service locks the technician. A refusal is information and no offence: it costs seconds. What was never shown
to him costs seconds too, and is not counted.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction

from fixmate.core import events
from fixmate.core.batches import save_all
from fixmate.core.errors import NotFound
from technicians.events import TechnicianPaused
from technicians.models import Technician
from technicians.selectors import technician_list_locked
from technicians.services.dispatch import dispatchable_rerank
from technicians.services.history import history_note, history_note_each
from technicians.services.reputation import technician_count_decided

_RESTING = ["silent_in_row", "cooldown_until", "paused_until"]


@transaction.atomic
def technician_rest_after_reject(*, technician_id: UUID, rest_s: int, at: datetime) -> None:
    """Have him rest after he declined; he has answered, so silence is counted anew."""
    technician = _locked(technician_id)
    technician.silent_in_row = 0
    _rest_longer(technician, rest_s, at)
    _save(technician)


@dataclass(frozen=True, slots=True)
class Lapse:
    """An offer that ran out, and what that costs its technician: a pause at the `pause_after`th silence in a row."""

    technician_id: UUID
    was_shown: bool
    rest_s: int
    pause_after: int
    pause_s: int


@transaction.atomic
def technicians_note_lapsed(lapses: Sequence[Lapse], *, at: datetime) -> None:
    """Have each rest after his offer ran out. One he was shown counts as silence, and among his answers.

    Locks them in the order of their keys. A constant number of queries, whatever their number.
    """
    by_id = {lapse.technician_id: lapse for lapse in lapses}
    technicians = technician_list_locked(by_id)
    paused = [event for one in technicians for event in _apply(by_id[one.pk], one, at)]
    save_all(technicians, ["offers_decided", "recent_decided", *_RESTING])
    dispatchable_rerank([technician for technician in technicians if by_id[technician.pk].was_shown])
    history_note_each(technicians)
    events.publish(*paused)


def _apply(lapse: Lapse, technician: Technician, at: datetime) -> list[TechnicianPaused]:
    """Have him rest, and count what he was shown; return what is to be told of it."""
    _rest_longer(technician, lapse.rest_s, at)
    if not lapse.was_shown:
        return []
    technician_count_decided(technician)
    technician.silent_in_row += 1
    return [_pause(technician, lapse.pause_s, at)] if technician.silent_in_row >= lapse.pause_after else []


def _pause(technician: Technician, pause_s: int, at: datetime) -> TechnicianPaused:
    until = at + timedelta(seconds=pause_s)
    technician.silent_in_row, technician.paused_until = 0, until
    return TechnicianPaused(technician_id=technician.pk, user_id=technician.user_id, until=until.isoformat())


@transaction.atomic
def technician_note_answer(*, technician_id: UUID) -> None:
    """Count silence anew: he has accepted an offer."""
    technician = _locked(technician_id)
    if technician.silent_in_row:
        technician.silent_in_row = 0
        technician.save(update_fields=["silent_in_row"])


@transaction.atomic
def technician_resume(*, technician_id: UUID) -> None:
    """End his pause at his own word, and any rest with it. Idempotent."""
    technician = _locked(technician_id)
    technician.paused_until = technician.cooldown_until = None
    technician.silent_in_row = 0
    _save(technician)


def _rest_longer(technician: Technician, rest_s: int, at: datetime) -> None:
    """A longer rest that he has already stays."""
    until = at + timedelta(seconds=rest_s)
    technician.cooldown_until = max(technician.cooldown_until or until, until)


def _save(technician: Technician) -> None:
    technician.save(update_fields=_RESTING)
    history_note(technician)


def _locked(technician_id: UUID) -> Technician:
    """Return him locked, deleted or not: an offer has to end all the same.

    :raises NotFound: if there is no such technician
    """
    technician = Technician.objects.select_for_update(no_key=True).filter(pk=technician_id).first()
    if technician is None:
        raise NotFound
    return technician
