"""Tasks as the outbox might meet them: one that is well, one that always raises, one that takes its process along."""

import os
import signal
from pathlib import Path

from celery import shared_task

GOOD, FAILING, POISON = "chaos.good", "chaos.failing", "chaos.poison"


@shared_task(name=GOOD)
def good(*, number: int, **_: object) -> None:
    """Do nothing: its row tells when it was done."""


@shared_task(name=FAILING)
def failing(**_: object) -> None:
    raise ValueError("this task always raises")


@shared_task(name=POISON)
def poison(*, tally: str, **_: object) -> None:
    """Count the call in a file, then die as a process does that runs out of memory."""
    with Path(tally).open("ab", buffering=0) as file:
        file.write(b"x")
    os.kill(os.getpid(), signal.SIGKILL)
