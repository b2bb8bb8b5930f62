"""Sums behind a technician's rates, and since when he waits for work. Each locks the technician, then his rows of
matching, which follow in the same transaction."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet

from fixmate.core.errors import NotFound
from fixmate.core.prepared import Given, Prepared
from technicians.hooks import is_at_work
from technicians.models import Technician
from technicians.services.dispatch import dispatchable_rerank

_DECIDED = ("offers_decided", "recent_decided")

# Offers


def technician_note_offered(*, technician_id: UUID) -> Technician:
    """Count an offer made to him; return him, locked."""
    with _noting(technician_id, "offers_received") as technician:
        technician.offers_received += 1
    return technician


def technician_note_accepted(*, technician_id: UUID) -> None:
    """Count an offer that he accepted, ever and among those of the last 30 days."""
    with _noting(technician_id, *_DECIDED, "offers_accepted", "recent_accepted") as technician:
        technician_count_decided(technician)
        technician.offers_accepted += 1
        technician.recent_accepted += 1


def technician_note_declined(*, technician_id: UUID) -> None:
    """Count an offer that he rejected, ever and among those of the last 30 days."""
    with _noting(technician_id, *_DECIDED) as technician:
        technician_count_decided(technician)


def technician_count_decided(technician: Technician) -> None:
    """Count an offer that he saw or answered, in memory: the caller has locked him and saves him."""
    technician.offers_decided += 1
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


def technician_note_started(*, technician_id: UUID, at: datetime, was_punctual: bool | None) -> None:
    """Have him not wait any more: he begins a job. Where one can tell, count whether he was in time for it."""
    with _noting(technician_id, "idle_since", "visits_begun", "visits_punctual") as technician:
        _follow_work(technician, technician.idle_since or at)
        technician.visits_begun += was_punctual is not None
        technician.visits_punctual += was_punctual is True


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


def technician_note_reworked(*, technician_id: UUID) -> None:
    """Count a finished job that turned out badly done: the caller sees to it that each counts once."""
    with _noting(technician_id, "jobs_reworked") as technician:
        technician.jobs_reworked += 1


def technician_rating_add(*, technician_id: UUID, stars: Mapping[str, int]) -> None:
    """Add the stars of one review, by what they rate: some of `RATED`."""
    _count_stars(technician_id, stars, 1)


def technician_rating_remove(*, technician_id: UUID, stars: Mapping[str, int]) -> None:
    """Take the stars of one review, that were added before, out again."""
    _count_stars(technician_id, stars, -1)


def _count_stars(technician_id: UUID, stars: Mapping[str, int], times: int) -> None:
    columns = {f"{name}_sum": number for name, number in stars.items()} | {f"{name}_count": 1 for name in stars}
    with _noting(technician_id, *columns) as technician:
        for column, number in columns.items():
            setattr(technician, column, getattr(technician, column) + times * number)


@contextmanager
def _noting(technician_id: UUID, *columns: str) -> Iterator[Technician]:
    """Lend him locked, then save the columns and have his rows of matching follow.

    What fails here fails the caller's transaction, which nobody goes on with: no savepoint.
    """
    with transaction.atomic(savepoint=False):
        technician = _locked(technician_id)
        yield technician
        technician.save(update_fields=columns)
        dispatchable_rerank([technician])


def _locked(technician_id: UUID) -> Technician:
    """Return him locked, deleted or not: what he has done still counts.

    :raises NotFound: if there is no such technician
    """
    technician = _technician_locked.first(pk=technician_id)
    if technician is None:
        raise NotFound
    return technician


@Prepared
def _technician_locked() -> QuerySet[Technician]:
    return Technician.objects.select_for_update(no_key=True).filter(pk=Given("pk"))


def _follow_work(technician: Technician, since: datetime) -> None:
    """Only who is online waits, and only while he is not at work; going online later starts the wait anew."""
    waits = technician.is_online and not is_at_work(technician.pk)
    technician.idle_since = since if waits else None
