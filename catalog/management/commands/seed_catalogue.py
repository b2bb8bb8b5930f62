from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.db import transaction

from catalog.services import catalogue_seed
from fixmate.core.context import Context, Source, entered


class Command(BaseCommand):
    help = "Add the starting catalogue: categories, services, the fee rate. What is there already stays as it is."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="say what would be added, and add nothing")

    def handle(self, *args: Any, **options: Any) -> None:
        with entered(Context(Source.COMMAND)), transaction.atomic():
            made = catalogue_seed(actor=None, reason="The catalogue a new installation starts with.")
            transaction.set_rollback(bool(options["dry_run"]))
        for name in made:
            self.stdout.write(name)
        self.stdout.write(f"{len(made)} entries {'would be ' if options['dry_run'] else ''}added")
