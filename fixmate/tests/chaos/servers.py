"""C5, C6 and C16: servers die or are restarted under the load of whole jobs."""

import time
from math import nan

from django.db import connection

from fixmate.tests.chaos.aftermath import seconds_to_drain
from fixmate.tests.chaos.experiment import Run
from fixmate.tests.chaos.figures import at_least, exactly, in_time, largest
from fixmate.tests.chaos.fleet import Fleet
from fixmate.tests.chaos.load import Load, loaded
from fixmate.tests.chaos.people import Answer
from fixmate.tests.chaos.schedule import in_turn
from jobs.enums import JobStatus
from jobs.models import Job
from notifications.enums import DeliveryStatus, Kind
from notifications.models import Delivery, Notification

LANES = 3
SETTLED_AFTER_S = 1.0  # from the moment the server answers again
RECOVERED_WITHIN_S = 10.0
SHUTDOWN_WITHIN_S = 15.0
SHOWN = 3
_UNSENT = (DeliveryStatus.PENDING, DeliveryStatus.FAILED)  # the others are sent, or overtaken by newer news


def _start_all(fleet: Fleet) -> None:
    fleet.add_background()
    fleet.add_web()
    fleet.add_web()


def _judge_load(run: Run, load: Load) -> None:
    """Nothing may be lost, doubled or untold, whatever died."""
    took_s = seconds_to_drain(run.report, within_s=60)
    jobs = Job.objects.filter(pk__in=[job for lane in load.lanes for job in lane.requested])
    told = Notification.objects.filter(kind=Kind.JOB_COMPLETED)
    run.report.gates += [
        at_least("jobs requested", load.requested, LANES),
        exactly("jobs lost", load.requested - jobs.filter(status=JobStatus.COMPLETED).count(), 0),
        exactly("jobs nobody knows of", Job.objects.count() - jobs.count(), 0),
        exactly("lanes that got stuck", len(load.unfinished), 0),
        exactly(
            "customers not told of the end", jobs.count() - told.filter(user__in=jobs.values("customer")).count(), 0
        ),
        exactly("letters not sent", Delivery.objects.filter(status__in=_UNSENT).count(), 0),
        in_time("backlog drained s", took_s, 60),
    ]
    run.report.notes |= {"requests": len(load.record.answers)}
    if load.unfinished:
        run.report.samples += [f"stuck: {job.status} {job.pk}" for job in jobs.exclude(status=JobStatus.COMPLETED)]
        run.report.samples.append(f"answers: {dict(load.record.by_kind())}")


def _sample(run: Run, name: str, answers: list[Answer]) -> None:
    run.report.samples += [f"{name}: {one.route} {one.status} {str(one.body)[:200]}" for one in answers[:SHOWN]]


# C5


def redis_killed(run: Run) -> None:
    """Kill the Redis, start it empty, flush it: jobs go on, late by a lease at most, and no request fails."""
    redis = run.ground.own_redis
    assert redis is not None
    with Fleet(run.ground.folder, run.ground.environment) as fleet:
        _start_all(fleet)
        with loaded(fleet.web_urls, lanes=LANES) as load:
            for _ in range(run.count(2, 5)):
                time.sleep(run.dice.uniform(3, 5))
                redis.kill()
                time.sleep(run.dice.uniform(1, 3))
                redis.start()
                time.sleep(run.dice.uniform(2, 4))
                redis.flush()
            time.sleep(5)
        _judge_load(run, load)
    errors = load.record.server_errors()
    run.report.gates += [
        exactly("5xx", len(errors), 0),
        exactly("requests dropped", len(load.record.dropped()), 0),
    ]
    run.report.notes["slowest answer s"] = largest([answer.seconds for answer in load.record.answers])
    _sample(run, "5xx", errors)


# C6


def postgresql_restarted(run: Run) -> None:
    """Crash PostgreSQL and start it again, twice: what was committed stays, and once it is up nothing fails."""
    server = run.ground.own_server
    assert server is not None
    late: list[Answer] = []
    recovered_s: list[float] = []
    with Fleet(run.ground.folder, run.ground.environment) as fleet:
        _start_all(fleet)
        with loaded(fleet.web_urls, lanes=LANES) as load:
            marks = []
            for _ in range(2):
                time.sleep(run.pick(7, 20))
                began = time.monotonic()
                server.crash()
                time.sleep(run.dice.uniform(0.5, 2))
                server.start()
                marks.append((began, time.monotonic()))
            time.sleep(run.pick(8, 20))
        connection.close()
        _judge_load(run, load)
    for number, (began, up) in enumerate(marks):
        until = marks[number + 1][0] if number + 1 < len(marks) else float("inf")
        late += [one for one in load.record.failures(since=up + SETTLED_AFTER_S) if one.ended_at < until]
        recovered_s.append(_recovered_s(load, began, up))
    run.report.gates += [
        exactly("failures 1 s after it is up", len(late), 0),
        in_time("recovered s", largest(recovered_s), RECOVERED_WITHIN_S),
    ]
    run.report.notes["failures in between"] = len(load.record.failures()) - len(late)
    _sample(run, "late", late)


def _recovered_s(load: Load, began: float, up: float) -> float:
    """Return the seconds from the restart to the end of the first request after it that succeeded."""
    good = [one.ended_at for one in load.record.answers if one.at >= up and 200 <= one.status < 300]
    return min(good, default=nan) - began


# C16


def rolling_restart(run: Run) -> None:
    """Stop every process kindly in turn and start it again, as a deployment does: nobody notices."""
    seconds = run.pick(40, 180)
    took_s: dict[str, float] = {}
    with Fleet(run.ground.folder, run.ground.environment) as fleet:
        _start_all(fleet)
        with loaded(fleet.web_urls, lanes=LANES) as load:
            began = time.monotonic()
            for strike in in_turn(seconds=seconds, every_s=20, targets=list(fleet.programs)):
                time.sleep(max(0.0, began + strike.at_s - time.monotonic()))
                stopped_s = fleet.stop(strike.target, within_s=2 * SHUTDOWN_WITHIN_S)
                took_s[strike.target] = max(stopped_s, took_s.get(strike.target, 0.0))
                fleet.start(strike.target)
                if strike.target.startswith("web"):
                    fleet.await_web(strike.target)
        _judge_load(run, load)
    errors, dropped = load.record.server_errors(), load.record.dropped()
    run.report.gates += [
        exactly("5xx", len(errors), 0),
        exactly("requests dropped", len(dropped), 0),
        in_time("slowest shutdown s", largest(list(took_s.values())), SHUTDOWN_WITHIN_S),
        at_least("processes restarted", len(took_s), len(fleet.programs)),
    ]
    run.report.notes |= {"refused, then taken by the other": load.record.refused}
    run.report.notes |= {f"{name} shutdown s": round(taken, 1) for name, taken in took_s.items()}
    _sample(run, "5xx", errors)
    _sample(run, "dropped", dropped)
