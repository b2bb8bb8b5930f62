import json
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from fixmate.ops.inventory import bill_of_materials


class Command(BaseCommand):
    help = "Print the bill of materials (CycloneDX, JSON): every library that runs, with its version."

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(json.dumps(bill_of_materials(settings.BASE_DIR / "requirements.txt"), indent=2))
