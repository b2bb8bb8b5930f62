from typing import Any

from django.core.management.base import BaseCommand, CommandError

from fixmate.core import audit


class Command(BaseCommand):
    help = "Walk the audit chain and name the first row that was changed, removed or reordered."

    def handle(self, *args: Any, **options: Any) -> None:
        broken = audit.verify()
        if broken:
            raise CommandError(f"audit chain broken at row {broken.sequence}: {broken.fault}")
        head = audit.head_now()
        self.stdout.write(f"audit chain holds: {head.sequence} rows, head {head.digest}")
