"""make bench-enumeration: whether the time of an answer tells who has an account.

Every door is asked over HTTP, in turn about addresses nobody has and about people of each state, at one web process on
PostgreSQL and Redis with nothing else running. Each person is asked about once a door, since a second question may be
answered by less work. Gate: medians at most 5 ms apart, and their difference within 10 ms with 95 % certainty.
"""

import random
import statistics
import sys
import time
from collections import defaultdict
from pathlib import Path
from typing import Any

import httpx

from benchmarks.ground import own_ground
from benchmarks.options import options_of
from benchmarks.output import say, write_figures
from fixmate.tests.chaos.fleet import Fleet
from fixmate.tests.chaos.ground import ENVIRONMENT

DATABASE = "fixmate_bench_enumeration"
OUT = "var/bench/enumeration.json"
SAMPLES, WARM_UP, RESAMPLES, SEED = 200, 20, 2_000, 7
MEDIAN_GAP_MS, INTERVAL_MS = 5.0, 10.0
PASSWORD, WRONG = "correct horse battery", {"password": "not the password", "code": "000000"}
UNKNOWN = "unknown"
STATES = ("active", "pending", "suspended", "no password")
NEW = {"password": "staple of another kind", "role": "CUSTOMER", "first_name": "Eve", "last_name": "Eavesdrop"}
DOORS: dict[str, tuple[str, dict[str, str]]] = {
    "log in, wrong password": ("login", {"password": WRONG["password"]}),
    "log in, wrong code": ("login", {"code": WRONG["code"]}),
    "verify, wrong code": ("verify-otp", {"code": WRONG["code"]}),
    "reset, wrong code": ("reset-password", {"code": WRONG["code"], "new_password": NEW["password"]}),
    "ask for a code": ("send-otp", {}),
    "forget the password": ("forgot-password", {}),
    "register": ("register", NEW),
}
Times = dict[tuple[str, str], list[float]]

_SETTINGS = {"DJANGO_SETTINGS_MODULE": "fixmate.settings", "FIXMATE_MODE": "production", "RATE_RESET": ""}


def main() -> None:
    options = options_of(__doc__, OUT, samples=(SAMPLES, "how many people of each state"))
    with own_ground(DATABASE, {**ENVIRONMENT, **_SETTINGS}) as (folder, environment):
        _people(options.samples + WARM_UP)
        times = _asked(folder, environment, options.samples)
    results = _results(times)
    _print(results)
    write_figures(results, options.json)
    sys.exit(0 if results["holds"] else 1)


def _address(state: str, door: str, number: int) -> str:
    """Each door has people of its own: what one leaves behind must not be seen at the next."""
    return f"{state.replace(' ', '-')}-{list(DOORS).index(door)}-{number:04}@example.com"


def _people(count: int) -> None:
    """Make everybody, and let the sent code be waiting where one would."""
    from django.contrib.auth.hashers import make_password
    from django.utils import timezone

    from accounts.enums import Role, UserStatus
    from accounts.models import User

    hashed, at = make_password(PASSWORD), timezone.now()
    status = {"pending": UserStatus.PENDING, "suspended": UserStatus.SUSPENDED}
    say(f"{count * len(STATES) * len(DOORS):,} people ...")
    User.objects.bulk_create(
        User(
            email=_address(state, door, number),
            first_name="Ada",
            last_name="Lovelace",
            role=Role.CUSTOMER,
            status=status.get(state, UserStatus.ACTIVE),
            verified_at=None if state == "pending" else at,
            password=make_password(None) if state == "no password" else hashed,
        )
        for state in STATES
        for door in DOORS
        for number in range(count)
    )
    _codes()


def _codes() -> None:
    """Have a code wait for those who try one: looking at it is the work that might be seen."""
    from accounts.enums import CodePurpose
    from accounts.models import CodeChallenge, User
    from fixmate.core import clock

    purposes = {1: CodePurpose.LOGIN, 2: CodePurpose.VERIFY, 3: CodePurpose.RESET}
    at = clock.now()
    for index, purpose in purposes.items():
        state = "pending" if purpose == CodePurpose.VERIFY else "active"
        found = User.objects.filter(email__startswith=f"{state}-{index}-")
        CodeChallenge.objects.bulk_create(
            CodeChallenge(
                user=user,
                purpose=purpose,
                address=user.email,
                code_hash="0" * 64,
                created_at=at,
                sent_at=at,
                expires_at=at.replace(year=at.year + 1),
            )
            for user in found
        )


def _asked(folder: Path, environment: dict[str, str], samples: int) -> Times:
    """Ask at every door about one person of each state in turn, in an order drawn by lot."""
    times: Times = defaultdict(list)
    lots = random.Random(SEED)
    with Fleet(folder, environment) as fleet:
        fleet.add_web()
        with httpx.Client(base_url=f"{fleet.web_urls[0]}/api/v1/auth/", timeout=30) as client:
            for door in DOORS:
                say(f"{door} ...")
                for number in range(samples + WARM_UP):
                    for state in lots.sample((UNKNOWN, *STATES), len(STATES) + 1):
                        taken_ms = _ask(client, door, _address(state, door, number))
                        if number >= WARM_UP:
                            times[door, state].append(taken_ms)
    return times


def _ask(client: httpx.Client, door: str, email: str) -> float:
    path, body = DOORS[door]
    began = time.perf_counter()
    answer = client.post(path, json={"email": email, **body})
    taken_ms = (time.perf_counter() - began) * 1000
    if answer.status_code >= httpx.codes.INTERNAL_SERVER_ERROR or answer.status_code == httpx.codes.TOO_MANY_REQUESTS:
        raise RuntimeError(f"{door}: {answer.status_code} {answer.text[:200]}")
    return taken_ms


def _results(times: Times) -> dict[str, Any]:
    lots = random.Random(SEED)
    rows = [_row(times, door, state, lots) for door in DOORS for state in STATES]
    return {"samples": len(times[next(iter(DOORS)), UNKNOWN]), "holds": all(row["holds"] for row in rows), "rows": rows}


def _row(times: Times, door: str, state: str, lots: random.Random) -> dict[str, Any]:
    unknown, known = times[door, UNKNOWN], times[door, state]
    gap_ms = statistics.median(known) - statistics.median(unknown)
    low_ms, high_ms = _interval(unknown, known, lots)
    return {
        "door": door,
        "state": state,
        "unknown_p50_ms": statistics.median(unknown),
        "known_p50_ms": statistics.median(known),
        "gap_ms": gap_ms,
        "interval_ms": [low_ms, high_ms],
        "holds": abs(gap_ms) <= MEDIAN_GAP_MS and low_ms >= -INTERVAL_MS and high_ms <= INTERVAL_MS,
    }


def _interval(unknown: list[float], known: list[float], lots: random.Random) -> tuple[float, float]:
    """Return the 95 % interval of the difference of the medians, by bootstrap."""
    gaps = sorted(
        statistics.median(lots.choices(known, k=len(known))) - statistics.median(lots.choices(unknown, k=len(unknown)))
        for _ in range(RESAMPLES)
    )
    return gaps[int(RESAMPLES * 0.025)], gaps[int(RESAMPLES * 0.975) - 1]


def _print(results: dict[str, Any]) -> None:
    say(f"{results['samples']} samples each, ms")
    say(f"{'door':24} {'state':12} {'unknown':>9} {'known':>9} {'gap':>7}  95 % interval")
    for row in results["rows"]:
        low_ms, high_ms = row["interval_ms"]
        figures = f"{row['unknown_p50_ms']:9.2f} {row['known_p50_ms']:9.2f} {row['gap_ms']:+7.2f}"
        verdict = "" if row["holds"] else "  !"
        say(f"{row['door']:24} {row['state']:12} {figures}  {low_ms:+.2f} to {high_ms:+.2f}{verdict}")


if __name__ == "__main__":
    main()
