"""Bringing deadlines to mind, once each, when three quarters of the time are gone."""

from uuid import UUID

from django.db import transaction

from disputes.events import DisputeReminderDue
from disputes.models import DisputeDeadline
from disputes.selectors import deadline_list_to_remind, dispute_get_locked
from fixmate.core import clock, events
from fixmate.core.batches import each_alone

REMIND_BATCH = 200


def dispute_remind_due() -> int:
    """Remind whoever owes a dispute something, each in a transaction of its own; return how many.

    Safe to run twice at once: each deadline is looked at again under the lock of its dispute.
    """
    return each_alone(deadline_list_to_remind(at=clock.now(), limit=REMIND_BATCH), _remind)


@transaction.atomic
def _remind(due: tuple[UUID, int]) -> bool:
    dispute_id, deadline_id = due
    dispute_get_locked(dispute_id)
    deadline = DisputeDeadline.objects.get(pk=deadline_id)
    if deadline.ended_at or deadline.reminded_at:
        return False
    deadline.reminded_at = clock.now()
    deadline.save(update_fields=["reminded_at"])
    events.publish(DisputeReminderDue(dispute_id=dispute_id, deadline_id=deadline_id))
    return True
