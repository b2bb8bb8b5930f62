"""Files no row names: a crash came between file and row, or the storage was away when one was to be deleted."""

import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import pairwise

import structlog
from django.apps import apps
from django.core.files.storage import default_storage
from django.db.models import FileField

from fixmate.core import clock
from fixmate.core.storage import name_time, private_storage

log = structlog.get_logger(__name__)
FOLDERS = ("uploads", "documents", "avatars")
LIMIT = 20_000  # names in memory at once
BUDGET_S = 15  # of each span; a task has 45
SETTLED_AFTER = timedelta(hours=24)  # by then the row of a new file has long been written
_RECENT = timedelta(days=3)
_TURN = timedelta(days=7)
_TURNS = 520  # ten years of weeks: once round in 22 days
_STARTS = 21  # has no factor in common with the turns: each comes to begin at each
_LEAST = timedelta(milliseconds=1)
_BATCH = 500
# More than these, and more than half: that is another database's storage, or a lost table, and no crash.
_FEW = 50


def strays_remove() -> int:
    """Delete strays of the last days and of one older week, the next week an hour later; return how many.

    Where there are more files than a run has time for, each hour begins at another place of the span.

    :raises StorageUnavailable: if the storage is away; what was left is found next time
    """
    now = clock.now()
    return sum(_remove_between(*span, turn=_turn(now)) for span in spans(now))


def _turn(now: datetime) -> int:
    return int(now.timestamp()) // 3600


def spans(now: datetime) -> tuple[tuple[datetime, datetime], tuple[datetime, datetime]]:
    """Return the spans of time that are looked at in this hour. They follow from the clock: no place is kept."""
    until = now - SETTLED_AFTER
    since = until - _RECENT
    turn = _turn(now) % _TURNS
    return (since, until), (since - (turn + 1) * _TURN, since - turn * _TURN)


def _remove_between(since: datetime, until: datetime, *, turn: int = 0) -> int:
    deadline, removed = time.monotonic() + BUDGET_S, 0
    for folder in FOLDERS:
        for month in _months(since, until):
            for names in _pages(f"{folder}/{month}", since, until, turn, deadline):
                removed += _remove_unnamed(names)
    return removed


def _pages(folder: str, since: datetime, until: datetime, turn: int, deadline: float) -> Iterator[list[str]]:
    """Yield the names of the span, if they are many some at a time: from a start that moves, while there is time."""
    names = private_storage().names_between(folder, since, until, limit=LIMIT)
    if len(names) < LIMIT:
        yield names
        return
    start = since + (until - since) * (turn % _STARTS) / _STARTS
    for first, last in ((start, until), (since, start)):
        while first < last:
            names = private_storage().names_between(folder, first, last, limit=LIMIT)
            yield names
            if len(names) < LIMIT:
                break
            if time.monotonic() >= deadline:
                log.warning("files.strays_cut", folder=folder, limit=LIMIT)
                return
            first = max(name_time(names[-1]), first + _LEAST)  # names of one moment may stand on both pages


def _months(since: datetime, until: datetime) -> list[str]:
    """Return the folders of the months; a day more each way, because names and folders go by two clocks."""
    day, last = since - timedelta(days=1), until + timedelta(days=1)
    found = [f"{last:%Y/%m}"]
    while day < last:
        found.append(f"{day:%Y/%m}")
        day += timedelta(days=1)
    return sorted(set(found))


def _remove_unnamed(names: list[str]) -> int:
    starts = [*range(0, len(names), _BATCH), len(names)]
    removed = 0
    for start, end in pairwise(starts):
        batch = names[start:end]
        strays = sorted(set(batch) - set(_named(batch)))
        if len(strays) > max(_FEW, len(batch) // 2):
            log.error("files.strays_too_many", strays=len(strays), looked_at=len(batch))
            continue
        for name in strays:
            default_storage.delete(name)
            log.info("files.stray_removed", name=name)
        removed += len(strays)
    return removed


def _named(names: list[str]) -> Iterator[str]:
    """Yield those that a row of any app names."""
    for model in apps.get_models():
        for field in model._meta.concrete_fields:
            if isinstance(field, FileField):
                yield from model._base_manager.filter(**{f"{field.name}__in": names}).values_list(field.name, flat=True)
