"""The Celery application: one set of tasks for the embedded runner and for real workers."""

import os

from celery import Celery
from celery.signals import worker_process_init

from fixmate.core.heap import heap_settle

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "fixmate.settings")
# They load every view there is: `migrate` and the web have run them, and a worker that died is to be back at once.
os.environ.setdefault("CELERY_SKIP_CHECKS", "1")

app = Celery("fixmate", task_cls="fixmate.core.celery:OutboxTask", fixups=["fixmate.core.workers:fixup"])
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@worker_process_init.connect
def settle(**_: object) -> None:
    heap_settle()
