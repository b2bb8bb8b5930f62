import sys
from typing import Any

from django.core.management.base import BaseCommand

from fixmate.core.money import Money
from fixmate.core.snapshots import one_snapshot
from payments.selectors.ledger import head_now
from payments.selectors.proof import balance_totals, first_fault


class Command(BaseCommand):
    help = (
        "Prove the books from their first entry; exit code 1 and the first fault if they do not hold. Changes nothing."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        with one_snapshot():
            fault, number, totals = first_fault(), head_now(), balance_totals()
        for (currency, kind), minor in totals.items():
            self.stdout.write(f"{kind:24}{Money(minor, currency)!s:>20}")
        self.stdout.write(fault or f"{number} transactions: every entry balances, what is held is what is owed")
        if fault:
            sys.exit(1)
