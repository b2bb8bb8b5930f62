"""The way from rows to Celery: a message for each claimed row, in queues no longer than workers can be behind by."""

import structlog
from celery import current_app
from django.conf import settings
from kombu.exceptions import OperationalError

from fixmate.core import outbox
from fixmate.core.celery import headers_of

log = structlog.get_logger(__name__)

AWAY = (OperationalError, OSError)


def send(claim: outbox.Claim) -> bool:
    """Send a claimed row to Celery; return whether the broker is there. Without it the row is put back."""
    try:
        current_app.tasks[claim.task].apply_async(kwargs=claim.payload, headers=headers_of(claim))
    except AWAY:
        log.warning("outbox.relay_failed", task=claim.task, message_id=claim.message_id, exc_info=True)
        outbox.put_back(claim)
        return False
    except Exception as exc:  # a task nobody knows, or arguments it does not take
        outbox.failed(claim, exc)
    return True


def crowded_tasks() -> list[str] | None:
    """Return the tasks whose queue holds `RELAY_QUEUE_MAX` messages or more; None while the broker is away.

    A row nobody began is sent again each time its claim ends. While no worker reads, that would add the whole backlog
    to the queue again and again, until the broker is out of memory.
    """
    try:
        with current_app.producer_or_acquire() as producer:
            crowded = {queue for queue in _queues() if _length(producer.channel, queue) >= settings.RELAY_QUEUE_MAX}
    except AWAY:
        log.warning("outbox.relay_away", exc_info=True)
        return None
    return [name for name, task in current_app.tasks.items() if _queue_of(task) in crowded] if crowded else []


def _queues() -> list[str]:
    return list(current_app.amqp.queues)


def _length(channel: object, queue: str) -> int:
    length: int = channel.queue_declare(queue=queue).message_count  # type: ignore[attr-defined]
    return length


def _queue_of(task: object) -> str:
    return getattr(task, "queue", None) or str(current_app.conf.task_default_queue)
