from datetime import UTC, datetime
from uuid import UUID

import pytest
from django.db import DataError

from fixmate.core import outbox
from fixmate.core.batches import save_all, together
from fixmate.core.models import OutboxMessage
from fixmate.core.tests.effects import enqueued

pytestmark = pytest.mark.django_db
WHAT = ["task", "run_at", "lease_token", "attempts"]
MANY = 9


# Rows that are due


def test_a_row_that_fails_holds_up_no_other_and_costs_few_tries():
    tried, done = [], []

    def act(lot):
        tried.append(len(lot))
        if 13 in lot:
            raise RuntimeError("not this one")
        done.extend(lot)
        return len(lot)

    assert together(range(40), act, at_once=16) == 39

    assert sorted(done) == [number for number in range(40) if number != 13]
    assert tried == [16, 8, 8, 4, 4, 2, 1, 1, 2, 16, 8]


# Saving many


def rows(count):
    return [enqueued() for _ in range(count)]


@pytest.mark.parametrize("count", [1, 3, 4, MANY])
def test_all_are_saved_and_nobody_else(count):
    beside, changed = enqueued(), rows(count)
    for number, row in enumerate(changed):
        row.task, row.run_at = f"a task's {number}", datetime(2026, 3, 2, 12, 0, number, 5, tzinfo=UTC)
        row.lease_token, row.attempts = (UUID(int=number), number) if number % 2 else (None, 0)
        row.last_error = "not among the columns"

    save_all(changed, WHAT)

    stored = OutboxMessage.objects.exclude(pk=beside.pk).order_by("pk").values_list(*WHAT)
    assert list(stored) == [tuple(getattr(row, name) for name in WHAT) for row in changed]
    assert set(OutboxMessage.objects.values_list("last_error", flat=True)) == {""}
    assert OutboxMessage.objects.get(pk=beside.pk).task == beside.task


def test_many_are_saved_by_one_statement(django_assert_num_queries):
    changed = rows(MANY)

    with django_assert_num_queries(1):
        save_all(changed, WHAT)


@pytest.mark.postgres
def test_what_is_too_long_for_its_column_is_refused_and_not_cut_off():
    changed = rows(MANY)
    changed[-1].task = "t" * 101

    with pytest.raises(DataError):
        save_all(changed, WHAT)


def test_calls_are_ordered_in_the_order_given():
    outbox.enqueue_many((f"tests.{number}", {"said": 'a "word"', "number": number}) for number in range(MANY))

    stored = OutboxMessage.objects.order_by("pk").values_list("task", "payload")
    assert list(stored) == [(f"tests.{number}", {"said": 'a "word"', "number": number}) for number in range(MANY)]
