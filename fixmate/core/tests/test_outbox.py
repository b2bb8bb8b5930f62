from datetime import date, datetime, timedelta
from decimal import Decimal
from uuid import UUID

import pytest
from django.db import IntegrityError, transaction

from fixmate.core import clock, outbox
from fixmate.core.enums import OutboxStatus
from fixmate.core.errors import Invalid
from fixmate.core.models import AuditEntry, OutboxMessage
from fixmate.core.tests import effects
from fixmate.core.tests.effects import enqueued, reread

pytestmark = pytest.mark.django_db


# Ordering


@pytest.mark.django_db(transaction=True)
def test_enqueue_outside_a_transaction_raises():
    with pytest.raises(outbox.OutsideTransaction):
        outbox.enqueue("core.tests.effect", number=1)

    assert OutboxMessage.objects.count() == 0


def test_enqueue_of_a_change_taken_back_leaves_no_row():
    with transaction.atomic():
        outbox.enqueue("core.tests.effect", number=1)
        transaction.set_rollback(True)

    assert OutboxMessage.objects.count() == 0


@pytest.mark.django_db(transaction=True)
def test_enqueue_wakes_the_runner_once_committed(monkeypatch):
    woken = []
    monkeypatch.setattr("fixmate.core.wakeup.wake", lambda: woken.append(OutboxMessage.objects.count()))

    with transaction.atomic():
        outbox.enqueue("core.tests.effect", number=1)
        assert woken == []

    assert woken == [1]


def test_enqueue_many_of_nothing_asks_nothing(django_assert_num_queries):
    with django_assert_num_queries(0):
        outbox.enqueue_many([])


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (UUID(int=1), "00000000-0000-0000-0000-000000000001"),
        (Decimal("1.50"), "1.50"),
        (datetime(2026, 3, 2, 12), "2026-03-02T12:00:00"),
        (date(2026, 3, 2), "2026-03-02"),
        (OutboxStatus.DEAD, "DEAD"),
        (None, None),
        (7, 7),
    ],
)
def test_enqueue_stores_values_as_json_holds_them(value, expected):
    assert enqueued(value=value).payload == {"value": expected}


# Claiming


def test_claim_leases_due_rows_oldest_first(noon, settings):
    first, second, later = enqueued(number=1), enqueued(number=2), enqueued(number=3)
    OutboxMessage.objects.filter(pk=second.pk).update(run_at=noon - timedelta(minutes=1))
    OutboxMessage.objects.filter(pk=later.pk).update(run_at=noon + timedelta(milliseconds=1))

    claims = outbox.claim(10)

    assert [claim.message_id for claim in claims] == [second.pk, first.pk]
    assert [claim.payload for claim in claims] == [{"number": 2}, {"number": 1}]
    assert reread(first).lease_until == noon + timedelta(seconds=settings.OUTBOX_CLAIM_S)
    assert reread(later).lease_token is None


def test_claim_takes_no_more_than_the_limit():
    for number in range(3):
        enqueued(number=number)

    assert len(outbox.claim(2)) == 2
    assert len(outbox.claim(2)) == 1
    assert outbox.claim(2) == []


def test_claim_leaves_an_unexpired_lease_and_takes_an_expired_one(noon, settings):
    message = enqueued()
    outbox.claim(1)
    end = noon + timedelta(seconds=settings.OUTBOX_CLAIM_S)

    with clock.frozen(end - timedelta(microseconds=1)):
        assert outbox.claim(1) == []
    with clock.frozen(end):
        assert [claim.message_id for claim in outbox.claim(1)] == [message.pk]


@pytest.mark.parametrize("status", [OutboxStatus.DONE, OutboxStatus.DEAD])
def test_claim_leaves_closed_rows(status):
    message = enqueued()
    OutboxMessage.objects.filter(pk=message.pk).update(status=status, done_at=clock.now())

    assert outbox.claim(1) == []


def test_put_back_counts_no_try_and_waits_a_second(noon):
    message = enqueued()
    (claim,) = outbox.claim(1)

    outbox.put_back(claim)

    row = reread(message)
    assert (row.attempts, row.crashes, row.lease_until, row.lease_token) == (0, 0, None, None)
    assert row.run_at == noon + timedelta(seconds=1)


# Care


def test_revive_gives_a_dead_row_its_tries_again_and_is_audited(drain, user):
    message = enqueued(number=15)
    OutboxMessage.objects.filter(pk=message.pk).update(status=OutboxStatus.DEAD, attempts=12, crashes=3)

    outbox.outbox_revive(message_id=message.pk, actor=user, reason="the mail server is back")

    row, entry = reread(message), AuditEntry.objects.get()
    assert (row.status, row.attempts, row.crashes) == (OutboxStatus.READY, 0, 0)
    assert (entry.action, entry.target_id, entry.reason) == (
        "outbox.revive",
        str(message.pk),
        "the mail server is back",
    )
    assert entry.actor_id == user.pk
    drain()
    assert effects.count_of(15) == 1


@pytest.mark.parametrize("status", [OutboxStatus.READY, OutboxStatus.DONE])
def test_revive_refuses_a_row_that_is_not_dead(status, user):
    message = enqueued()
    OutboxMessage.objects.filter(pk=message.pk).update(status=status, done_at=clock.now(), attempts=4)

    with pytest.raises(outbox.NotDead):
        outbox.outbox_revive(message_id=message.pk, actor=user, reason="again")

    assert (reread(message).status, reread(message).attempts) == (status, 4)
    assert AuditEntry.objects.count() == 0


def test_revive_without_a_reason_changes_nothing(user):
    message = enqueued()
    OutboxMessage.objects.filter(pk=message.pk).update(status=OutboxStatus.DEAD, attempts=12)

    with pytest.raises(Invalid):
        outbox.outbox_revive(message_id=message.pk, actor=user, reason=" ")

    assert (reread(message).status, reread(message).attempts) == (OutboxStatus.DEAD, 12)


def test_purge_removes_rows_done_a_week_ago_and_nothing_else(noon, settings):
    week = timedelta(days=settings.OUTBOX_KEEP_DONE_DAYS)
    kept = [enqueued() for _ in range(3)]
    OutboxMessage.objects.filter(pk=kept[0].pk).update(status=OutboxStatus.DONE, done_at=noon - week)
    OutboxMessage.objects.filter(pk=kept[1].pk).update(status=OutboxStatus.DEAD, done_at=noon - 2 * week)
    OutboxMessage.objects.filter(pk=kept[2].pk).update(created_at=noon - 2 * week)
    gone = enqueued()
    OutboxMessage.objects.filter(pk=gone.pk).update(
        status=OutboxStatus.DONE, done_at=noon - week - timedelta(microseconds=1)
    )

    assert outbox.purge_done() == 1

    assert set(OutboxMessage.objects.values_list("pk", flat=True)) == {message.pk for message in kept}


def test_the_database_refuses_a_done_row_without_its_time_and_an_unknown_status():
    message = enqueued()

    for broken in ({"status": OutboxStatus.DONE}, {"status": "LOST"}):
        with pytest.raises(IntegrityError), transaction.atomic():
            OutboxMessage.objects.filter(pk=message.pk).update(**broken)


def test_a_row_names_itself():
    message = enqueued()

    assert str(message) == f"core.tests.effect #{message.pk} READY"
