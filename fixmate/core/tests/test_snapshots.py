import pytest
from django.db import connection

from fixmate.core.snapshots import one_snapshot


@pytest.mark.django_db
def test_within_a_transaction_that_is_open_nothing_is_begun(django_assert_num_queries):
    with django_assert_num_queries(0), one_snapshot():
        assert connection.in_atomic_block


@pytest.mark.django_db(transaction=True)
def test_outside_of_one_a_transaction_is_begun_and_ends():
    with one_snapshot():
        assert connection.in_atomic_block

    assert not connection.in_atomic_block
