"""The metro of the benchmark at 10,000 technicians: the ways agree. Nothing here is timed."""

import pytest

from benchmarks import candidates, metro
from benchmarks.plot import svg
from matching.policies import POLICIES

pytestmark = [pytest.mark.django_db, pytest.mark.postgres]
TECHNICIANS, JOBS = 10_000, 12


def test_the_ways_agree_in_a_metro_of_ten_thousand():
    town, policy = metro.found(), POLICIES["index"]
    metro.grow(town, 0, TECHNICIANS, policy)
    jobs = candidates.jobs_in(town, JOBS, seed=3)

    assert candidates.differences(town, policy, jobs) == 0


def test_the_plot_shows_every_line():
    drawn = svg("T", "x", "y", {"one": [(1000, 0.5), (10_000, 5.0)], "two": [(1000, 1.0), (10_000, 1.5)]})

    assert [drawn.count(f">{name}</text>") for name in ("one", "two", "T")] == [1, 1, 1]
    assert drawn.count("<circle") == 4
