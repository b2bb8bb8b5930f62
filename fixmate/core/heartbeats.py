"""Signs of life of background processes, by the database's clock: one row a kind, whichever process beat last."""

import time
from datetime import timedelta

from fixmate.core import clock
from fixmate.core.models import Heartbeat

WORK = "work"
EVERY_S = 5.0


class Heart:
    """Beats at most every `EVERY_S`, however often it is asked."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._next_at = 0.0

    def beat(self) -> None:
        if time.monotonic() < self._next_at:
            return
        row = Heartbeat(name=self._name, at=clock.now())
        Heartbeat.objects.bulk_create([row], update_conflicts=True, unique_fields=["name"], update_fields=["at"])
        self._next_at = time.monotonic() + EVERY_S


def age_of(name: str) -> timedelta | None:
    """Return how long ago it beat, or None if it never did."""
    row = Heartbeat.objects.filter(pk=name).first()
    return None if row is None else clock.now() - row.at
