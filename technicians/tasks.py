from datetime import timedelta
from uuid import UUID

from celery import shared_task

from accounts.events import UserReinstated, UserRestricted, UserSuspended
from fixmate.core.events import subscribe
from fixmate.core.sweeps import sweep
from technicians.services import (
    document_expire_due,
    document_remind_due,
    history_purge,
    positions_flush,
    technician_note_user_status,
)


@subscribe(UserSuspended, UserRestricted, UserReinstated)
@shared_task(name="technicians.follow_user_status")
def follow_user_status(*, user_id: str, **_: object) -> None:
    technician_note_user_status(user_id=UUID(user_id))


@sweep(every=timedelta(minutes=10))
@shared_task(name="technicians.expire_documents")
def expire_documents() -> None:
    document_expire_due()


@sweep(every=timedelta(hours=1))
@shared_task(name="technicians.remind_documents")
def remind_documents() -> None:
    document_remind_due()


@sweep(every=timedelta(seconds=1))
@shared_task(name="technicians.flush_positions")
def flush_positions() -> None:
    positions_flush()


@sweep(every=timedelta(days=1))
@shared_task(name="technicians.purge_history")
def purge_history() -> None:
    history_purge()
