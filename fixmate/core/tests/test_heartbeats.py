from datetime import timedelta

import pytest

from fixmate.core import clock, heartbeats
from fixmate.core.models import Heartbeat

pytestmark = pytest.mark.django_db


def test_age_of_what_never_beat_is_none():
    assert heartbeats.age_of("work") is None


def test_heart_beats_with_one_statement_and_then_rests(noon, django_assert_num_queries):
    heart = heartbeats.Heart("work")

    with django_assert_num_queries(1):
        heart.beat()
        heart.beat()

    with clock.frozen(noon + timedelta(seconds=7)):
        assert heartbeats.age_of("work") == timedelta(seconds=7)


def test_heart_beats_again_after_a_while(noon, monkeypatch):
    heart = heartbeats.Heart("work")
    heart.beat()
    monkeypatch.setattr(heartbeats, "EVERY_S", 0.0)
    heart = heartbeats.Heart("work")
    heart.beat()

    with clock.frozen(noon + timedelta(minutes=1)):
        heart.beat()

    row = Heartbeat.objects.get()
    assert (row.name, row.at) == ("work", noon + timedelta(minutes=1))
    assert str(row) == f"work {row.at}"
