"""The task class: the same object runs in process, in a worker, from a sweep or from an outbox row."""

from typing import Any
from uuid import UUID

from celery import Task

from fixmate.core import outbox

MESSAGE_HEADER, TOKEN_HEADER = "outbox_message", "outbox_token"
OUTSIDE_QUEUE = "outside"


class OutboxTask(Task):
    """A task that, when called for an outbox row, claims, runs and finishes that row.

    Set `reaches_outside=True` on tasks that talk to mail, SMS or a provider: they run without a transaction, and wait
    in a queue of their own, so that a mail server that hangs holds up no pass.
    """

    abstract = True
    reaches_outside = False

    @property
    def queue(self) -> str | None:
        return OUTSIDE_QUEUE if self.reaches_outside else None

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        headers = self.request.headers or {}
        if MESSAGE_HEADER not in headers:
            return self.run(*args, **kwargs)
        return outbox.run(
            int(headers[MESSAGE_HEADER]),
            UUID(headers[TOKEN_HEADER]),
            lambda: self.run(*args, **kwargs),
            reaches_outside=self.reaches_outside,
        )


def occasion_of(task: Task) -> int:
    """Return the number of the outbox row that carries the event: the same at each try, and higher for a later one."""
    headers = task.request.headers or {}
    return int(headers[MESSAGE_HEADER])


def headers_of(claim: outbox.Claim) -> dict[str, str]:
    """Return the message headers by which a task finds its row."""
    return {MESSAGE_HEADER: str(claim.message_id), TOKEN_HEADER: str(claim.token)}
