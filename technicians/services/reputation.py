"""Sums behind a technician's rates, and since when he waits for work. Each is one UPDATE: nothing is read first."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Case, F, Value, When

from fixmate.core.errors import NotFound
from technicians.models import Technician


@transaction.atomic
def technician_note_offered(*, technician_id: UUID) -> None:
    """Count an offer made to him."""
    _change(technician_id, offers_received=F("offers_received") + 1)


@transaction.atomic
def technician_note_assigned(*, technician_id: UUID) -> None:
    """Count a job given to him; he is not waiting any more."""
    _change(technician_id, jobs_assigned=F("jobs_assigned") + 1, idle_since=None)


@transaction.atomic
def technician_note_released(*, technician_id: UUID, at: datetime) -> None:
    """Count a job that he gave back; he waits again."""
    _change(technician_id, jobs_released=F("jobs_released") + 1, idle_since=_waiting_since(at))


@transaction.atomic
def technician_note_cancelled(*, technician_id: UUID, at: datetime) -> None:
    """Have him wait again after a job of his was called off by others."""
    _change(technician_id, idle_since=_waiting_since(at))


@transaction.atomic
def technician_note_completed(*, technician_id: UUID, at: datetime) -> None:
    """Count a finished job; he waits again."""
    _change(technician_id, jobs_completed=F("jobs_completed") + 1, idle_since=_waiting_since(at))


@transaction.atomic
def technician_rating_add(*, technician_id: UUID, rating: int) -> None:
    """Add the stars of one review."""
    _change(technician_id, rating_sum=F("rating_sum") + rating, rating_count=F("rating_count") + 1)


def _waiting_since(at: datetime) -> Case:
    """Only who is online waits; going online later starts the wait anew."""
    return Case(When(is_online=True, then=Value(at)), default=None)


def _change(technician_id: UUID, **columns: Any) -> None:
    """:raises NotFound: if there is no such technician"""
    if not Technician.objects.filter(pk=technician_id).update(**columns):
        raise NotFound
