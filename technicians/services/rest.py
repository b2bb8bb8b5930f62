"""Rest from offers: a short one after each that came to nothing, a pause after several that were left unanswered.

Each service locks the technician. A refusal is information and no offence: it costs seconds. What was never shown
to him costs seconds too, and is not counted.
"""

from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction

from fixmate.core import events
from fixmate.core.errors import NotFound
from technicians.events import TechnicianPaused
from technicians.models import Technician
from technicians.services.history import history_note


@transaction.atomic
def technician_rest_after_reject(*, technician_id: UUID, rest_s: int, at: datetime) -> None:
    """Have him rest after he declined; he has answered, so silence is counted anew."""
    technician = _locked(technician_id)
    technician.silent_in_row = 0
    _rest(technician, rest_s, at)


@transaction.atomic
def technician_rest_after_silence(
    *, technician_id: UUID, rest_s: int, pause_after: int, pause_s: int, at: datetime
) -> None:
    """Have him rest after an offer that he was shown and let lapse; paused, at the `pause_after`th in a row."""
    technician = _locked(technician_id)
    technician.silent_in_row += 1
    if technician.silent_in_row >= pause_after:
        technician.silent_in_row = 0
        technician.paused_until = at + timedelta(seconds=pause_s)
        paused = TechnicianPaused(
            technician_id=technician.pk, user_id=technician.user_id, until=technician.paused_until.isoformat()
        )
        events.publish(paused)
    _rest(technician, rest_s, at)


@transaction.atomic
def technician_rest_after_undelivered(*, technician_id: UUID, rest_s: int, at: datetime) -> None:
    """Leave him out for a moment after an offer that his app never showed."""
    _rest(_locked(technician_id), rest_s, at)


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


def _rest(technician: Technician, rest_s: int, at: datetime) -> None:
    """A longer rest that he has already stays."""
    until = at + timedelta(seconds=rest_s)
    technician.cooldown_until = max(technician.cooldown_until or until, until)
    _save(technician)


def _save(technician: Technician) -> None:
    technician.save(update_fields=["silent_in_row", "cooldown_until", "paused_until"])
    history_note(technician)


def _locked(technician_id: UUID) -> Technician:
    """Return him locked, deleted or not: an offer has to end all the same.

    :raises NotFound: if there is no such technician
    """
    technician = Technician.objects.select_for_update(no_key=True).filter(pk=technician_id).first()
    if technician is None:
        raise NotFound
    return technician
