"""Registrations that nobody has proven in time: gone, so that addresses are free and nothing typed is kept for ever."""

from collections.abc import Iterator
from datetime import datetime
from functools import partial
from uuid import UUID

from django.conf import settings
from django.db import transaction

from accounts.selectors import (
    registration_list_superseded,
    user_find_lapsed_locked,
    user_ids_lapsed,
    user_owns_anything,
)
from accounts.services.erasure import user_lapse_locked
from accounts.services.registration import SETTLED
from fixmate.core import clock
from fixmate.core.batches import PURGE_BATCH, each_alone, purge


def registrations_lapse() -> int:
    """Take back accounts unproven for `PENDING_KEEP_DAYS` since their last code; return how many. Idempotent.

    What the same client has typed again goes as well. What others typed stays with the account: it tells whether a
    password may be somebody else's.
    """
    at = clock.now()
    purge(registration_list_superseded(before=at - SETTLED))
    before = at - settings.PENDING_KEPT
    return each_alone(_due(before), partial(_lapse, before=before))


def _due(before: datetime) -> Iterator[UUID]:
    """Yield them some at a time; those that cannot be spared are passed by."""
    last: UUID | None = None
    while user_ids := user_ids_lapsed(before=before, after=last, limit=PURGE_BATCH):
        yield from user_ids
        last = user_ids[-1]


@transaction.atomic
def _lapse(user_id: UUID, *, before: datetime) -> bool:
    """Look again under the lock: he may have asked for another code, or proven the address."""
    user = user_find_lapsed_locked(user_id, before=before)
    if user is None or user_owns_anything(user):
        return False
    user_lapse_locked(user)
    return True
