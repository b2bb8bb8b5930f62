from datetime import timedelta
from uuid import UUID

from celery import shared_task

from fixmate.core.celery import OutboxTask
from fixmate.core.events import subscribe
from fixmate.core.sweeps import sweep
from jobs.events import JobAssigned, JobCancelled, JobCompleted, QuoteApproved
from payments.events import HoldLookedAt, ProviderCallDue, ProviderObjectChanged
from payments.services import (
    call_perform,
    calls_order_due,
    chargebacks_look_again,
    hold_refresh,
    payment_capture_for_job,
    payment_ensure,
    payment_settle_cancelled,
    payments_cover_due,
    payouts_order,
    webhook_apply,
    webhooks_apply_left,
    webhooks_purge,
)


@subscribe(JobAssigned, QuoteApproved)
@shared_task(name="payments.ensure")
def ensure(*, job_id: str, **_: object) -> None:
    payment_ensure(job_id=UUID(job_id))


@subscribe(JobCompleted)
@shared_task(name="payments.capture")
def capture(*, job_id: str, **_: object) -> None:
    payment_capture_for_job(job_id=UUID(job_id))


@subscribe(JobCancelled)
@shared_task(name="payments.settle_cancelled")
def settle_cancelled(*, job_id: str, **_: object) -> None:
    payment_settle_cancelled(job_id=UUID(job_id))


@sweep(every=timedelta(minutes=10))
@shared_task(name="payments.order_payouts")
def order_payouts(**_: object) -> None:
    payouts_order()


# What online providers are asked


@subscribe(ProviderCallDue)
@shared_task(name="payments.perform_call", base=OutboxTask, reaches_outside=True)
def perform_call(*, call_id: str, tries: int, **_: object) -> None:
    call_perform(call_id=UUID(call_id), tries=tries)


@sweep(every=timedelta(seconds=30))
@shared_task(name="payments.order_calls")
def order_calls(**_: object) -> None:
    calls_order_due()


@subscribe(HoldLookedAt)
@shared_task(name="payments.look_at_hold", base=OutboxTask, reaches_outside=True)
def look_at_hold(*, ref: str, **_: object) -> None:
    hold_refresh(ref=ref)


@sweep(every=timedelta(minutes=10))
@shared_task(name="payments.cover_due")
def cover_due(**_: object) -> None:
    payments_cover_due()


# What providers tell


@subscribe(ProviderObjectChanged)
@shared_task(name="payments.apply_webhook", base=OutboxTask, reaches_outside=True)
def apply_webhook(*, webhook_id: int, **_: object) -> None:
    webhook_apply(webhook_id=webhook_id)


@sweep(every=timedelta(seconds=30))
@shared_task(name="payments.apply_left_webhooks")
def apply_left_webhooks(**_: object) -> None:
    webhooks_apply_left()


@sweep(every=timedelta(minutes=10))
@shared_task(name="payments.look_at_chargebacks")
def look_at_chargebacks(**_: object) -> None:
    chargebacks_look_again()


@sweep(every=timedelta(days=1))
@shared_task(name="payments.purge_webhooks")
def purge_webhooks(**_: object) -> None:
    webhooks_purge()
