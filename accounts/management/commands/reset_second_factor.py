from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts.selectors import user_find_by_email
from accounts.services import second_factor_reset
from fixmate.core.context import Context, Source, entered
from fixmate.core.errors import DomainError


class Command(BaseCommand):
    help = "Take the second factor away from staff who have lost phone and recovery codes. Audited; the owner is told."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("email")
        parser.add_argument("--reason", required=True, help="why, and how you made sure who asked")
        parser.add_argument("--dry-run", action="store_true", help="only say whether there is one to take away")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            user = user_find_by_email(options["email"])
            if user is None:
                raise CommandError("There is no such account.")
            if options["dry_run"]:
                self.stdout.write(f"{user.email} has {'a' if user.has_second_factor else 'no'} second factor.")
                return
            with entered(Context(Source.COMMAND)):
                second_factor_reset(user_id=user.pk, reason=options["reason"])
        except DomainError as refusal:
            raise CommandError(refusal.text) from refusal
        self.stdout.write(f"{user.email} has no second factor any more, and is logged out everywhere.")
