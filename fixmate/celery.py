"""The Celery application: one set of tasks for the embedded runner and for real workers."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "fixmate.settings")

app = Celery("fixmate", task_cls="fixmate.core.celery:OutboxTask")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
