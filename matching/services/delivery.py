"""The delivery-aware clock: an offer that no app has shown is sent once more."""

from datetime import timedelta
from typing import Final
from uuid import UUID

from django.conf import settings
from django.db import transaction

from fixmate.core import clock, events
from fixmate.core.batches import each_alone
from jobs.enums import JobStatus
from jobs.selectors import job_get_locked
from matching.enums import OfferStatus
from matching.events import OfferUnseen
from matching.models import Offer
from matching.selectors import offer_get_locked, offer_ids_unseen

PUSH_BATCH: Final = 500


def offer_push_again_due() -> int:
    """Have every open offer that nobody was shown within `OFFER_ACK_S` sent again, once; return how many.

    Each in a transaction of its own, looked at again under its locks: safe to run twice at once.
    """
    since = clock.now() - timedelta(seconds=settings.OFFER_ACK_S)
    return each_alone(offer_ids_unseen(before=since, limit=PUSH_BATCH), _push_again)


@transaction.atomic
def _push_again(due: tuple[UUID, UUID]) -> bool:
    job_id, offer_id = due
    job = job_get_locked(job_id)
    offer = offer_get_locked(offer_id)
    at = clock.now()
    is_open = job.status == JobStatus.MATCHING and offer.expires_at > at
    if not is_open or not _is_unseen(offer):
        return False
    offer.pushed_again_at = at
    offer.save(update_fields=["pushed_again_at"])
    events.publish(OfferUnseen(offer_id=offer.pk, job_id=job.pk, technician_id=offer.technician_id))
    return True


def _is_unseen(offer: Offer) -> bool:
    return offer.status == OfferStatus.PENDING and offer.seen_at is None and offer.pushed_again_at is None
