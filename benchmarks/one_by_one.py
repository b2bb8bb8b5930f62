"""What the sweep takes the place of: a task for each offer, which ends that one."""

from uuid import UUID

from celery import shared_task

from matching.services.expiry import offers_expire


@shared_task(name="bench.expire_one")
def expire_one(*, job_id: str, offer_id: str) -> None:
    offers_expire([(UUID(job_id), UUID(offer_id))])
