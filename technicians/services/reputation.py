"""Sums behind a technician's rates, and since when he waits for work. Each locks the technician, then his rows of
matching, which follow in the same transaction."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from django.db import transaction

from fixmate.core.errors import NotFound
from technicians.hooks import is_at_work
from technicians.models import Technician
from technicians.services.dispatch import dispatchable_rerank

# Offers


@transaction.atomic
def technician_note_offered(*, technician_id: UUID) -> Technician:
    """Count an offer made to him; return him, locked."""
    technician = _locked(technician_id)
    technician.offers_received += 1
    _save(technician, "offers_received")
    return technician


@transaction.atomic
def technician_note_accepted(*, technician_id: UUID) -> None:
    """Count an offer that he accepted, among those of the last 30 days."""
    technician = _locked(technician_id)
    technician.recent_decided += 1
    technician.recent_accepted += 1
    _save(technician, "recent_decided", "recent_accepted")


@transaction.atomic
def technician_note_declined(*, technician_id: UUID) -> None:
    """Count an offer that he rejected, or saw and did not answer, among those of the last 30 days."""
    technician = _locked(technician_id)
    technician.recent_decided += 1
    _save(technician, "recent_decided")


class Answers(NamedTuple):
    """How many offers somebody saw or answered, and how many of those he accepted."""

    decided: int
    accepted: int


@transaction.atomic
def technicians_set_answers(*, technicians: Sequence[Technician], answers: Mapping[UUID, Answers]) -> None:
    """Set the counts of the last 30 days of technicians that the caller has locked; who is not named has none."""
    for technician in technicians:
        technician.recent_decided, technician.recent_accepted = answers.get(technician.pk, Answers(0, 0))
    Technician.objects.bulk_update(technicians, ["recent_decided", "recent_accepted"])
    dispatchable_rerank(technicians)


# Work: idle_since is empty while he is at work, whichever of his jobs this is about


@transaction.atomic
def technician_note_assigned(*, technician_id: UUID, at: datetime) -> None:
    """Count a job given to him; if it is for now, he is not waiting any more."""
    technician = _locked(technician_id)
    technician.jobs_assigned += 1
    _follow_work(technician, technician.idle_since or at)
    _save(technician, "jobs_assigned", "idle_since")


@transaction.atomic
def technician_note_started(*, technician_id: UUID, at: datetime) -> None:
    """Have him not wait any more: he begins a job that was booked ahead."""
    technician = _locked(technician_id)
    _follow_work(technician, technician.idle_since or at)
    _save(technician, "idle_since")


@transaction.atomic
def technician_note_released(*, technician_id: UUID, at: datetime) -> None:
    """Count a job that he gave back; he waits again, or still."""
    technician = _locked(technician_id)
    technician.jobs_released += 1
    _follow_work(technician, technician.idle_since or at)
    _save(technician, "jobs_released", "idle_since")


@transaction.atomic
def technician_note_cancelled(*, technician_id: UUID, at: datetime) -> None:
    """Have him wait again, or still, after a job of his was called off by others."""
    technician = _locked(technician_id)
    _follow_work(technician, technician.idle_since or at)
    _save(technician, "idle_since")


@transaction.atomic
def technician_note_completed(*, technician_id: UUID, at: datetime) -> None:
    """Count a finished job; his wait begins anew."""
    technician = _locked(technician_id)
    technician.jobs_completed += 1
    _follow_work(technician, at)
    _save(technician, "jobs_completed", "idle_since")


# Reviews


@transaction.atomic
def technician_rating_add(*, technician_id: UUID, rating: int) -> None:
    """Add the stars of one review."""
    technician = _locked(technician_id)
    technician.rating_sum += rating
    technician.rating_count += 1
    _save(technician, "rating_sum", "rating_count")


def _locked(technician_id: UUID) -> Technician:
    """Return him locked, deleted or not: what he has done still counts.

    :raises NotFound: if there is no such technician
    """
    technician = Technician.objects.select_for_update(no_key=True).filter(pk=technician_id).first()
    if technician is None:
        raise NotFound
    return technician


def _follow_work(technician: Technician, since: datetime) -> None:
    """Only who is online waits, and only while he is not at work; going online later starts the wait anew."""
    waits = technician.is_online and not is_at_work(technician.pk)
    technician.idle_since = since if waits else None


def _save(technician: Technician, *columns: str) -> None:
    technician.save(update_fields=columns)
    dispatchable_rerank([technician])
