from typing import Any

from django.core.management.base import BaseCommand

from fixmate.core.runner import Worker


class Command(BaseCommand):
    help = "Do the background work: run or relay what the outbox holds, and sweep for what is due. Until SIGTERM."

    def handle(self, *args: Any, **options: Any) -> None:
        Worker().run()
