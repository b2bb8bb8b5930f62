"""Claimed rows being run: done once, tried again, given up."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import IntegrityError, transaction

from fixmate.core import clock, outbox, runner
from fixmate.core.enums import OutboxStatus
from fixmate.core.models import OutboxMessage
from fixmate.core.tests import effects
from fixmate.core.tests.effects import enqueued, make_due, reread

pytestmark = pytest.mark.django_db


def test_a_task_is_done_in_the_transaction_of_its_effect(drain):
    message = enqueued(number=5)
    effects.seen_in_transaction.clear()

    assert drain() == 1

    row = reread(message)
    assert effects.count_of(5) == 1
    assert (row.status, row.attempts, row.crashes, row.lease_until) == (OutboxStatus.DONE, 0, 0, None)
    assert row.done_at is not None
    assert drain() == 0


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("task", "is_in_transaction"), [("core.tests.effect", True), ("core.tests.effect_outside", False)]
)
def test_only_a_task_that_reaches_outside_runs_without_a_transaction(drain, task, is_in_transaction):
    with transaction.atomic():
        message = enqueued(task, number=6)
    effects.seen_in_transaction.clear()

    drain()

    assert effects.seen_in_transaction == [is_in_transaction]
    assert reread(message).status == OutboxStatus.DONE
    assert effects.count_of(6) == 1


@pytest.mark.django_db(transaction=True)
def test_effect_and_done_fail_together(drain, monkeypatch):
    with transaction.atomic():
        message = enqueued(number=7)

    def refuse(*_):
        raise IntegrityError("the row cannot be closed")

    monkeypatch.setattr(outbox, "_finish", refuse)

    drain()

    assert effects.count_of(7) == 0
    assert reread(message).status == OutboxStatus.READY


def test_a_raising_task_is_put_back_with_its_text_and_without_its_effect(noon, drain):
    message = enqueued("core.tests.effect_then_error", number=8)

    drain()

    row = reread(message)
    assert effects.count_of(8) == 0
    assert (row.status, row.attempts, row.crashes, row.lease_token) == (OutboxStatus.READY, 1, 0, None)
    assert row.run_at == noon + timedelta(seconds=1)
    assert row.last_error.rstrip().endswith("RuntimeError: the kettle is off")


def test_a_raising_task_waits_twice_as_long_each_time_up_to_an_hour_and_is_parked_after_twelve(noon, drain):
    message = enqueued("core.tests.effect_then_error", number=9)
    at, delays = noon, []

    for _ in range(outbox.MAX_ERRORS - 1):
        with clock.frozen(at):
            drain()
        delays.append((reread(message).run_at - at).total_seconds())
        at = reread(message).run_at
    with clock.frozen(at):
        drain()

    row = reread(message)
    assert delays == [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024]
    assert (row.status, row.attempts) == (OutboxStatus.DEAD, 12)
    assert row.last_error.rstrip().endswith("RuntimeError: the kettle is off")
    with clock.frozen(at + timedelta(days=1)):
        assert drain() == 0


def test_no_delay_is_longer_than_an_hour(noon, drain, monkeypatch):
    monkeypatch.setattr(outbox, "MAX_ERRORS", 40)
    message = enqueued("core.tests.effect_then_error", number=9)
    OutboxMessage.objects.filter(pk=message.pk).update(attempts=30)

    drain()

    assert reread(message).run_at == noon + timedelta(hours=1)


def test_an_error_text_that_no_database_holds_is_kept_readable():
    message = enqueued()
    (claim,) = outbox.claim(1)

    outbox.fail(claim.message_id, claim.token, "a" * 20_000 + "nul \0 and half \ud800 a pair")

    row = reread(message)
    assert row.last_error.endswith("nul \\0 and half \\ud800 a pair")
    assert len(row.last_error) < 10_100


@pytest.mark.parametrize("task", ["core.tests.nobody_knows_it", "core.tests.effect"])
def test_a_call_nobody_can_run_is_recorded_and_in_the_end_parked(drain, task):
    message = enqueued(task, unknown="argument")

    for _ in range(outbox.MAX_ERRORS):
        make_due(message)
        drain()

    row = reread(message)
    assert (row.status, row.attempts) == (OutboxStatus.DEAD, 12)
    assert ("NotRegistered" if "nobody" in task else "TypeError") in row.last_error


def test_a_task_whose_process_dies_is_tried_three_times_then_parked(drain):
    message = enqueued(number=10)

    for _ in range(outbox.MAX_CRASHES):
        (claim,) = outbox.claim(1)
        assert outbox._start(claim.message_id, claim.token, reaches_outside=False)
        make_due(message)
    assert drain() == 1

    row = reread(message)
    assert (row.status, row.crashes, row.attempts) == (OutboxStatus.DEAD, 3, 0)
    assert row.last_error == "the process died each time this was tried"
    assert effects.count_of(10) == 0


def test_a_crash_is_forgotten_once_the_task_ends(drain):
    message = enqueued(number=11)
    (claim,) = outbox.claim(1)
    outbox._start(claim.message_id, claim.token, reaches_outside=False)
    make_due(message)

    drain()

    row = reread(message)
    assert (row.status, row.crashes) == (OutboxStatus.DONE, 0)
    assert effects.count_of(11) == 1


@pytest.mark.parametrize(("reaches_outside", "lease"), [(False, "OUTBOX_CLAIM_S"), (True, "OUTBOX_LEASE_S")])
def test_starting_renews_the_lease_for_as_long_as_the_work_may_take(noon, settings, reaches_outside, lease):
    message = enqueued()
    (claim,) = outbox.claim(1)
    later = noon + timedelta(seconds=30)

    with clock.frozen(later):
        outbox._start(claim.message_id, claim.token, reaches_outside=reaches_outside)

    row = reread(message)
    assert row.lease_until == later + timedelta(seconds=getattr(settings, lease))
    assert row.crashes == 1


def test_a_stale_claim_is_dropped_without_effect(drain):
    message = enqueued(number=12)
    (stale,) = outbox.claim(1)
    outbox._start(stale.message_id, stale.token, reaches_outside=False)  # and died
    make_due(message)
    (fresh,) = outbox.claim(1)

    runner.perform(stale)

    row = reread(message)
    assert effects.count_of(12) == 0
    assert (row.status, row.lease_token, row.crashes) == (OutboxStatus.READY, fresh.token, 1)


def test_a_row_claimed_again_before_it_was_begun_is_done_by_the_message_that_comes_first():
    """Or a queue that lags by more than a lease would hold nothing but messages that start nothing."""
    message = enqueued(number=12)
    (first,) = outbox.claim(1)
    make_due(message)
    (second,) = outbox.claim(1)

    runner.perform(first)
    runner.perform(second)

    assert first == second
    assert (effects.count_of(12), reread(message).status) == (1, OutboxStatus.DONE)


def test_rows_claimed_together_keep_their_own_tokens():
    waiting, fresh = enqueued(number=12), enqueued(number=13)
    (first,) = outbox.claim(1)
    make_due(waiting)

    claims = outbox.claim(2)

    assert {claim.message_id: claim.token for claim in claims}[waiting.pk] == first.token
    assert all(reread(message).lease_token in {claim.token for claim in claims} for message in (waiting, fresh))
    assert len({claim.token for claim in claims}) == 2


def test_a_claim_lost_between_start_and_effect_has_no_effect(monkeypatch):
    message = enqueued(number=13)
    (claim,) = outbox.claim(1)
    other = uuid4()
    start = outbox._start

    def start_then_lose(message_id, token, **kwargs):
        is_started = start(message_id, token, **kwargs)
        OutboxMessage.objects.filter(pk=message_id).update(lease_token=other)
        return is_started

    monkeypatch.setattr(outbox, "_start", start_then_lose)

    assert outbox.run(claim.message_id, claim.token, pytest.fail, reaches_outside=False) is False
    assert reread(message).lease_token == other


def test_a_claim_lost_while_outside_neither_finishes_nor_fails_the_row():
    message = enqueued(number=14)
    (claim,) = outbox.claim(1)
    other = uuid4()

    def work():
        OutboxMessage.objects.filter(pk=message.pk).update(lease_token=other)

    def work_that_fails():
        raise RuntimeError

    assert outbox.run(claim.message_id, claim.token, work, reaches_outside=True) is False
    assert outbox.run(claim.message_id, claim.token, work_that_fails, reaches_outside=True) is False
    row = reread(message)
    assert (row.status, row.lease_token, row.attempts) == (OutboxStatus.READY, other, 0)
