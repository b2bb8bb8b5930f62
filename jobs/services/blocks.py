"""Not meeting again: either side of a job may say so, and take it back."""

from uuid import UUID

from django.db import transaction

from accounts.models import User
from fixmate.core import clock, events
from fixmate.core.errors import NotFound
from jobs.enums import BlockSide
from jobs.errors import NeverAssigned
from jobs.events import BlockSet
from jobs.models import Block, Job
from jobs.selectors import block_get_locked_of, job_get_locked, job_last_technician_id


@transaction.atomic
def block_set(*, job_id: UUID, actor: User, note: str = "") -> tuple[Block, bool]:
    """Have the actor never meet the other side of that job again; return the block, and whether it is new.

    Idempotent: a block that holds stays as it is. Jobs that are assigned stay assigned.

    :raises NotFound: unless the actor ordered the job or has it; of one he gave back a technician knows no more
    :raises NeverAssigned: if the job never had a technician
    """
    job = job_get_locked(job_id)
    side = _side_of(job, actor)
    technician_id = job_last_technician_id(job)
    if technician_id is None:
        raise NeverAssigned
    block, is_new = Block.objects.get_or_create(
        customer_id=job.customer_id,
        technician_id=technician_id,
        set_by=side,
        lifted_at=None,
        defaults={"job": job, "note": note, "created_at": clock.now()},
    )
    if is_new:
        events.publish(BlockSet(customer_id=job.customer_id, technician_id=technician_id))
    return block, is_new


def _side_of(job: Job, actor: User) -> BlockSide:
    if job.customer_id == actor.pk:
        return BlockSide.CUSTOMER
    if job.technician is not None and job.technician.user_id == actor.pk:
        return BlockSide.TECHNICIAN
    raise NotFound


@transaction.atomic
def block_lift(*, block_id: UUID, actor: User) -> None:
    """Let the two meet again, as far as the actor is concerned.

    :raises NotFound: if there is none of his that holds
    """
    block = block_get_locked_of(user=actor, block_id=block_id)
    block.lifted_at = clock.now()
    block.save(update_fields=["lifted_at"])
