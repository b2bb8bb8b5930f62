import gc

import pytest

from fixmate import celery
from fixmate.core.heap import heap_settle


@pytest.fixture(autouse=True)
def _thawed():
    gc.unfreeze()  # another test may have started a worker in this process
    yield
    gc.unfreeze()


@pytest.mark.parametrize("settle", [heap_settle, celery.settle])
def test_what_is_there_is_not_looked_through_again(settle):
    assert gc.get_freeze_count() == 0

    settle()

    assert gc.get_freeze_count() > 10_000
