from dataclasses import dataclass
from datetime import UTC, datetime
from types import SimpleNamespace
from uuid import UUID

import pytest
from django.db import transaction

from fixmate.core import events, outbox
from fixmate.core.models import OutboxMessage
from fixmate.core.tests import effects


@dataclass(frozen=True, kw_only=True)
class KettleBoiled(events.Event):
    name = "kitchen.kettle.boiled"

    kettle_id: UUID
    at: datetime
    number: int


@dataclass(frozen=True, kw_only=True)
class ToastBurnt(events.Event):
    name = "kitchen.toast.burnt"

    number: int


BOILED = KettleBoiled(kettle_id=UUID(int=7), at=datetime(2026, 3, 2, 12, tzinfo=UTC), number=1)


@pytest.fixture(autouse=True)
def _own_subscribers(monkeypatch):
    monkeypatch.setattr(events, "_subscribers", {})


def task(name: str) -> SimpleNamespace:
    return SimpleNamespace(name=name)


def test_subscribe_is_idempotent_and_gives_the_task_back():
    first = task("a")

    assert events.subscribe(KettleBoiled, ToastBurnt)(first) is first
    events.subscribe(KettleBoiled)(first)
    events.subscribe(KettleBoiled)(task("b"))

    assert events.subscribers_of(KettleBoiled) == ("a", "b")
    assert events.subscribers_of(ToastBurnt) == ("a",)


@pytest.mark.django_db
def test_publish_writes_one_row_per_subscriber_with_plain_values():
    events.subscribe(KettleBoiled)(task("a"))
    events.subscribe(KettleBoiled, ToastBurnt)(task("b"))

    events.publish(BOILED, ToastBurnt(number=2))

    rows = OutboxMessage.objects.order_by("id").values_list("task", "payload")
    boiled = {"kettle_id": "00000000-0000-0000-0000-000000000007", "at": "2026-03-02T12:00:00+00:00", "number": 1}
    assert list(rows) == [("a", boiled), ("b", boiled), ("b", {"number": 2})]


@pytest.mark.django_db
def test_publish_to_nobody_writes_nothing():
    events.publish(BOILED)

    assert OutboxMessage.objects.count() == 0


@pytest.mark.django_db(transaction=True)
def test_publish_outside_a_transaction_raises_even_with_nobody_listening():
    with pytest.raises(outbox.OutsideTransaction):
        events.publish(BOILED)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("is_committed", "rows"), [(True, 1), (False, 0)])
def test_publish_leaves_a_row_if_and_only_if_the_change_is_committed(is_committed, rows):
    events.subscribe(KettleBoiled)(task("a"))

    with transaction.atomic():
        events.publish(BOILED)
        transaction.set_rollback(not is_committed)

    assert OutboxMessage.objects.count() == rows


@pytest.mark.django_db
def test_a_reaction_hears_the_event_and_what_it_does_not_know_of_it(drain):
    events.subscribe(KettleBoiled)(effects.effect)

    events.publish(BOILED)
    drain()

    assert effects.count_of(1) == 1
