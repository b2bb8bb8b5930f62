"""What a case file is made of: each app tells what it knows of a job, in chapters that it adds in its `guards`.

The app that makes the file need not know the others.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any
from uuid import UUID


@dataclass(frozen=True, slots=True)
class CasePart:
    """One chapter: a table of what an app has on record about a job. Each row has a value for every column."""

    name: str
    title: str
    columns: tuple[str, ...]
    rows: Callable[[UUID], Iterable[tuple[Any, ...]]]


FACTS = ("fact", "value")  # the columns of a chapter about one thing
_parts: dict[str, CasePart] = {}


def case_told_by(*parts: CasePart) -> None:
    """Add chapters, which stand in the order in which they were added."""
    _parts.update({part.name: part for part in parts})


def case_parts() -> list[CasePart]:
    return list(_parts.values())
