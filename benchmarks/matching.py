"""make bench-matching: the best candidates of a job among 1,000 to 1,000,000 technicians, and the whole pass.

Makes a database of its own beside the one that DATABASE_URL names, on PostgreSQL, and drops it at the end.
Everything is compared within one run: absolute times say something about the machine alone.
"""

import argparse
from math import log
from pathlib import Path
from typing import Any

from benchmarks.ground import migrated, own_database, server_figures
from benchmarks.options import options_of
from benchmarks.output import say, say_server, write_figures

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
    with own_database(DATABASE, is_kept=options.keep), migrated():
        results = _measured([int(size) for size in options.sizes.split(",")], with_passes=not options.without_passes)
    _print(results)
    _write(results, options.json)


def _options() -> argparse.Namespace:
    return options_of(
        __doc__,
        OUT,
        sizes=(SIZES, "how many technicians, ascending, by commas"),
        keep=(False, f"leave the database {DATABASE} behind"),
        without_passes=(False, "measure the candidate query alone"),
    )


def _measured(sizes: list[int], *, with_passes: bool) -> dict[str, Any]:
    from django.db import connection

    from benchmarks import candidates, metro, passes
    from matching.policies import POLICIES

    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")  # a million foreign keys that are right by making
    policy, town, held = POLICIES["index"], metro.found(), 0
    results: dict[str, Any] = {"sizes": {}, "server": server_figures()}
    for size in sizes:
        say(f"{size:,} technicians: growing the metro ...")
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
            say("whole passes ...")
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
    say(
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
        say(
            f"{size:>12,}  "
            + "".join(f"{cell:>34}" for cell in cells)
            + f"   {ratio:.0f} (CPU {cpu:.0f}); {wrong} wrong"
        )
    for name in names:
        exponents = growth(results, name), growth(results, name, "cpu_ms")
        if None not in exponents:
            say(f"growth of {name}: N^{exponents[0]:.2f} on the clock, N^{exponents[1]:.2f} of CPU")
    if whole := results.get("whole_pass"):
        say(
            f"whole pass at {WHOLE_PASS_AT:,}: {whole['engine_p50_ms']:.1f} ms, by scan {whole['scan_p50_ms']:.1f} ms "
            f"({whole['ratio']:.1f} times), with everybody in reach gated {whole['everybody_p50_ms']:.1f} ms "
            f"({whole['everybody_ratio']:.1f} times); {whole['statements']} statements, {whole['cpu_ms']:.1f} ms of CPU"
        )
    say_server(results["server"])


def _write(results: dict[str, Any], path: Path) -> None:
    from benchmarks.plot import svg

    names = ("two rounds", "plain disk", "scan in Python", "floor")
    lines = {name: [(size, one[name]["p50_ms"]) for size, one in results["sizes"].items()] for name in names}
    write_figures(results, path)
    path.with_suffix(".svg").write_text(
        svg("The best 20 candidates of a job", "technicians in the metro", "milliseconds, median", lines)
    )
    say(f"{path.with_suffix('.svg')} written")


if __name__ == "__main__":
    main()
