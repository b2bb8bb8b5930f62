from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand

from fixmate.core import audit_heads


class Command(BaseCommand):
    help = "Print the head of the audit chain as a line of JSON, or add it to a file that is kept elsewhere."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--to", type=Path, metavar="FILE", help="add the line to this file")

    def handle(self, *args: Any, to: Path | None = None, **options: Any) -> None:
        line = audit_heads.head_line()
        if to is None:
            self.stdout.write(line)
            return
        with to.open("a", encoding="utf-8") as file:
            file.write(f"{line}\n")
