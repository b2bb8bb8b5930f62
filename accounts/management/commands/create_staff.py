import os
import sys
from getpass import getpass
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.core.validators import validate_email

from accounts.enums import Role
from accounts.errors import AccountTaken
from accounts.models import User
from accounts.selectors import user_find_by_email
from accounts.services import staff_appoint_dispatcher, staff_create
from fixmate.core.context import Context, Source, entered
from fixmate.core.errors import DomainError


class Command(BaseCommand):
    help = "Make a staff account, which may use the console and the staff part of the API. Audited."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--email", required=True)
        parser.add_argument("--first-name", default="FixMate")
        parser.add_argument("--last-name", default="Staff")
        parser.add_argument("--if-missing", action="store_true", help="leave a staff account that is there as it is")
        parser.add_argument(
            "--dispatcher",
            action="store_true",
            help="may also give jobs to technicians by hand, where a setting allows",
        )
        source = parser.add_mutually_exclusive_group()
        source.add_argument(
            "--password-stdin", action="store_true", help="read the password from the first line of stdin"
        )
        source.add_argument("--password-env", metavar="NAME", help="read the password from this environment variable")

    def handle(self, *args: Any, **options: Any) -> None:
        email = _email(options["email"])
        held = user_find_by_email(email)
        if held is not None:
            self._keep(held, is_accepted=options["if_missing"])
            if options["dispatcher"]:
                self._appoint(held)
            return
        password = _password(is_stdin=options["password_stdin"], variable=options["password_env"])
        try:
            with entered(Context(Source.COMMAND)):
                user = staff_create(
                    email=email, password=password, first_name=options["first_name"], last_name=options["last_name"]
                )
        except DomainError as refusal:
            raise CommandError(_text(refusal)) from refusal
        self.stdout.write(f"Staff account {user.email} made.")
        if settings.STAFF_CONSOLE_2FA or settings.STAFF_REST_2FA:
            self.stdout.write("Next: log in to the console at /admin/, which leads to adding a second factor.")
        if options["dispatcher"]:
            self._appoint(user)

    def _appoint(self, user: User) -> None:
        with entered(Context(Source.COMMAND)):
            staff_appoint_dispatcher(user_id=user.pk)
        self.stdout.write(f"{user.email} is a dispatcher.")

    def _keep(self, held: User, *, is_accepted: bool) -> None:
        if held.role != Role.ADMIN:
            raise CommandError(f"{held.email} has an account that is not staff; an account keeps its role.")
        if not is_accepted:
            raise CommandError(f"{AccountTaken.message} {held.email} is staff; --if-missing accepts that.")
        self.stdout.write(f"Staff account {held.email} is there already; left as it is.")


def _email(text: str) -> str:
    try:
        validate_email(text)
    except ValidationError as exc:
        raise CommandError(f"{text!r} is not an e-mail address.") from exc
    return text


def _password(*, is_stdin: bool, variable: str | None) -> str:
    if variable:
        password = os.environ.get(variable, "")
    elif is_stdin:
        password = sys.stdin.readline().rstrip("\r\n")
    else:
        password = _prompted()
    if not password:
        raise CommandError(f"No password in {variable or 'what was given'}.")
    return password


def _prompted() -> str:
    if not sys.stdin.isatty():
        raise CommandError("There is no terminal to ask for a password: use --password-stdin or --password-env.")
    password = getpass("Password: ")
    if getpass("Again: ") != password:
        raise CommandError("The two are not the same.")
    return password


def _text(refusal: DomainError) -> str:
    details = [text for texts in refusal.details.values() for text in texts]
    return " ".join([refusal.text, *details])
