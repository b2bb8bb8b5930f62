import logging
import signal
import sys
from pathlib import Path
from types import FrameType
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from fixmate.ops.demo.options import DEFAULT_JOBS, DEFAULT_SEED, OFFLINE, PAYMENTS, DemoError, Options
from fixmate.ops.demo.show import Show

INTERRUPTED = 130


class Command(BaseCommand):
    help = (
        "Set everything up and watch customers' requests become offers, assignments, finished and paid jobs, reviews."
    )
    requires_migrations_checks = False

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--demand",
            type=Path,
            metavar="FILE",
            help="a CSV of real requests: requested_at, category, latitude, longitude; without it a city is made up",
        )
        parser.add_argument("--jobs", type=int, default=DEFAULT_JOBS, metavar="N", help="how many requests to make")
        parser.add_argument("--technicians", type=int, metavar="N", help="how many technicians; else as jobs need")
        parser.add_argument(
            "--speed", type=float, metavar="X", help="how much gaps between requests shrink; else the last after 120 s"
        )
        parser.add_argument("--seed", type=int, default=DEFAULT_SEED, metavar="S", help="draws the people and the city")
        parser.add_argument("--port", type=int, default=settings.PORT, metavar="P")
        parser.add_argument(
            "--payments",
            choices=PAYMENTS,
            default=OFFLINE,
            help="in cash, or by card at a localstripe that the demo starts",
        )
        parser.add_argument("--exit", action="store_true", help="stop the server after the summary")
        parser.add_argument("--json", action="store_true", help="end with one line of JSON on stdout")

    def handle(self, *args: Any, **options: Any) -> None:
        logging.getLogger("httpx").setLevel(logging.WARNING)  # it logs every request
        _stop_on_signals()
        wanted = Options(
            demand=options["demand"],
            jobs=options["jobs"],
            technicians=options["technicians"],
            speed=options["speed"],
            seed=options["seed"],
            port=options["port"],
            payments=options["payments"],
            stays_up=not options["exit"],
            as_json=options["json"],
        )
        try:
            is_good = Show(wanted, sys.stdout).play()
        except DemoError as exc:
            raise CommandError(str(exc)) from exc
        except KeyboardInterrupt:
            self.stderr.write("Stopped.")
            sys.exit(INTERRUPTED)
        if not is_good:
            sys.exit(1)


def _stop_on_signals() -> None:
    """Have every way to end this process be Ctrl-C's, also where the shell has switched Ctrl-C off."""

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        signal.raise_signal(signal.SIGINT)

    signal.signal(signal.SIGINT, signal.default_int_handler)
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, interrupt)
