from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from fixmate.ops.reference import PAGE, page_renewed


class Command(BaseCommand):
    help = "Renew the tables of docs/api-design.md from the OpenAPI document and the errors; --check only compares."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--check", action="store_true", help="fail where they are out of date, and write nothing")

    def handle(self, *args: Any, check: bool, **options: Any) -> None:
        text = PAGE.read_text(encoding="utf-8")
        renewed = page_renewed(text)
        if check and renewed != text:
            raise CommandError(f"{PAGE.name} is out of date: run manage.py api_docs")
        if renewed != text:
            PAGE.write_text(renewed, encoding="utf-8")
            self.stdout.write(f"Renewed {PAGE.name}.")
