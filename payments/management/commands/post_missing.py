from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from payments.selectors import payment_ids_not_posted
from payments.services import ledger_post_missing


class Command(BaseCommand):
    help = "Post captured payments that are not in the books: once, after the upgrade that brings them. Idempotent."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="count them, and post nothing")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["dry_run"]:
            self.stdout.write(f"{len(payment_ids_not_posted())} to post")
        else:
            self.stdout.write(f"{ledger_post_missing()} posted")
