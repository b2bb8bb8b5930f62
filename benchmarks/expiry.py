"""make bench-expiry: what the end of an offer costs in the sweep, beside one Celery task for each.

Makes a database of its own beside the one that DATABASE_URL names, and a Redis of its own. The tasks are carried by a
real worker and end one offer each through the same service. The cost is processor time, that of every process which
has a part in it: a ratio within one run.
"""

import argparse
import os
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from benchmarks.ground import PRODUCTION, own_ground
from benchmarks.options import options_of
from benchmarks.output import say, write_figures
from fixmate.tests.chaos.fleet import Fleet
from fixmate.tests.chaos.ground import wait_until

DATABASE = "fixmate_bench_expiry"
OUT = "var/bench/expiry.json"
SIZE, SAMPLE, WARM_UP, EMPTY_ROUNDS = 10_000, 1_000, 200, 200
CELERY_PROCESSES = 2  # as deploy/ has them
ALL_DONE_WITHIN_S = 600.0
ENVIRONMENT = PRODUCTION | {"DJANGO_SETTINGS_MODULE": "benchmarks.settings_one_by_one"}
_TICKS_A_SECOND = os.sysconf("SC_CLK_TCK")


def main() -> None:
    options = _options()
    with own_ground(DATABASE, ENVIRONMENT) as (folder, environment):
        results = _measured(options, folder, environment)
    _print(results)
    write_figures(results, options.json)


def _options() -> argparse.Namespace:
    return options_of(
        __doc__,
        OUT,
        size=(SIZE, "how many offers the sweep ends"),
        sample=(SAMPLE, "how many of them tasks end, one each"),
        celery=(CELERY_PROCESSES, "how many Celery processes"),
    )


def _measured(options: argparse.Namespace, folder: Path, environment: dict[str, str]) -> dict[str, Any]:
    from benchmarks import lapses

    say(f"{max(options.size, options.sample) + WARM_UP:,} technicians: growing the metro ...")
    town = lapses.peopled(max(options.size, options.sample) + WARM_UP)
    one_by_one = _one_by_one(options, folder, environment, town)
    swept = _swept(options.size, town)
    return {
        "size": options.size,
        "sample": options.sample,
        "celery_processes": options.celery,
        "one_by_one": one_by_one,
        "sweep": swept,
        "ratio": {name: one_by_one[name] / swept[name] for name in ("cpu_ms", "wall_ms")},
        "empty_sweep": _empty(),
    }


# A task for each


def _one_by_one(options: argparse.Namespace, folder: Path, environment: dict[str, str], town: Any) -> dict[str, Any]:
    """Order a task for each offer and wait until the last is carried out."""
    from benchmarks import lapses

    with Fleet(folder, environment) as fleet:
        fleet.add_celery(concurrency=options.celery)
        say("a Celery task each: warming up ...")
        _ordered(lapses.offers_due(town, 0, WARM_UP))
        due = lapses.offers_due(town, WARM_UP, options.sample)
        say(f"a Celery task each: {options.sample:,} offers ...")
        process = fleet.programs["celery"].process
        worker = process.pid if process else 0
        return _cost(lambda: _ordered(due), options.sample, lambda: {"celery": _group(worker), "redis": _redis()})


def _ordered(due: list[tuple[Any, Any]]) -> None:
    from benchmarks.one_by_one import expire_one
    from matching.enums import OfferStatus
    from matching.models import Offer

    for job_id, offer_id in due:
        expire_one.delay(job_id=str(job_id), offer_id=str(offer_id))
    left = Offer.objects.filter(status=OfferStatus.PENDING)
    if not wait_until(lambda: not left.exists(), within_s=ALL_DONE_WITHIN_S):
        raise RuntimeError("the tasks do not come to an end")


# The sweep


def _swept(size: int, town: Any) -> dict[str, Any]:
    from benchmarks import lapses

    say("the sweep: warming up ...")
    lapses.offers_due(town, 0, WARM_UP)
    _sweep_all()
    lapses.offers_due(town, WARM_UP, size)
    say(f"the sweep: {size:,} offers ...")
    return _cost(_sweep_all, size, lambda: {"redis": _redis()})


def _sweep_all() -> None:
    from matching.services import offer_expire_due

    while offer_expire_due():
        pass


def _empty() -> dict[str, float]:
    """Return the cost of a sweep that finds nothing; all that has ended is still in the table."""
    from matching.services import offer_expire_due

    return _cost(lambda: [offer_expire_due() for _ in range(EMPTY_ROUNDS)], EMPTY_ROUNDS, dict)


# What it costs


def _cost(act: Callable[[], object], count: int, others: Callable[[], dict[str, float]]) -> dict[str, float]:
    """Return, for each of so many, the milliseconds on the wall and of the processors, and whose those were."""
    before, began = _spent(others), time.perf_counter()
    act()
    wall_s, after = time.perf_counter() - began, _spent(others)
    parts = {name: (after[name] - before[name]) * 1000 / count for name in after}
    return {
        "offers_a_second": count / wall_s,
        "wall_ms": wall_s * 1000 / count,
        "cpu_ms": sum(parts.values()),
        **{f"{name}_ms": cost for name, cost in parts.items()},
    }


def _spent(others: Callable[[], dict[str, float]]) -> dict[str, float]:
    return {"here": time.process_time(), "database": _seconds_of(_backends()), **others()}


def _backends() -> list[int]:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT pid FROM pg_stat_activity WHERE datname = current_database()")
        return [pid for (pid,) in cursor.fetchall()]


def _group(leader: int) -> float:
    """Return what a process and those it started have used."""
    return _seconds_of(pid for pid in _pids() if _fields_of(pid)[2:3] == [str(leader)])


def _redis() -> float:
    import redis

    with redis.Redis.from_url(os.environ["REDIS_URL"]) as client:
        used = client.info("cpu")
    return float(used["used_cpu_user"]) + float(used["used_cpu_sys"])


def _seconds_of(pids: Iterable[int]) -> float:
    """Return the processor time of the processes that are there."""
    spent = [_fields_of(pid)[11:13] for pid in pids]
    return sum(int(ticks) for pair in spent for ticks in pair) / _TICKS_A_SECOND


def _pids() -> list[int]:
    return [int(path.name) for path in Path("/proc").iterdir() if path.name.isdecimal()]


def _fields_of(pid: int) -> list[str]:
    """Return /proc/<pid>/stat from the state on; nothing if the process is gone, or on another machine."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return []


# What is said


def _print(results: dict[str, Any]) -> None:
    names = ("one_by_one", "sweep", "empty_sweep")
    titles = ("a Celery task each", "the sweep", "a sweep that finds nothing")
    for title, cost in zip(titles, (results[name] for name in names), strict=True):
        parts = ", ".join(f"{name.removesuffix('_ms')} {ms:.3f}" for name, ms in cost.items() if name.endswith("_ms"))
        say(f"{title:>27}: {cost['offers_a_second']:8.0f} a second; ms each: {parts}")
    ratio = results["ratio"]
    say(f"the sweep is {ratio['cpu_ms']:.1f} times cheaper by processor time, {ratio['wall_ms']:.1f} by the clock")
    say(f"the tasks were measured on {results['sample']:,} offers, the sweep on {results['size']:,}")


if __name__ == "__main__":
    main()
