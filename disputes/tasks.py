from datetime import timedelta
from uuid import UUID

from celery import shared_task

from disputes.services import dispute_erase_due, dispute_follow_chargeback, dispute_remind_due
from fixmate.core.events import subscribe
from fixmate.core.sweeps import sweep
from payments.events import ChargebackChanged, ChargebackClosed, ChargebackOpened


@subscribe(ChargebackOpened, ChargebackChanged, ChargebackClosed)
@shared_task(name="disputes.follow_chargeback")
def follow_chargeback(*, chargeback_id: str, **_: object) -> None:
    dispute_follow_chargeback(chargeback_id=UUID(chargeback_id))


@sweep(every=timedelta(minutes=5))
@shared_task(name="disputes.remind_due")
def remind_due() -> None:
    dispute_remind_due()


@sweep(every=timedelta(days=1))
@shared_task(name="disputes.erase_due")
def erase_due() -> None:
    dispute_erase_due()
