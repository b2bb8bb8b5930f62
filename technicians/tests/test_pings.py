"""Pings that wait for a flush."""

from datetime import timedelta

import pytest
from django.db import connection

from catalog.tests.factories import ServiceFactory
from fixmate.core import clock, runner, sweeps
from fixmate.core.errors import Invalid, NotFound
from fixmate.core.geo import cell_of
from fixmate.core.ids import uuid7
from technicians import ping_queue
from technicians.models import Dispatchable, Position, PositionTrace
from technicians.ping_queue import Ping
from technicians.services import position_flush_of, position_record, position_report, positions_flush
from technicians.services.position import position_take, positions_move
from technicians.tests.factories import TechnicianFactory, technician_ready
from technicians.tests.pings import batched, redis_away  # noqa: F401 - fixtures

pytestmark = pytest.mark.django_db
needs_redis = pytest.mark.redis


def report(technician, noon, seconds=0, latitude=42.36, **kwargs):
    with clock.frozen(noon + timedelta(seconds=seconds)):
        position_report(technician_id=technician.pk, latitude=latitude, longitude=-71.06, **kwargs)


def flush(noon, seconds=0):
    with clock.frozen(noon + timedelta(seconds=seconds)):
        return positions_flush()


def held(technician):
    return Position.objects.values_list("latitude", "recorded_at", "location_at").get(pk=technician.pk)


def test_embedded_a_ping_is_written_at_once_and_nothing_is_flushed(noon, settings):
    settings.PINGS_ARE_BATCHED = False
    technician = TechnicianFactory()

    report(technician, noon)

    assert held(technician) == (42.36, noon, noon)
    assert flush(noon) == 0
    position_flush_of(technician.pk)


@needs_redis
def test_a_ping_waits_until_the_flush(noon, batched):  # noqa: F811
    technician = technician_ready(ServiceFactory())

    report(technician, noon, 1, 42.9)
    before = held(technician)[0]
    flushed = [flush(noon, 3), flush(noon, 4)]

    at = noon + timedelta(seconds=1)
    assert (before, flushed) == (42.36, [1, 0])
    assert held(technician) == (42.9, at, at)  # when it was accepted, not when it was flushed
    row = Dispatchable.objects.get()
    assert (row.latitude, row.cell, row.location_at) == (42.9, cell_of(42.9, -71.06), at)
    assert PositionTrace.objects.order_by("-id").first().latitude == 42.9


@needs_redis
def test_a_first_ping_makes_the_rows(noon, batched, monkeypatch):  # noqa: F811
    technician = technician_ready(ServiceFactory())
    Position.objects.all().delete()
    Dispatchable.objects.all().delete()

    report(technician, noon, 5, 42.9)
    flush(noon, 6)

    assert Dispatchable.objects.values_list("latitude", "location_at").get() == (42.9, noon + timedelta(seconds=5))
    assert batched.hlen(ping_queue.KEY) == 0


@needs_redis
def test_of_the_pings_that_wait_the_newest_counts(noon, batched):  # noqa: F811
    technician = TechnicianFactory()
    position_record(technician_id=technician.pk, latitude=1, longitude=-71.06)

    report(technician, noon, 1, 2)
    report(technician, noon, 2, 3)
    report(technician, noon, 3, 4, recorded_at=noon + timedelta(seconds=1))
    flush(noon, 4)

    at = noon + timedelta(seconds=2)
    assert held(technician) == (3, at, at)


@needs_redis
def test_a_ping_flushed_late_is_as_old_as_it_is(noon, batched):  # noqa: F811
    """After an outage of the flushers nobody becomes fresh who has been silent since."""
    technician = TechnicianFactory()
    report(technician, noon)

    flush(noon, 600)

    assert held(technician)[2] == noon


@needs_redis
def test_location_at_never_goes_back(noon, batched):  # noqa: F811
    """A phone ahead of the clock: its ping waits, and another is written directly meanwhile."""
    technician = TechnicianFactory()
    report(technician, noon, 0, 50, recorded_at=noon + timedelta(seconds=30))
    with clock.frozen(noon + timedelta(seconds=1)):
        position_record(technician_id=technician.pk, latitude=1, longitude=-71.06)

    flush(noon, 2)

    assert held(technician) == (50, noon + timedelta(seconds=30), noon + timedelta(seconds=1))


@needs_redis
def test_a_flush_takes_batch_after_batch_and_leaves_the_rest_for_the_next(noon, batched, settings, monkeypatch):  # noqa: F811
    settings.PING_BATCH = 2
    monkeypatch.setattr("technicians.services.pings.BATCHES_PER_FLUSH", 2)
    for technician in TechnicianFactory.create_batch(5):
        report(technician, noon)

    assert [flush(noon), flush(noon), flush(noon)] == [4, 1, 0]
    assert Position.objects.count() == 5


@needs_redis
@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite writes row by row")
@pytest.mark.parametrize("item_count", [1, 5])
def test_a_batch_takes_a_constant_number_of_statements(noon, batched, item_count, django_assert_num_queries):  # noqa: F811
    service = ServiceFactory()
    technicians = [technician_ready(service) for _ in range(item_count)]
    for number, technician in enumerate(technicians):
        report(technician, noon, 1, 43 + number)

    # savepoint, positions locked, everything written, release
    with django_assert_num_queries(4):
        flush(noon, 2)

    assert {latitude for (latitude,) in Position.objects.values_list("latitude")} == set(range(43, 43 + item_count))


@needs_redis
def test_a_flush_that_is_killed_is_made_good_by_the_next(noon, batched, monkeypatch):  # noqa: F811
    technician = TechnicianFactory()
    report(technician, noon)
    with monkeypatch.context() as patch:
        patch.setattr(ping_queue, "drop", _killed)
        with pytest.raises(KeyboardInterrupt):
            flush(noon)

    after = (held(technician), flush(noon, 1), held(technician))

    assert after == ((42.36, noon, noon), 1, (42.36, noon, noon))
    assert PositionTrace.objects.count() == 1


def _killed(_pings):
    raise KeyboardInterrupt


@needs_redis
def test_a_ping_of_somebody_gone_holds_up_no_other(noon, batched):  # noqa: F811
    technician, gone = TechnicianFactory(), uuid7()
    position_report(technician_id=gone, latitude=1, longitude=1)
    report(technician, noon)

    flushed = flush(noon)

    assert (flushed, batched.hlen(ping_queue.KEY)) == (2, 0)
    assert list(Position.objects.values_list("pk", flat=True)) == [technician.pk]


@needs_redis
def test_his_own_ping_is_written_for_whoever_is_about_to_look(noon, batched):  # noqa: F811
    technician, other = TechnicianFactory(), TechnicianFactory()
    report(technician, noon)
    report(other, noon)

    position_flush_of(technician.pk)
    position_flush_of(uuid7())

    assert list(Position.objects.values_list("pk", flat=True)) == [technician.pk]
    assert batched.hlen(ping_queue.KEY) == 2  # the caller may roll back


@needs_redis
def test_a_ping_from_the_future_is_refused_before_it_waits(noon, batched):  # noqa: F811
    with pytest.raises(Invalid):
        report(TechnicianFactory(), noon, recorded_at=noon + timedelta(seconds=61))

    assert batched.hlen(ping_queue.KEY) == 0


def test_with_redis_away_the_ping_is_written_directly(noon, redis_away):  # noqa: F811
    technician = TechnicianFactory()

    report(technician, noon)

    assert held(technician) == (42.36, noon, noon)
    assert flush(noon) == 0
    position_flush_of(technician.pk)
    with pytest.raises(NotFound):
        position_report(technician_id=uuid7(), latitude=1, longitude=1)


def test_the_flush_is_a_sweep(noon, redis_away):  # noqa: F811
    assert sweeps.registered()["technicians.flush_positions"] == timedelta(seconds=1)

    runner.run_sweep("technicians.flush_positions")


def test_in_a_batch_each_ping_counts_as_if_it_came_alone(noon):
    """A move, a move that leaves a trace, a step soon and late, a step after silence, one that is late, a bare one."""
    kinds = [(0.001, 5), (0.01, 5), (0.0001, 5), (0.0001, 40), (0.0001, 200), (0.01, -5), (0.001, 130)]
    service = ServiceFactory()
    alone, together = ([technician_ready(service) for _ in kinds] for _ in range(2))

    def pings(technicians):
        moments = [noon + timedelta(seconds=seconds) for _, seconds in kinds]
        return [
            Ping(one.pk, 42.36 + north, -71.06, 3.5 if number % 2 else None, recorded_at=at, accepted_at=at)
            for number, (one, (north, _), at) in enumerate(zip(technicians, kinds, moments, strict=True))
        ]

    for ping in pings(alone):
        position_take(ping)
    left = positions_move(pings(together)[::-1])

    assert left == []
    assert [outcome(one) for one in together] == [outcome(one) for one in alone]
    traces = [[42.36], [42.36, 42.37], [42.36], [42.36], [42.36, 42.36], [42.36], [42.36, 42.361]]
    assert [outcome(one)[2] for one in together] == traces


def outcome(technician):
    places = ("latitude", "longitude", "location_at")
    traces = PositionTrace.objects.filter(technician=technician).order_by("id")
    return (
        Position.objects.values_list(*places, "accuracy_m", "recorded_at", "traced_latitude").get(pk=technician.pk),
        Dispatchable.objects.values_list(*places, "cell").get(technician=technician),
        [round(latitude, 6) for latitude in traces.values_list("latitude", flat=True)],
    )
