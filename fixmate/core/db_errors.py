"""What the database refused, as a refusal of ours: named constraints have stable codes."""

from dataclasses import dataclass

from django.db import IntegrityError

from fixmate.core.errors import Conflict


@dataclass(frozen=True, slots=True)
class _Rule:
    needle: str
    error: type[Conflict]


_rules: list[_Rule] = []


def refuse(error: type[Conflict], *needles: str) -> None:
    """Name the constraint whose violation is this refusal.

    PostgreSQL reports constraints by name; SQLite reports unique ones as `table.column, table.column` and triggers by
    their message: give every form.
    """
    _rules.extend(_Rule(needle, error) for needle in needles)


def conflict_of(exc: IntegrityError) -> Conflict | None:
    """Return the refusal an IntegrityError stands for, or None: then it is a bug and stays a 500."""
    text = str(exc).partition("\n")[0]  # PostgreSQL's next lines quote the row, which people wrote
    for rule in _rules:
        if rule.needle in text:
            return rule.error()
    return None
