from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from technicians.services import reputation_rebuild, reputation_rebuild_preview


class Command(BaseCommand):
    help = "Count ratings and rates of all technicians anew from the rows, and say whose figures differed."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="say whose figures differ, and change nothing")

    def handle(self, *args: Any, **options: Any) -> None:
        differences = reputation_rebuild_preview() if options["dry_run"] else reputation_rebuild()
        for difference in differences:
            self.stdout.write(str(difference))
        verb = "differ" if options["dry_run"] else "differed and were made anew"
        self.stdout.write(f"figures of {len(differences)} technicians {verb}")
