"""make bench-matching: the best candidates of a job among 1,000 to 1,000,000 technicians, and the whole pass.

Makes a database of its own beside the one that DATABASE_URL names, on PostgreSQL, and drops it at the end.
Everything is compared within one run: absolute times say something about the machine alone.
"""

import argparse
import json
import os
import sys
from math import log
from pathlib import Path
from typing import Any

from fixmate.tests.chaos.ground import DEFAULT_DATABASE_URL, Server

SIZES = "1000,10000,100000,1000000"
DATABASE = "fixmate_bench_matching"
OUT = "var/bench/matching.json"
JOBS = 50
# What takes long is repeated less: so many jobs by size.
SLOW_JOBS = {1_000: 50, 10_000: 50, 100_000: 10, 1_000_000: 3}
VERIFIED_JOBS = 3
WHOLE_PASS_AT, PASSES, SCAN_PASSES = 100_000, 51, 5


def main() -> None:
    options = _options()
    server = Server(os.environ.get("DATABASE_URL", DEFAULT_DATABASE_URL))
    if not server.url.startswith("postgres"):
        sys.exit("DATABASE_URL must name a PostgreSQL server: that is where this is measured.")
    os.environ["DATABASE_URL"] = server.create(DATABASE)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "fixmate.settings")
    try:
        _run(options)
    finally:
        if not options.keep:
            server.drop(DATABASE)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", default=SIZES, help="how many technicians, ascending, by commas")
    parser.add_argument("--json", default=OUT, type=Path, help="where the figures go; the plot lies beside them")
    parser.add_argument("--keep", action="store_true", help=f"leave the database {DATABASE} behind")
    parser.add_argument("--without-passes", action="store_true", help="measure the candidate query alone")
    return parser.parse_args()


def _run(options: argparse.Namespace) -> None:
    import django

    django.setup()
    from django.core.management import call_command
    from django.db import connection

    call_command("migrate", verbosity=0)
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")  # a million foreign keys that are right by making
    results = _measured([int(size) for size in options.sizes.split(",")], with_passes=not options.without_passes)
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('server_version'), current_setting('shared_buffers')")
        results["server"] = dict(zip(("version", "shared_buffers"), cursor.fetchone(), strict=True))
    connection.close()
    _print(results)
    _write(results, options.json)


def _measured(sizes: list[int], *, with_passes: bool) -> dict[str, Any]:
    from benchmarks import candidates, metro, passes
    from matching.policies import POLICIES

    policy, town, held = POLICIES["index"], metro.found(), 0
    results: dict[str, Any] = {"sizes": {}}
    for size in sizes:
        _say(f"{size:,} technicians: growing the metro ...")
        metro.grow(town, held, size, policy)
        metro.settle()
        held = size
        jobs = candidates.jobs_in(town, JOBS, seed=size)
        slow = jobs[: next((count for limit, count in SLOW_JOBS.items() if size <= limit), VERIFIED_JOBS)]
        results["sizes"][size] = figures = {}
        for name, way in candidates.ways(town, policy).items():
            asked = jobs if name in ("two rounds", "floor") else slow
            figures[name] = candidates.timed(way, asked)
            figures[name]["cpu_ms"] = passes.cpu_ms(lambda way=way, asked=asked: [way(job) for job in asked], 1) / len(
                asked
            )
        figures["differences"] = candidates.differences(town, policy, jobs[:VERIFIED_JOBS])
        if with_passes and size == WHOLE_PASS_AT:
            _say("whole passes ...")
            results["whole_pass"] = passes.measure(town, PASSES, SCAN_PASSES)
            metro.settle()
    return results


def growth(results: dict[str, Any], name: str, measure: str = "p50_ms") -> float | None:
    """Return the exponent of the cost in the number of technicians, between the two largest sizes."""
    sizes = sorted(results["sizes"])[-2:]
    if len(sizes) < len(("from", "to")):
        return None
    small, large = (results["sizes"][size][name][measure] for size in sizes)
    return log(large / small) / log(sizes[1] / sizes[0])


# What is said


def _print(results: dict[str, Any]) -> None:
    names = ("two rounds", "plain disk", "scan in Python", "floor")
    _say(
        f"\n{'technicians':>12}  " + "".join(f"{name + ' p50 (p95; CPU)':>34}" for name in names) + "   scan/two rounds"
    )
    for size, figures in results["sizes"].items():
        cells = (
            f"{one['p50_ms']:.2f} ({one['p95_ms']:.2f}; {one['cpu_ms']:.2f}) ms"
            for one in (figures[name] for name in names)
        )
        ratio = figures["scan in Python"]["p50_ms"] / figures["two rounds"]["p50_ms"]
        cpu = figures["scan in Python"]["cpu_ms"] / figures["two rounds"]["cpu_ms"]
        wrong = figures["differences"]
        _say(
            f"{size:>12,}  "
            + "".join(f"{cell:>34}" for cell in cells)
            + f"   {ratio:.0f} (CPU {cpu:.0f}); {wrong} wrong"
        )
    for name in names:
        exponents = growth(results, name), growth(results, name, "cpu_ms")
        if None not in exponents:
            _say(f"growth of {name}: N^{exponents[0]:.2f} on the clock, N^{exponents[1]:.2f} of CPU")
    if whole := results.get("whole_pass"):
        _say(
            f"whole pass at {WHOLE_PASS_AT:,}: {whole['engine_p50_ms']:.1f} ms, by scan {whole['scan_p50_ms']:.1f} ms "
            f"({whole['ratio']:.1f} times), with everybody in reach gated {whole['everybody_p50_ms']:.1f} ms "
            f"({whole['everybody_ratio']:.1f} times); {whole['statements']} statements, {whole['cpu_ms']:.1f} ms of CPU"
        )
    _say(f"PostgreSQL {results['server']['version']}, shared_buffers {results['server']['shared_buffers']}")


def _write(results: dict[str, Any], path: Path) -> None:
    from benchmarks.plot import svg

    names = ("two rounds", "plain disk", "scan in Python", "floor")
    lines = {name: [(size, one[name]["p50_ms"]) for size, one in results["sizes"].items()] for name in names}
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(results, indent=2) + "\n")
    path.with_suffix(".svg").write_text(
        svg("The best 20 candidates of a job", "technicians in the metro", "milliseconds, median", lines)
    )
    _say(f"{path} and {path.with_suffix('.svg')} written")


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
