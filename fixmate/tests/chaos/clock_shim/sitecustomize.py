"""A wrong clock for one process: on its PYTHONPATH, Python runs this first.

The file named by CHAOS_CLOCK_FILE holds by how many seconds this process's wall clock is wrong; a new number in it
makes the clock jump. Monotonic clocks stay right, as they do on a real machine.
"""

import os
import threading
import time
from datetime import timedelta
from pathlib import Path

import time_machine

LOOK_EVERY_S = 0.1


class WrongClock:
    def __init__(self, path: Path) -> None:
        self.path = path
        self.offset_s = self._wanted_s()
        self.shown = time_machine.travel(timedelta(seconds=self.offset_s), tick=True).start()

    def follow(self) -> None:
        """Keep to the file, in a thread of its own: a fork has to start one again."""
        threading.Thread(target=self._follow, daemon=True).start()

    def _follow(self) -> None:
        while True:
            time.sleep(LOOK_EVERY_S)
            wanted_s = self._wanted_s()
            if wanted_s != self.offset_s:
                self.shown.shift(timedelta(seconds=wanted_s - self.offset_s))
                self.offset_s = wanted_s

    def _wanted_s(self) -> float:
        return float(self.path.read_text(encoding="ascii"))


if "CHAOS_CLOCK_FILE" in os.environ:
    clock = WrongClock(Path(os.environ["CHAOS_CLOCK_FILE"]))
    clock.follow()
    os.register_at_fork(after_in_child=clock.follow)
