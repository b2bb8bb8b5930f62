"""How Celery's workers treat Django: as Celery means it, but for connections between two tasks."""

from functools import cached_property
from typing import Any

from celery import Celery, Task
from celery.fixups.django import DjangoFixup, DjangoWorkerFixup  # type: ignore[attr-defined]  # a stub without it
from django.db import close_old_connections


class WorkerFixup(DjangoWorkerFixup):  # type: ignore[misc]
    """Has each connection go back to its pool at both ends of a task, as at both ends of a request.

    Celery's own closes the whole pool of a forked worker there (celery/celery#10554): each task would wait for a new
    connection, and have each of its statements parsed and planned again.
    """

    def on_task_prerun(self, sender: Task, **_: Any) -> None:
        if not sender.request.is_eager:
            close_old_connections()

    on_task_postrun = on_task_prerun


class Fixup(DjangoFixup):
    @cached_property
    def worker_fixup(self) -> WorkerFixup:
        return WorkerFixup(self.app)


def fixup(app: Celery) -> Fixup:
    made = Fixup(app)
    made.install()
    return made
