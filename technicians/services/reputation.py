"""Sums behind a technician's rates, and since when he waits for work. Each locks the technician, then his rows of
matching, which follow in the same transaction."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from django.db import transaction

from fixmate.core.errors import NotFound
from technicians.hooks import is_at_work
from technicians.models import Technician
from technicians.services.dispatch import dispatchable_rerank

# Offers


def technician_note_offered(*, technician_id: UUID) -> Technician:
    """Count an offer made to him; return him, locked."""
    with _noting(technician_id, "offers_received") as technician:
        technician.offers_received += 1
    return technician


def technician_note_accepted(*, technician_id: UUID) -> None:
    """Count an offer that he accepted, among those of the last 30 days."""
    with _noting(technician_id, "recent_decided", "recent_accepted") as technician:
        technician.recent_decided += 1
        technician.recent_accepted += 1


def technician_note_declined(*, technician_id: UUID) -> None:
    """Count an offer that he rejected, or saw and did not answer, among those of the last 30 days."""
    with _noting(technician_id, "recent_decided") as technician:
        technician.recent_decided += 1


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


def technician_note_assigned(*, technician_id: UUID, at: datetime) -> None:
    """Count a job given to him; if it is for now, he is not waiting any more."""
    with _noting(technician_id, "jobs_assigned", "idle_since") as technician:
        technician.jobs_assigned += 1
        _follow_work(technician, technician.idle_since or at)


def technician_note_started(*, technician_id: UUID, at: datetime) -> None:
    """Have him not wait any more: he begins a job that was booked ahead."""
    with _noting(technician_id, "idle_since") as technician:
        _follow_work(technician, technician.idle_since or at)


def technician_note_released(*, technician_id: UUID, at: datetime) -> None:
    """Count a job that he gave back; he waits again, or still."""
    with _noting(technician_id, "jobs_released", "idle_since") as technician:
        technician.jobs_released += 1
        _follow_work(technician, technician.idle_since or at)


def technician_note_cancelled(*, technician_id: UUID, at: datetime) -> None:
    """Have him wait again, or still, after a job of his was called off by others."""
    with _noting(technician_id, "idle_since") as technician:
        _follow_work(technician, technician.idle_since or at)


def technician_note_completed(*, technician_id: UUID, at: datetime) -> None:
    """Count a finished job; his wait begins anew."""
    with _noting(technician_id, "jobs_completed", "idle_since") as technician:
        technician.jobs_completed += 1
        _follow_work(technician, at)


# Reviews


def technician_rating_add(*, technician_id: UUID, rating: int) -> None:
    """Add the stars of one review."""
    with _noting(technician_id, "rating_sum", "rating_count") as technician:
        technician.rating_sum += rating
        technician.rating_count += 1


@contextmanager
def _noting(technician_id: UUID, *columns: str) -> Iterator[Technician]:
    """Lend him locked, then save the columns and have his rows of matching follow."""
    with transaction.atomic():
        technician = _locked(technician_id)
        yield technician
        technician.save(update_fields=columns)
        dispatchable_rerank([technician])


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
