"""What every piece of news shares: an event may be late, doubled, or about something that is gone."""

from collections.abc import Callable
from datetime import datetime
from functools import wraps
from typing import Any, ParamSpec
from uuid import UUID

import structlog
from django.db import transaction

from fixmate.core.errors import NotFound
from fixmate.core.money import Money
from jobs.models import Job
from notifications.enums import Kind
from notifications.services.delivery import notification_create

P = ParamSpec("P")
log = structlog.get_logger(__name__)


def news(tell: Callable[P, None]) -> Callable[P, None]:
    """Run in one transaction, and let news about what is gone be no news: a retry would find no more."""

    @wraps(tell)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            with transaction.atomic():
                tell(*args, **kwargs)
        except NotFound:
            log.info("notifications.subject_gone", news=tell.__name__)

    return wrapped


def tell_customer(job: Job, kind: Kind, subject: object, **facts: Any) -> None:
    _tell(job.customer_id, job, kind, subject, facts)


def tell_technician(user_id: UUID, job: Job, kind: Kind, subject: object, **facts: Any) -> None:
    _tell(user_id, job, kind, subject, facts)


def tell_staff(user_id: UUID, job: Job, kind: Kind, subject: object, **facts: Any) -> None:
    _tell(user_id, job, kind, subject, facts)


def _tell(user_id: UUID, job: Job, kind: Kind, subject: object, facts: dict[str, Any]) -> None:
    payload = {"job_id": str(job.pk), "service": job.service.name, **facts}
    notification_create(user_id=user_id, kind=kind, subject_key=str(subject), payload=payload)


def shown(money: Money) -> dict[str, str]:
    """Return money as the API writes it."""
    return {"amount": money.amount, "currency": money.currency}


def shown_at(at: datetime) -> str:
    return at.isoformat(timespec="seconds")
