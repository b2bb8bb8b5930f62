import json
import sys
from argparse import ArgumentTypeError
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from fixmate.core.money import Money
from payments.enums import ONLINE
from payments.providers import ProviderAway
from payments.services import Reconciliation, reconcile

EVER = datetime(2000, 1, 1, tzinfo=UTC)


def _moment(text: str) -> datetime:
    """Return a day's begin, or a time of day; in UTC unless it says otherwise."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as exc:
        raise ArgumentTypeError(f"{text} is no date such as 2026-01-31, or 2026-01-31T12:00+00:00") from exc
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


class Command(BaseCommand):
    help = "Compare a provider's own records with our books; exit code 1 if anything differs. Changes nothing."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--provider", choices=ONLINE, required=True)
        parser.add_argument(
            "--since", type=_moment, default=EVER, metavar="WHEN", help="a date, or date and time; in UTC"
        )
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            found = reconcile(provider=options["provider"], since=options["since"])
        except ProviderAway as exc:
            raise CommandError(f"The provider does not answer: {exc}", returncode=2) from exc
        if options["json"]:
            self.stdout.write(json.dumps(asdict(found), indent=2))
        else:
            self._print(found)
        if found.differences:
            sys.exit(1)

    def _print(self, found: Reconciliation) -> None:
        for one in found.differences:
            self.stdout.write(f"{one.kind:14}{one.what:11}{one.ref or '-':30} {one.ours}  here: {one.here or '-'}  ")
            self.stdout.write(f"{'':25}{'':30} {'':36}  there: {one.there or '-'}")
        for total in found.totals:
            here, there = Money(total.here_minor, total.currency), Money(total.there_minor, total.currency)
            self.stdout.write(f"{total.what:11}here {total.here:>7} {here!s:>20}  there {total.there:>7} {there!s:>20}")
        self.stdout.write(f"{found.records} records compared, {len(found.differences)} differences")
