from typing import Any

from django.core.management.base import BaseCommand

from fixmate.core.heap import heap_settle
from fixmate.core.runner import Worker


class Command(BaseCommand):
    requires_system_checks = ()  # they load every view there is; `migrate` has run them
    help = "Do the background work: run or relay what the outbox holds, and sweep for what is due. Until SIGTERM."

    def handle(self, *args: Any, **options: Any) -> None:
        heap_settle()
        Worker().run()
