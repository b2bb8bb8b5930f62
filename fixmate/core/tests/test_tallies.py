import pytest
from django.core.cache import caches

from fixmate.core.tallies import tallied, tally
from fixmate.core.tests.races import at_once

pytestmark = pytest.mark.django_db


def test_tallies_grow_each_by_itself():
    for name in ("a", "b", "a"):
        tally(name)

    assert [tallied(name) for name in ("a", "b", "c")] == [2, 1, 0]


def test_tally_of_a_cache_that_is_emptied_meanwhile_is_no_error(monkeypatch):
    cache = caches["ratelimit"]
    monkeypatch.setattr(type(cache), "add", lambda *args, **kwargs: False)

    tally("a")

    assert tallied("a") == 0


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_tallies_count_everybody_at_once():
    at_once(*[lambda: tally("race")] * 12)

    assert tallied("race") == 12
