"""What somebody who deleted his account said in disputes.

While a claim may be made it is the other side's proof, and stays; then it goes, with the files he handed in. What
staff said stays with the decision it explains.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import transaction

from accounts.enums import Role
from accounts.models import User
from disputes.enums import ERASED
from disputes.models import Dispute, DisputeEvent, DisputeEvidence
from disputes.selectors import user_ids_to_erase
from fixmate.core import clock
from fixmate.core.batches import each_alone
from fixmate.core.files import files_forget
from fixmate.core.models import Upload

ERASE_BATCH = 200


def dispute_erase(user: User) -> None:
    """Take what he said, and handed in, out of disputes that were closed `DISPUTE_RETENTION_DAYS` ago. Idempotent."""
    _erase(user.pk)


def dispute_erase_due() -> int:
    """Do the same for accounts deleted before, whose disputes have become that old since; return for how many.

    Each is a transaction of its own.
    """
    return each_alone(user_ids_to_erase(closed_before=_limit(), limit=ERASE_BATCH), _erase)


def _limit() -> datetime:
    return clock.now() - timedelta(days=settings.DISPUTE_RETENTION_DAYS)


@transaction.atomic
def _erase(user_id: UUID) -> bool:
    old = Dispute.objects.filter(closed_at__lt=_limit())
    old.filter(opened_by=user_id).update(description=ERASED)
    said = DisputeEvent.objects.filter(actor=user_id, dispute__in=old).exclude(actor_role=Role.ADMIN)
    said.exclude(text="").update(text="")
    _files_erase(DisputeEvidence.objects.filter(event__in=said).values_list("upload_id", flat=True))
    return True


def _files_erase(upload_ids: Iterable[UUID]) -> None:
    uploads = Upload.objects.filter(pk__in=list(upload_ids)).exclude(file="")
    paths = list(uploads.values_list("file", flat=True))
    uploads.update(file="")
    files_forget(paths)
