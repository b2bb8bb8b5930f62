"""The small parts: clock, ids, context, errors, signs of life, the schema's error answers."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.db import connection
from drf_spectacular.generators import SchemaGenerator

from fixmate.core import batches, clock, context, heartbeats
from fixmate.core.batches import each_alone, purge
from fixmate.core.context import Context, Source
from fixmate.core.errors import Conflict, DomainError
from fixmate.core.ids import uuid7
from fixmate.core.models import Heartbeat

DAY = datetime(2026, 3, 2, tzinfo=UTC)


@pytest.mark.django_db
def test_the_clock_runs_and_knows_its_zone():
    first, second = clock.now(), clock.now()

    assert first <= second
    assert first.utcoffset() == timedelta(0)


@pytest.mark.django_db
def test_the_clock_is_the_database_s_and_on_sqlite_this_host_s():
    with time_machine.travel(DAY, tick=False):
        assert (clock.now() == DAY) is (connection.vendor == "sqlite")


def test_a_frozen_clock_stands_still_and_goes_on_afterwards():
    with clock.frozen(DAY):
        with clock.frozen(DAY + timedelta(hours=1)):
            assert clock.now() == DAY + timedelta(hours=1)
        assert clock.now() == DAY
    assert clock._frozen_at is None


def test_ids_sort_by_time():
    ids = [uuid7() for _ in range(50)]

    assert ids == sorted(ids)
    assert {one.version for one in ids} == {7}


def test_a_context_is_left_as_it_was_found():
    inner = Context(Source.COMMAND)

    with context.entered(inner):
        assert context.current() is inner

    assert context.current() == Context(Source.SYSTEM)


def test_a_refusal_has_a_text_of_its_class_or_its_own():
    assert (str(DomainError()), DomainError().details) == ("The request could not be processed.", {})
    assert (str(Conflict("Too late.", since=1)), Conflict("Too late.", since=1).details) == ("Too late.", {"since": 1})


@pytest.mark.django_db
def test_a_heart_beats_once_and_again_after_its_time(noon):
    heart = heartbeats.Heart("kettle")
    assert heartbeats.age_of("kettle") is None

    with time_machine.travel(DAY, tick=False) as host:
        heart.beat()
        with clock.frozen(noon + timedelta(seconds=1)):
            heart.beat()
            assert heartbeats.age_of("kettle") == timedelta(seconds=1)
        heart._next_at = 0.0
        host.shift(1)
        heart.beat()

    assert str(Heartbeat.objects.get()).startswith("kettle")
    assert heartbeats.age_of("kettle") == timedelta(0)


OF_EVERY_OPERATION = {"400", "401", "403", "406", "429", "500", "503"}


@pytest.mark.parametrize(
    ("path", "answers"),
    [
        ("/rows", {"200"}),
        ("/raise/{name}", {"200", "404"}),
        ("/context", {"200"}),
        ("/described/{number}", {"200", "404"}),
        ("/verified", {"200"}),
    ],
)
def test_a_read_names_the_errors_it_can_give(path, answers, capsys):
    paths = SchemaGenerator(urlconf="fixmate.core.tests.urls").get_schema(request=None, public=True)["paths"]

    assert set(paths[path]["get"]["responses"]) == answers | OF_EVERY_OPERATION


def test_rows_are_worked_through_each_alone():
    tried = []

    def act(row: int) -> bool:
        tried.append(row)
        return 6 // row > 2

    assert each_alone([3, 0, 2], act) == 1
    assert tried == [3, 0, 2]


@pytest.mark.django_db
def test_purge_removes_the_rows_given_some_at_a_time(monkeypatch, django_assert_num_queries):
    monkeypatch.setattr(batches, "PURGE_BATCH", 2)
    Heartbeat.objects.bulk_create(Heartbeat(name=name, at=datetime.now(UTC)) for name in ("a", "b", "c", "work"))

    with django_assert_num_queries(5):  # two batches, and a look that finds nothing
        removed = purge(Heartbeat.objects.exclude(name="work"))

    assert (removed, Heartbeat.objects.get().name) == (3, "work")


def test_the_schema_names_the_errors_that_follow_from_the_shape_of_an_operation():
    paths = SchemaGenerator(urlconf="fixmate.core.api.urls").get_schema(request=None, public=True)["paths"]

    (operation,) = [path["post"] for path in paths.values() if "post" in path]
    assert operation["operationId"] == "uploads_create"
    assert set(operation["responses"]) == {"201", "400", "409", "413", "415"} | OF_EVERY_OPERATION
    assert list(operation["requestBody"]["content"]) == ["multipart/form-data"]
