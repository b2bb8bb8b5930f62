import signal
from types import FrameType
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from fixmate.ops.programs import PortNotFree, programs, require_free_port
from fixmate.ops.supervisor import Supervisor


class Command(BaseCommand):
    help = "Run the web server and the background worker until Ctrl-C; whichever dies is started again."

    is_stopping = False

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            require_free_port(settings.HOST, settings.PORT)
        except PortNotFree as exc:
            raise CommandError(str(exc)) from exc
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._stop)
        self.stdout.write(f"FixMate on http://{settings.HOST}:{settings.PORT} (API docs: /docs, console: /admin/)")
        self.stdout.flush()
        Supervisor(programs()).run(until=lambda: self.is_stopping)
        self.stdout.write("FixMate has stopped.")

    def _stop(self, _number: int, _frame: FrameType | None) -> None:
        self.is_stopping = True
