"""make bench-pings: what a batch of position pings costs, beside a plain UPDATE of as many rows of one table.

Makes a database of its own beside the one that DATABASE_URL names, on PostgreSQL, and drops it at the end. The cost is
processor time, this process's and that of the database's process which serves it: a ratio within one run.
"""

import argparse
import random
import statistics
import time
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from operator import attrgetter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.ground import migrated, own_database, server_figures
from benchmarks.options import options_of
from benchmarks.output import say, say_server, write_figures

if TYPE_CHECKING:
    from technicians.ping_queue import Ping

DATABASE = "fixmate_bench_pings"
OUT = "var/bench/pings.json"
SIZE, BATCH, ROUNDS, WARM_UP = 100_000, 500, 100, 20
# Between two pings of somebody on the road: over the 50 m that count as a move, and a trace every sixth time or so.
MOVE_M = (60.0, 110.0)
STEP_M = (0.0, 20.0)
M_A_DEGREE = 111_200
TABLES = ("technicians_position", "technicians_dispatchable")
_PLAIN = (
    """CREATE TABLE plain (id uuid PRIMARY KEY, latitude float8 NOT NULL, longitude float8 NOT NULL, accuracy_m float8,
    recorded_at timestamptz NOT NULL, location_at timestamptz NOT NULL) WITH (fillfactor = 80)""",
    """INSERT INTO plain SELECT technician_id, latitude, longitude, accuracy_m, recorded_at, location_at
    FROM technicians_position""",
    # A trace for everybody, up to half a kilometre back.
    """INSERT INTO technicians_positiontrace (technician_id, at, latitude, longitude)
    SELECT technician_id, location_at, latitude - random() * 0.0045, longitude FROM technicians_position""",
    """UPDATE technicians_position AS held SET traced_latitude = trace.latitude, traced_longitude = trace.longitude,
    location_at = clock_timestamp(), accuracy_m = 10
    FROM technicians_positiontrace AS trace WHERE trace.technician_id = held.technician_id""",
    # As the migrations would have it from the first row on.
    "VACUUM FULL ANALYZE technicians_position",
    "VACUUM FULL ANALYZE technicians_dispatchable",
    "VACUUM ANALYZE plain",
)
_PLAIN_UPDATE = """UPDATE plain SET latitude = ping.latitude, longitude = ping.longitude, accuracy_m = ping.accuracy_m,
    recorded_at = ping.recorded_at, location_at = ping.location_at
FROM unnest(%s::uuid[], %s::float8[], %s::float8[], %s::float8[], %s::timestamptz[], %s::timestamptz[])
    AS ping (id, latitude, longitude, accuracy_m, recorded_at, location_at) WHERE plain.id = ping.id"""
Way = Callable[[Sequence["Ping"]], object]


def main() -> None:
    options = _options()
    with own_database(DATABASE, is_kept=options.keep), migrated():
        results = _measured(options)
    _print(results)
    write_figures(results, options.json)


def _options() -> argparse.Namespace:
    return options_of(
        __doc__,
        OUT,
        size=(SIZE, "how many technicians"),
        batch=(BATCH, "how many pings in a transaction"),
        rounds=(ROUNDS, "how many batches of each kind"),
        keep=(False, f"leave the database {DATABASE} behind"),
    )


def _measured(options: argparse.Namespace) -> dict[str, Any]:
    from django.db import connection

    from benchmarks import metro
    from matching.policies import POLICIES

    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")  # foreign keys that are right by making
        metro.grow(metro.found(), 0, options.size, POLICIES["index"])
        for statement in _PLAIN:
            cursor.execute(statement)
        cursor.execute("SET session_replication_role = origin")  # a ping pays for the keys it has checked
    before = _updates()
    costs = _costs(options.batch, options.rounds)
    return {
        "size": options.size,
        "batch": options.batch,
        "cpu_ms": costs,
        "hot": _hot(before),
        "server": server_figures(),
    }


class Traffic:
    """Technicians on the road: each batch is of other ones, drawn by lot; among 100,000 each has his turn in 20 s."""

    def __init__(self, batch: int) -> None:
        from fixmate.core import clock
        from technicians.models import Position

        self.batch, self.at, self.lots = batch, clock.now(), random.Random(5)
        self.places = {pk: place for pk, *place in Position.objects.values_list("pk", "latitude", "longitude")}
        self.ids = sorted(self.places)

    def pings(self, moving: float) -> list["Ping"]:
        """Return a batch of pings, of which a share moves and the rest stands about."""
        from technicians.ping_queue import Ping

        self.at += timedelta(milliseconds=100)
        return [
            Ping(pk, *self._place(pk, moving), self.lots.uniform(3, 30), self._recorded(), self.at)
            for pk in self.lots.sample(self.ids, self.batch)
        ]

    def _recorded(self) -> datetime:
        return self.at - timedelta(microseconds=self.lots.randrange(90_000))

    def _place(self, pk: Any, moving: float) -> tuple[float, float]:
        place = self.places[pk]
        if self.lots.random() >= moving:
            return place[0] + self.lots.uniform(*STEP_M) / M_A_DEGREE, place[1]
        place[0] += self.lots.uniform(*MOVE_M) / M_A_DEGREE
        return place[0], place[1]


def _costs(batch: int, rounds: int) -> dict[str, dict[str, float]]:
    """Return the median cost of each way in milliseconds; they take turns, so that a slow minute is everybody's."""
    from technicians.services.position import positions_move

    beside, road = Traffic(batch), Traffic(batch)
    ways: dict[str, tuple[Way, Traffic, float]] = {
        "plain": (_plain, beside, 1.0),
        "plain, rendered": (_plain_rendered, beside, 1.0),
        "all move": (positions_move, road, 1.0),
        "one in four moves": (positions_move, road, 0.25),
    }
    taken: dict[str, list[tuple[float, float]]] = {name: [] for name in ways}
    served_by = _backend()
    for _ in range(rounds + WARM_UP):
        for name, (way, traffic, moving) in ways.items():
            pings = traffic.pings(moving)
            before = _cpu_s(served_by)
            way(pings)
            after = _cpu_s(served_by)
            taken[name].append((after[0] - before[0], after[1] - before[1]))
    return {name: _medians(pairs[WARM_UP:]) for name, pairs in taken.items()}


def _medians(pairs: list[tuple[float, float]]) -> dict[str, float]:
    here, database = zip(*pairs, strict=True)
    columns = {"here": here, "database": database, "total": [sum(pair) for pair in pairs]}
    return {name: statistics.median(column) * 1000 for name, column in columns.items()}


def _plain(pings: Sequence["Ping"]) -> None:
    """Write the pings as anybody would: lists, handed to the driver."""
    _update_plain([list(column) for column in _columns(pings)])


def _plain_rendered(pings: Sequence["Ping"]) -> None:
    """Write the pings with the arrays rendered as the engine does it, which costs less than the driver's way."""
    from fixmate.core.bulk import array_of

    texts = (attrgetter("hex"), repr, repr, repr, datetime.isoformat, datetime.isoformat)
    _update_plain([array_of(map(text, column)) for text, column in zip(texts, _columns(pings), strict=True)])


def _columns(pings: Sequence["Ping"]) -> list[tuple[Any, ...]]:
    rows = [
        (one.technician_id, one.latitude, one.longitude, one.accuracy_m, one.recorded_at, one.accepted_at)
        for one in pings
    ]
    return list(zip(*rows, strict=True))


def _update_plain(arrays: list[Any]) -> None:
    from django.db import connection, transaction

    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_PLAIN_UPDATE, arrays)


def _backend() -> int:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        served_by: int = cursor.fetchone()[0]
        return served_by


def _cpu_s(served_by: int) -> tuple[float, float]:
    """Return the processor time of this process and of the database's; /proc/<pid>/stat is too coarse for one batch."""
    nanoseconds = int(Path(f"/proc/{served_by}/schedstat").read_text().split()[0])
    return time.process_time(), nanoseconds / 1e9


# Updates in place


def _updates() -> dict[str, tuple[int, int]]:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_stat_force_next_flush()")
        cursor.execute(
            "SELECT relname, n_tup_upd, n_tup_hot_upd FROM pg_stat_user_tables WHERE relname = ANY(%s)", [list(TABLES)]
        )
        return {table: (updates, hot) for table, updates, hot in cursor.fetchall()}


def _hot(before: dict[str, tuple[int, int]]) -> dict[str, float]:
    after = _updates()
    return {table: (after[table][1] - before[table][1]) / (after[table][0] - before[table][0]) for table in TABLES}


# What is said


def _print(results: dict[str, Any]) -> None:
    costs = results["cpu_ms"]
    say(f"a batch of {results['batch']} pings among {results['size']:,} technicians, median of processor time:")
    for name, cost in costs.items():
        against = ", ".join(f"{cost['total'] / costs[plain]['total']:.2f} x {plain}" for plain in list(costs)[:2])
        parts = f"here {cost['here']:.2f}, database {cost['database']:.2f}"
        say(f"{name:>18}  {cost['total']:6.2f} ms ({parts}): {against}")
    for table, share in results["hot"].items():
        say(f"updates in place, {table}: {share:.3f}")
    say_server(results["server"])


if __name__ == "__main__":
    main()
