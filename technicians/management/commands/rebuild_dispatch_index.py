from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from technicians.services import dispatchable_rebuild, dispatchable_rebuild_preview


class Command(BaseCommand):
    help = "Make the rows and rank keys that candidates are searched by anew, wherever they differ from the source."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="say how many differ, and change nothing")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["dry_run"]:
            self.stdout.write(f"{dispatchable_rebuild_preview()} rows differ")
        else:
            self.stdout.write(f"{dispatchable_rebuild()} rows differed and were made anew")
