"""C0, C1 and C15: many accept one offer at the same moment."""

import json
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from http import HTTPStatus
from http.client import HTTPConnection
from itertools import cycle, islice
from threading import Barrier
from urllib.parse import urlsplit

from django.db import connection

from fixmate.core.errors import DomainError
from fixmate.tests.chaos.aftermath import drain_here, rows_doubled
from fixmate.tests.chaos.experiment import Run
from fixmate.tests.chaos.figures import at_least, exactly, in_time, percentile
from fixmate.tests.chaos.fleet import Fleet
from fixmate.tests.chaos.people import Party, party, token_of
from fixmate.tests.chaos.seam import locks_off
from jobs.enums import JobStatus
from jobs.models import JobEvent
from jobs.tests.factories import JobFactory
from matching.enums import OfferEventKind, OfferStatus
from matching.models import Offer, OfferEvent
from matching.services import matching_run_pass, offer_accept

AT_ONCE = 16
DOUBLE_WINS_SHARE = 95.0
P99_MS = 250.0
P99_QUICK_MS = 1_000.0  # a shared runner is slow, and not what is tested
WON, CLOSED = "won", "OFFER_CLOSED"


def offered(who: Party) -> Offer:
    """Have the engine offer a job to the only technician there is for it."""
    job = JobFactory(service=who.service, customer=who.customer)
    matching_run_pass(job_id=job.pk)
    return Offer.objects.select_related("technician__user", "job").get(job=job)


def meet(*calls: Callable[[], str]) -> list[str]:
    """Make the calls from threads that start at one moment; return what each says, or what it raised."""
    barrier = Barrier(len(calls))

    def run(call: Callable[[], str]) -> str:
        try:
            barrier.wait(timeout=20)
            return call()
        except DomainError as refusal:
            return refusal.code
        except Exception as exc:
            return f"{type(exc).__name__}: {exc}".splitlines()[0]
        finally:
            connection.close()

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(run, calls))


def accepts(offer: Offer, count: int) -> list[str]:
    def accept() -> str:
        offer_accept(offer_id=offer.pk, actor=offer.technician.user)
        return WON

    return meet(*[accept] * count)


# C0


def without_locks(run: Run) -> None:
    """Take the locks away and accept at once: the race must show, or no other experiment here means anything."""
    run.controls.append(lambda: _accept_without_locks(run))


def _accept_without_locks(run: Run) -> None:
    rounds = run.count(20, 200)
    results = []
    for _ in range(rounds):
        offer = offered(party())
        with locks_off():
            results.append(accepts(offer, AT_ONCE).count(WON))
    doubled = sum(winners > 1 for winners in results)
    assigned = JobEvent.objects.filter(status=JobStatus.ASSIGNED)
    run.report.gates.append(at_least("rounds won twice, %", 100 * doubled / rounds, DOUBLE_WINS_SHARE))
    run.report.notes["winners of 16, median"] = percentile(results, 50)
    run.report.notes["jobs assigned twice"] = rows_doubled(assigned, "job_id")


# C1


def accepts_over_http(run: Run) -> None:
    """One technician accepts one offer sixteen times, at two web processes: one 200, and fifteen times he is told."""
    run.controls.append(lambda: _control(run))
    with Fleet(run.ground.folder, run.ground.environment) as fleet:
        fleet.add_web()
        fleet.add_web()
        _with_locks(run, fleet.web_urls)


def _control(run: Run) -> None:
    """The same over HTTP at a web process without locks."""
    rounds = run.count(20, 50)
    with Fleet(run.ground.folder, run.ground.environment) as fleet:
        fleet.add_web(application="fixmate.tests.chaos.unlocked:application")
        doubled = sum(_round(fleet.web_urls)[0][(200, "")] > 1 for _ in range(rounds))
    run.report.gates.append(at_least("control: rounds won twice, %", 100 * doubled / rounds, DOUBLE_WINS_SHARE))


def _with_locks(run: Run, urls: list[str]) -> None:
    rounds = run.count(60, 500)
    total: Counter[tuple[int, str]] = Counter()
    latencies_ms: list[float] = []
    one_winner = 0
    for _ in range(rounds):
        answers, taken_ms = _round(urls)
        one_winner += answers == {(200, ""): 1, (409, CLOSED): AT_ONCE - 1}
        total += answers
        latencies_ms += taken_ms
    drain_here()
    run.report.gates += [
        exactly("rounds with one 200 and fifteen 409 OFFER_CLOSED", one_winner, rounds),
        exactly("5xx", sum(count for (status, _), count in total.items() if status >= 500), 0),
        in_time("p99 ms", percentile(latencies_ms, 99), run.pick(P99_QUICK_MS, P99_MS)),
    ]
    run.report.notes["median ms"] = percentile(latencies_ms, 50)
    run.report.samples += [
        f"{kind}: {count}" for kind, count in total.items() if kind not in {(200, ""), (409, CLOSED)}
    ]


def _round(urls: list[str]) -> tuple[Counter[tuple[int, str]], list[float]]:
    """Let sixteen accepts meet; return the answers by status and code, and how long each took."""
    offer = offered(party())
    headers = {"Authorization": f"Bearer {token_of(offer.technician.user)}"}
    taken_ms: list[float] = []
    seen: list[tuple[int, str]] = []

    def accept(line: HTTPConnection) -> str:
        began = time.perf_counter()
        line.request("POST", f"/api/v1/offers/{offer.pk}/accept", headers=headers)
        response = line.getresponse()
        body = response.read()
        taken_ms.append((time.perf_counter() - began) * 1000)
        seen.append((response.status, "" if response.status == HTTPStatus.OK else json.loads(body)["error"]["code"]))
        return ""

    lines = [_connected(url) for url in islice(cycle(urls), AT_ONCE)]
    try:
        errors = meet(*[partial(accept, line) for line in lines])
    finally:
        for line in lines:
            line.close()
    seen += [(0, error) for error in errors if error]
    return Counter(seen), taken_ms


def _connected(url: str) -> HTTPConnection:
    """Return an open line: apps keep theirs, and a fuller client would take the servers' time on a small machine."""
    where = urlsplit(url)
    line = HTTPConnection(where.hostname or "", where.port, timeout=30)
    line.connect()
    return line


# C15


def accepts_on_sqlite(run: Run) -> None:
    """Eight threads on one file: writers line up, nobody is told that the database is locked."""
    rounds, threads = 60, 8
    results = [Counter(accepts(offered(party()), threads)) for _ in range(rounds)]
    drain_here()
    total = sum(results, Counter())
    run.report.gates += [
        exactly("rounds with one winner", sum(result == {WON: 1, CLOSED: threads - 1} for result in results), rounds),
        exactly("locked errors", sum(count for said, count in total.items() if "locked" in said), 0),
        exactly("accepted offers", Offer.objects.filter(status=OfferStatus.ACCEPTED).count(), rounds),
        exactly("acceptances told", OfferEvent.objects.filter(kind=OfferEventKind.ACCEPTED).count(), rounds),
        exactly("assignments told", JobEvent.objects.filter(status=JobStatus.ASSIGNED).count(), rounds),
    ]
    run.report.samples += [f"{said}: {count}" for said, count in total.items() if said not in {WON, CLOSED}]
