from datetime import UTC, datetime, timedelta

from fixmate.core import strays

SINCE = datetime(2026, 3, 2, tzinfo=UTC)
UNTIL = SINCE + timedelta(days=1)


class FullStorage:
    """Has a full page for whatever span is asked for, which ends with its last moment."""

    def names_between(self, folder, since, until, *, limit):
        assert since < until
        return [f"{folder}/{until.isoformat()}"]


def test_a_part_of_a_span_that_is_read_to_its_last_moment_is_read_no_further(monkeypatch):
    monkeypatch.setattr(strays, "LIMIT", 1)
    monkeypatch.setattr(strays, "private_storage", FullStorage)
    monkeypatch.setattr(strays, "name_time", lambda name: datetime.fromisoformat(name.partition("/")[2]))

    pages = list(strays._pages("uploads", SINCE, UNTIL, 7, float("inf")))

    start = SINCE + timedelta(days=7 / 21)
    assert pages == [[f"uploads/{UNTIL.isoformat()}"], [f"uploads/{start.isoformat()}"]]
