"""C3 and C10: processes die, by our hand or by their own work."""

import time
from datetime import timedelta
from pathlib import Path
from random import Random
from threading import Event, Thread

from django.db import connection, transaction
from django.db.models import F

from catalog.tests.factories import ServiceFactory
from fixmate.core import clock, outbox
from fixmate.core.enums import OutboxStatus
from fixmate.core.models import OutboxMessage
from fixmate.ops.health import OK, health_now
from fixmate.ops.invariants import outbox_has_no_dead_rows
from fixmate.tests.chaos.aftermath import rows_doubled, seconds_to_drain
from fixmate.tests.chaos.experiment import Run
from fixmate.tests.chaos.figures import at_most, exactly, in_time, largest, percentile
from fixmate.tests.chaos.fleet import Fleet
from fixmate.tests.chaos.ground import wait_until
from fixmate.tests.chaos.schedule import spread, strikes
from fixmate.tests.chaos.tasks import FAILING, GOOD, POISON
from jobs.models import Job, JobEvent
from jobs.tests.factories import job_matching
from matching.enums import OfferEventKind, OfferStatus
from matching.models import Offer, OfferEvent
from matching.tests.factories import OfferFactory
from notifications.models import Notification
from technicians.tests.factories import TechnicianFactory

BACKGROUND = ("work1", "work2", "celery")
STUCK_AFTER_S = 10.0
LATE_P99_S, LATE_MAX_S = 5.0, 10.0
LATE_P99_QUICK_S = LATE_MAX_S  # on a shared runner a process takes seconds to start again
DRAINED_WITHIN_S = (120.0, 300.0)  # quick, full
KILL_GAP_S = (0.4, 1.2)
LEAD_S = 2.0  # from making the offers to the first deadline
# Nobody is there to be offered anything: one pass after each expiry, and none ordered again while Celery is down.
# Nobody is reminded either: these offers are all made at once, and all reminders would fall on one moment.
ONE_PASS_EACH = {"PASS_RETRY_S": "3600", "PASS_LOST_S": "120", "SEARCH_BUDGET_S": "36000", "OFFER_ACK_S": "36000"}


# C3


def workers_killed(run: Run) -> None:
    """Kill a `work` or the Celery worker about every 0.8 s while offers run out: each resolves, once, in time."""
    seconds = run.pick(25, 75)
    run.ground.environment |= ONE_PASS_EACH
    with Fleet(run.ground.folder, run.ground.environment) as fleet:
        fleet.add_background()
        offers = _open_offers(run.count(300, 4_000), over_s=seconds)
        with _Stuck() as stuck:
            kills = _kill_for(seconds, fleet, run.dice)
            wait_until(lambda: not _still_open(), within_s=seconds + 60, every_s=0.5)
        took_s = seconds_to_drain(run.report, within_s=run.pick(*DRAINED_WITHIN_S))
    late_s = [
        (closed_at - expires_at).total_seconds()
        for closed_at, expires_at in Offer.objects.filter(status=OfferStatus.EXPIRED).values_list(
            "closed_at", "expires_at"
        )
    ]
    run.report.gates += [
        exactly("offers expired", len(late_s), offers),
        in_time("open 10 s past the deadline", stuck.most, 0),
        exactly("expired early", sum(late < 0 for late in late_s), 0),
        in_time("late p99 s", percentile(late_s, 99), run.pick(LATE_P99_QUICK_S, LATE_P99_S)),
        in_time("late max s", largest(late_s), LATE_MAX_S),
        exactly("doubled events", _doubled_events(), 0),
        in_time("backlog drained s", took_s, run.pick(*DRAINED_WITHIN_S)),
    ]
    run.report.notes |= {"kills": kills, "late median s": percentile(late_s, 50)}


def _open_offers(count: int, *, over_s: float) -> int:
    """Make offers whose deadlines are spread over the time of the faults, held by technicians who do not answer.

    Jobs and technicians take long to make, so the offers come last, all at once: none is overdue from the beginning.
    """
    service = ServiceFactory()
    with transaction.atomic():
        jobs = [job_matching(service=service) for _ in range(count)]
        technicians = [TechnicianFactory(offers_received=1) for _ in range(count)]
        at = clock.now()
        offers = [
            OfferFactory.build(
                job=job, technician=technician, created_at=at, expires_at=at + timedelta(seconds=LEAD_S + delay_s)
            )
            for job, technician, delay_s in zip(jobs, technicians, spread(count, over_s=over_s), strict=True)
        ]
        Offer.objects.bulk_create(offers)
        OfferEvent.objects.bulk_create(OfferEvent(offer=it, kind=OfferEventKind.CREATED, at=at) for it in offers)
        Job.objects.filter(pk__in=[job.pk for job in jobs]).update(next_pass_at=None)
    time.sleep(LEAD_S)
    return count


def _kill_for(seconds: float, fleet: Fleet, dice: Random) -> int:
    """Kill by the schedule; whoever died is started again at once, as a supervisor would."""
    plan = strikes(dice, seconds=seconds, gap_s=KILL_GAP_S, targets=BACKGROUND)
    began = time.monotonic()
    for strike in plan:
        time.sleep(max(0.0, began + strike.at_s - time.monotonic()))
        fleet.kill(strike.target)
        fleet.start(strike.target)
    return len(plan)


def _still_open() -> int:
    connection.close()
    return Offer.objects.filter(status=OfferStatus.PENDING).count()


def _doubled_events() -> int:
    """Count offers that expired twice, and people told twice of the same thing."""
    expired = OfferEvent.objects.filter(kind=OfferEventKind.EXPIRED)
    told = Notification.objects.all()
    moved = JobEvent.objects.all()
    return (
        rows_doubled(expired, "offer_id")
        + rows_doubled(told, "user_id", "kind", "subject_key")
        + rows_doubled(moved, "job_id", "kind")
    )


class _Stuck:
    """Counts, once a second in a thread of its own, the offers that are open long past their deadline."""

    def __init__(self) -> None:
        self.most = 0
        self._over = Event()
        self._thread = Thread(target=self._watch, daemon=True)

    def __enter__(self) -> "_Stuck":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._over.wait(1.0):
            before = clock.now() - timedelta(seconds=STUCK_AFTER_S)
            stuck = Offer.objects.filter(status=OfferStatus.PENDING, expires_at__lt=before).count()
            self.most = max(self.most, stuck)
        connection.close()


# C10

RATE_PER_S = 25.0
TIMES_BASELINE = 2.0
FLOOR_S = 0.5  # under it, twice the baseline is noise
GIVEN_UP_AFTER_S = 90.0  # what is not done by then counts as lost; a busy machine is only late
# Celery notes a lost process after 10 s, and its task holds one of the worker's two slots until then: the next death
# must come later, as it does with the claims of the real settings.
POISON_CLAIM_S = "12"
MOST_RUNS = 3


def poison_among_good(run: Run) -> None:
    """One task kills whoever runs it, one always raises: both are given up, and a thousand good ones do not notice."""
    count = run.count(250, 1_000)
    tally = run.ground.folder / "tally"
    tally.touch()
    run.ground.environment["OUTBOX_CLAIM_S"] = POISON_CLAIM_S
    with Fleet(run.ground.folder, run.ground.environment) as fleet:
        fleet.add_background()
        wait_until(_celery_works, within_s=60)
        baseline_s = _good_latencies(count)
        poison, failing = _order(POISON, tally=str(tally)), _order(FAILING)
        with _patience_for(failing):
            beside_s = _good_latencies(count)
            wait_until(lambda: _is_dead(poison) and _is_dead(failing), within_s=90, every_s=0.2)
    _judge_poison(run, tally, failing, count)
    bound_s = max(FLOOR_S, TIMES_BASELINE * percentile(baseline_s, 99))
    run.report.gates += [
        exactly("good tasks done", len(baseline_s) + len(beside_s), 2 * count),
        in_time("good p99 s beside them", percentile(beside_s, 99), bound_s),
    ]
    run.report.notes["good p99 s alone"] = percentile(baseline_s, 99)
    _remove_dead(poison, failing)


def _judge_poison(run: Run, tally: Path, failing: int, count: int) -> None:
    dead = sorted(row.task for row in outbox_has_no_dead_rows())
    run.report.gates += [
        at_most("runs of the poison", tally.stat().st_size, MOST_RUNS),
        at_most("runs of the failing", OutboxMessage.objects.get(pk=failing).attempts, outbox.MAX_ERRORS),
        exactly("parked DEAD and reported by the invariants", int(dead == [FAILING, POISON]), 1),
        exactly("seen at /readyz", int(health_now().degraded["dead_letters"] != OK), 1),
    ]


def _celery_works() -> bool:
    row = _order(GOOD, number=0)
    return wait_until(lambda: OutboxMessage.objects.get(pk=row).status == OutboxStatus.DONE, within_s=15)


def _order(task: str, **payload: object) -> int:
    with transaction.atomic():
        outbox.enqueue(task, **payload)
        return OutboxMessage.objects.filter(task=task).order_by("-pk").values_list("pk", flat=True)[0]


def _good_latencies(count: int) -> list[float]:
    """Order good tasks at a steady rate; return the seconds from order to done of those that were done."""
    began, rows = time.monotonic(), []
    for number, at_s in enumerate(spread(count, over_s=count / RATE_PER_S)):
        time.sleep(max(0.0, began + at_s - time.monotonic()))
        rows.append(_order(GOOD, number=number))
    done = OutboxMessage.objects.filter(pk__in=rows, status=OutboxStatus.DONE)
    wait_until(lambda: done.count() == count, within_s=GIVEN_UP_AFTER_S)
    return [(done_at - created_at).total_seconds() for done_at, created_at in done.values_list("done_at", "created_at")]


def _is_dead(row: int) -> bool:
    return OutboxMessage.objects.filter(pk=row, status=OutboxStatus.DEAD).exists()


class _patience_for:  # noqa: N801 - reads as a phrase
    """Make a row's growing pauses short while the block lasts: twelve tries would take over an hour."""

    def __init__(self, row: int) -> None:
        self._rows = OutboxMessage.objects.filter(pk=row, status=OutboxStatus.READY, attempts__gt=0, lease_token=None)
        self._over = Event()
        self._thread = Thread(target=self._hurry, daemon=True)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _hurry(self) -> None:
        while not self._over.wait(0.2):
            self._rows.filter(run_at__gt=F("created_at")).update(run_at=clock.now())
        connection.close()


def _remove_dead(*rows: int) -> None:
    """Take the two away as staff would after mending the cause, before the invariants are asked for the last time."""
    OutboxMessage.objects.filter(pk__in=rows).delete()
