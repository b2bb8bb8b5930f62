from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from fixmate.core import audit, audit_heads


class Command(BaseCommand):
    help = "Walk the audit chain and name the first row that was changed, removed or reordered."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--kept", type=Path, metavar="FILE", help="heads from export_audit_head, or a log with them"
        )

    def handle(self, *args: Any, kept: Path | None = None, **options: Any) -> None:
        heads = self._heads(kept) if kept else []
        broken = audit.verify() or audit_heads.heads_verify(heads)
        if broken:
            raise CommandError(f"audit chain broken at row {broken.sequence}: {broken.fault}")
        head = audit.head_now()
        self.stdout.write(f"audit chain holds: {head.sequence} rows, head {head.digest}")
        if kept:
            self.stdout.write(f"it holds against {len(heads)} kept heads")

    def _heads(self, kept: Path) -> list[audit_heads.KeptHead]:
        try:
            lines = kept.read_text(encoding="utf-8").splitlines()
        except (OSError, ValueError) as exc:
            raise CommandError(f"cannot read {kept}: {exc}") from exc
        heads = list(audit_heads.heads_in(lines))
        if not heads:
            raise CommandError(f"there is no head in {kept}")
        return heads
