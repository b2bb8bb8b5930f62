"""make bench-api: what apps feel while passes run, and how long a customer waits for the first offer.

The processes of production on one machine: web, `manage.py work`, Celery, a Redis of its own, and a database of its
own beside the one that DATABASE_URL names. Apps ask at a steady rate, first while nothing else happens, then while
one pass follows another.
"""

import argparse
import statistics
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.asking import Answer, Crowd, ask_all
from benchmarks.ground import PRODUCTION, own_ground
from benchmarks.options import options_of
from benchmarks.output import say, write_figures
from fixmate.tests.chaos.fleet import Fleet

if TYPE_CHECKING:
    from benchmarks.metro import Metro

DATABASE = "fixmate_bench_api"
OUT = "var/bench/api.json"
SIZE, RATE, SECONDS, ROUNDS = 100_000, 20.0, 45.0, 2
WEB_PROCESSES, CELERY_PROCESSES = 2, 2  # as deploy/ has them
PASSES, OFFERS = 31, 31
MOST_PASSES_A_SECOND = 30  # so many jobs are made beforehand
WARM_UP_S = 5.0
GOOD = (200, 201)
# Nobody answers an offer here, and positions age: neither may bring passes of its own. No limits: few people ask much.
ENVIRONMENT = PRODUCTION | {"POSITION_FRESH_S": "86400", "OFFER_TIMEOUT_S": "7200", "OFFER_ACK_S": "7200"}


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
        size=(SIZE, "how many technicians"),
        rate=(RATE, "how many requests a second"),
        seconds=(SECONDS, "how long each stretch is"),
        rounds=(ROUNDS, "how many stretches, without passes and with"),
        celery=(CELERY_PROCESSES, "how many Celery processes"),
    )


def _measured(options: argparse.Namespace, folder: Path, environment: dict[str, str]) -> dict[str, Any]:
    from benchmarks import passes, rush

    town = _town(options.size)
    say("whole passes, with nothing else running ...")
    whole_pass = passes.measure(town, PASSES, 1)
    rush.call_off_offers()
    say("making jobs ...")
    customers = rush.customers_made()
    waiting = rush.jobs_waiting(town, customers, round(options.rounds * options.seconds * MOST_PASSES_A_SECOND))
    with Fleet(folder, environment) as fleet:
        _start(fleet, options.celery)
        crowd = rush.crowd_of(town, fleet.web_urls, customers, waiting)
        _asked(crowd, options.rate, WARM_UP_S, 0)
        rush.settle()
        say("first offers ...")
        offers_ms = rush.offers_after(town, crowd, OFFERS)
        results = _rounds(options, crowd, waiting)
    first_offer_ms = statistics.median(offers_ms)
    return results | {
        "technicians": options.size,
        "requests_a_second": options.rate,
        "celery_processes": options.celery,
        "pass_p50_ms": whole_pass["engine_p50_ms"],
        "first_offer_p50_ms": first_offer_ms,
        "first_offer_in_passes": first_offer_ms / whole_pass["engine_p50_ms"],
    }


def _town(size: int) -> "Metro":
    from django.db import connection

    from benchmarks import metro
    from matching.policies import POLICIES

    say(f"{size:,} technicians: growing the metro ...")
    town = metro.found(mean_answers=0)
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")  # foreign keys that are right by making
        metro.grow(town, 0, size, POLICIES["index"])
        cursor.execute("RESET session_replication_role")
    metro.settle()
    return town


def _start(fleet: Fleet, celery_processes: int) -> None:
    fleet.add_work("work1")
    fleet.add_work("work2")
    fleet.add_celery(concurrency=celery_processes)
    for _ in range(WEB_PROCESSES):
        fleet.add_web()


def _rounds(options: argparse.Namespace, crowd: Crowd, waiting: list[Any]) -> dict[str, Any]:
    """Ask the same, in turn without passes and with."""
    from benchmarks import metro, rush

    idle: list[Answer] = []
    busy: list[Answer] = []
    rushes = []
    for number in range(1, options.rounds + 1):
        rush.settle()
        metro.settle()
        say(f"round {number}: without passes ...")
        idle += _asked(crowd, options.rate, options.seconds, number)
        say(f"round {number}: with passes ...")
        with rush.rush(waiting) as going:
            busy += _asked(crowd, options.rate, options.seconds, number)
        rushes.append(going)
    if not all(going.fewest_ready for going in rushes):
        raise RuntimeError("the passes ran out: nothing was measured")
    return {
        "without_passes": figures(idle),
        "with_passes": figures(busy),
        "p99_ratio": figures(busy)["all"]["p99_ms"] / figures(idle)["all"]["p99_ms"],
        "passes_a_second": sum(going.passes for going in rushes) / sum(going.seconds for going in rushes),
    }


def _asked(crowd: Crowd, rate: float, seconds: float, seed: int) -> list[Answer]:
    """Ask from a process of its own, which has nothing else to do.

    :raises RuntimeError: if anything was refused
    """
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        answers = pool.submit(ask_all, crowd, rate, seconds, seed).result()
    refused = [answer for answer in answers if answer.status not in GOOD]
    if refused:
        raise RuntimeError(f"{len(refused)} requests were refused, the first of them {refused[0]}")
    return answers


# What is said


def figures(answers: list[Answer]) -> dict[str, dict[str, float]]:
    """Return count and percentiles of all answers and by route; `asker` is how late the asker itself was."""
    routes = sorted({answer.route for answer in answers})
    by_route = {route: [answer.ms for answer in answers if answer.route == route] for route in routes}
    late = {"asker": [answer.late_ms for answer in answers]}
    return {name: _percentiles(ms) for name, ms in {"all": [one.ms for one in answers], **by_route, **late}.items()}


def _percentiles(ms: list[float]) -> dict[str, float]:
    cuts = statistics.quantiles(ms, n=100, method="inclusive")
    return {"count": len(ms), "p50_ms": cuts[49], "p90_ms": cuts[89], "p99_ms": cuts[98], "most_ms": max(ms)}


def _print(results: dict[str, Any]) -> None:
    idle, busy = results["without_passes"], results["with_passes"]
    columns = ("p50_ms", "p90_ms", "p99_ms", "most_ms")
    say(f"\n{'':>16}{'count':>7}  " + "".join(f"{column.removesuffix('_ms'):>22}" for column in columns))
    for name, one in idle.items():
        cells = "".join(f"{f'{one[column]:.1f} -> {busy[name][column]:.1f} ms':>22}" for column in columns)
        say(f"{name:>16}{one['count']:>7}  {cells}")
    say(f"{results['p99_ratio']:.2f} times the p99, at {results['passes_a_second']:.1f} passes a second")
    say(
        f"from the answer to the first offer: {results['first_offer_p50_ms']:.0f} ms, a whole pass "
        f"{results['pass_p50_ms']:.0f} ms: {results['first_offer_in_passes']:.1f} times"
    )


if __name__ == "__main__":
    main()
