"""C13: a hundred at once, over four processes, at a limit of ten: on SQLite, on PostgreSQL and on Redis."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from itertools import cycle
from threading import Barrier

import httpx

from fixmate.tests.chaos.experiment import Run
from fixmate.tests.chaos.figures import exactly
from fixmate.tests.chaos.fleet import Fleet

LIMIT, AT_ONCE, PROCESSES, RUNS = 10, 100, 4, 20
# A day, so that no window ends within a run; and each run comes from an address of its own.
_ENVIRONMENT = {"RATE_LOGIN": f"{LIMIT}/d", "TRUSTED_PROXY_COUNT": "1"}
REFUSED, PASSED = httpx.codes.TOO_MANY_REQUESTS, httpx.codes.UNAUTHORIZED


def limit_holds(run: Run) -> None:
    """Log in wrongly from a hundred connections at one moment: ten are looked at, whatever process they reach."""
    with Fleet(run.ground.folder, {**run.ground.environment, **_ENVIRONMENT}) as fleet:
        for _ in range(PROCESSES):
            fleet.add_web()
        rounds = [_round(fleet.web_urls, number) for number in range(run.count(5, RUNS))]
    total = sum(rounds, Counter())
    run.report.gates += [
        exactly(f"runs in which {LIMIT} pass", sum(one[PASSED] == LIMIT for one in rounds), len(rounds)),
        exactly("runs in which more pass", sum(one[PASSED] > LIMIT for one in rounds), 0),
        exactly("refused", total[REFUSED], len(rounds) * (AT_ONCE - LIMIT)),
        exactly("refusals that do not say when to come again", total[-REFUSED], 0),
    ]
    run.report.samples += [f"{status}: {count}" for status, count in total.items() if status not in {REFUSED, PASSED}]


def _round(urls: list[str], number: int) -> Counter[int]:
    """Return how often each status was answered; a refusal without `Retry-After` is counted as its negative, too."""
    start = Barrier(AT_ONCE)
    headers = {"X-Forwarded-For": f"198.51.100.{number}"}

    def log_in(url: str, guess: int) -> Counter[int]:
        body = {"email": f"person{number}-{guess}@example.com", "password": "wrong password"}
        with httpx.Client(timeout=60, headers=headers) as client:
            start.wait(timeout=60)
            answer = client.post(f"{url}/api/v1/auth/login", json=body)
        is_silent = answer.status_code == REFUSED and "Retry-After" not in answer.headers
        return Counter([answer.status_code, *([-REFUSED] if is_silent else [])])

    with ThreadPoolExecutor(AT_ONCE) as pool:
        turns = zip(cycle(urls), range(AT_ONCE), strict=False)
        return sum(pool.map(lambda turn: log_in(*turn), turns), Counter())
