import json
import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from fixmate.ops.invariants import Invariant, all_invariants

SHOWN = 5


class Command(BaseCommand):
    help = "Check what must always hold, row by row; exit code 1 if anything is broken. Changes nothing."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="print one JSON object instead of lines")

    def handle(self, *args: Any, **options: Any) -> None:
        found = [(invariant, invariant.broken()) for invariant in all_invariants()]
        broken = sum(bool(rows) for _, rows in found)
        if options["json"]:
            self.stdout.write(json.dumps({"checked": len(found), "broken": broken, "invariants": _as_json(found)}))
        else:
            self._print(found, broken)
        if broken:
            sys.exit(1)

    def _print(self, found: list[tuple[Invariant, list[str]]], broken: int) -> None:
        for invariant, rows in found:
            self.stdout.write(f"{'BROKEN' if rows else 'holds':8}{len(rows):5}  {invariant.name}: {invariant.rule}")
            for row in rows[:SHOWN]:
                self.stdout.write(f"{'':15}{row}")
            if len(rows) > SHOWN:
                self.stdout.write(f"{'':15}and {len(rows) - SHOWN} more")
        self.stdout.write(f"{len(found)} invariants checked, {broken} broken")


def _as_json(found: list[tuple[Invariant, list[str]]]) -> list[dict[str, Any]]:
    return [
        {"name": invariant.name, "rule": invariant.rule, "broken": len(rows), "rows": rows[:SHOWN]}
        for invariant, rows in found
    ]
