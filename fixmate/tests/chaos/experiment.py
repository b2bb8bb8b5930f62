"""One experiment in a process of its own: `python -m fixmate.tests.chaos.experiment C3 --seed 7 --report FILE`.

Django is set up only once the servers are there, so what needs it is imported afterwards, by name.
"""

import argparse
import importlib
import json
import shutil
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from types import FrameType

import django
from celery import current_app

from fixmate.tests.chaos.catalogue import BY_ID, Experiment
from fixmate.tests.chaos.figures import Report
from fixmate.tests.chaos.ground import Ground, Server, laid_out
from fixmate.tests.chaos.schedule import dice_for


@dataclass(slots=True)
class Run:
    """What an experiment is given: its ground, its dice, how long it may take, and the report to fill.

    Controls break things on purpose, so they run last: after the invariants have been asked for.
    """

    ground: Ground
    dice: Random
    seed: int
    is_quick: bool
    report: Report
    controls: list[Callable[[], None]] = field(default_factory=list)

    def pick(self, quick: float, full: float) -> float:
        return quick if self.is_quick else full

    def count(self, quick: int, full: int) -> int:
        return quick if self.is_quick else full


def run(experiment: Experiment, ground: Ground, *, seed: int, is_quick: bool) -> Report:
    """Set Django up on the ground and run; the invariants are asked for at the end of every experiment."""
    django.setup()
    current_app.loader.import_default_modules()  # or what is published here would have no subscribers
    module, _, name = experiment.call.partition(":")
    call: Callable[[Run], None] = getattr(importlib.import_module(f"fixmate.tests.chaos.{module}"), name)
    report = Report(experiment.id, experiment.title)
    began = time.monotonic()
    this_run = Run(ground, dice_for(seed, experiment.id), seed, is_quick, report)
    call(this_run)
    aftermath = importlib.import_module("fixmate.tests.chaos.aftermath")
    report.gates.append(aftermath.invariants_gate(report))
    for control in this_run.controls:
        control()
    report.seconds = time.monotonic() - began
    return report


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("id", choices=BY_ID)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--server", required=True)
    parser.add_argument("--template", required=True)
    parser.add_argument("--report", type=Path, required=True)
    options = parser.parse_args(arguments)
    signal.signal(signal.SIGTERM, _leave)
    experiment, server = BY_ID[options.id], Server(options.server)
    with laid_out(experiment, server=server, template=options.template) as ground:
        try:
            report = run(experiment, ground, seed=options.seed, is_quick=options.quick)
        finally:
            _keep_logs(ground, options.report.with_suffix(""))
    options.report.write_text(json.dumps(report.as_json()), encoding="utf-8")
    return 0


def _keep_logs(ground: Ground, folder: Path) -> None:
    """Keep what the processes said: of the last run of this experiment alone."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for path in ground.folder.glob("*.log"):
        shutil.copy(path, folder)


def _leave(_number: int, _frame: FrameType | None) -> None:
    """Turn SIGTERM into an exception, so that every server and process that was started is ended."""
    raise SystemExit("told to stop")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
