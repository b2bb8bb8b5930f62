import pytest

from fixmate.core.bulk import rows_add
from fixmate.core.ids import uuid7
from fixmate.core.models import OutboxMessage

pytestmark = pytest.mark.django_db


def row(at, **columns):
    values = {"task": "jobs.x", "payload": {"said": 'd\'été "5 %"', "n": [0.1 + 0.2, None, True]}, "status": "READY"}
    times = {"created_at": at, "run_at": at, "lease_until": None, "lease_token": None}
    return {**values, **times, "attempts": 0, "crashes": 0, "last_error": "", **columns}


def test_rows_are_added_with_one_statement_as_they_were_given(noon, django_assert_num_queries):
    rows = [row(noon), row(noon, payload={}, lease_until=noon, lease_token=uuid7(), attempts=2, last_error="a\nb")]

    with django_assert_num_queries(1):
        rows_add(OutboxMessage, rows)

    assert list(OutboxMessage.objects.order_by("pk").values(*rows[0])) == rows


def test_nothing_is_added_with_no_statement(django_assert_num_queries):
    with django_assert_num_queries(0):
        rows_add(OutboxMessage, [])
