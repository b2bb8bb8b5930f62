from datetime import UTC, datetime

import pytest

from fixmate.core.models import OutboxMessage
from fixmate.core.tests.http import client_for

pytestmark = [pytest.mark.django_db, pytest.mark.urls("fixmate.core.tests.urls")]


@pytest.fixture
def rows():
    moments = [datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 3, 2, tzinfo=UTC)]
    return [
        OutboxMessage.objects.create(task="a", status=status, created_at=at)
        for at, status in zip(moments, ["READY", "DEAD"], strict=True)
    ]


def found(path: str = "/filtered", **query) -> list[int]:
    return [row["id"] for row in client_for().get(path, query).json()["results"]]


def test_a_known_value_filters(rows):
    assert found(status="DEAD") == [rows[1].pk]
    assert found(status="READY") == [rows[0].pk]
    assert found(created_before="2026-03-02T00:00:00Z") == [rows[0].pk]
    assert found(created_before="2026-03-02T02:00:00+01:00") == [rows[1].pk, rows[0].pk]


@pytest.mark.parametrize("query", [{}, {"status": ""}, {"created_before": ""}, {"unknown": "x"}])
def test_an_empty_value_and_an_unknown_parameter_filter_nothing(rows, query):
    assert found(**query) == [rows[1].pk, rows[0].pk]


def test_a_view_without_filters_ignores_them(rows):
    assert found("/rows", status="DEAD") == [rows[1].pk, rows[0].pk]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("status", "LOST"),
        ("created_before", "yesterday"),
        ("created_before", "2026-13-01T00:00:00Z"),
        ("created_before", "9999-12-31T23:59:59-01:00"),
        ("created_before", "0001-01-01T00:00:00+01:00"),
    ],
)
def test_an_unknown_value_of_a_known_parameter_is_refused_by_name(rows, name, value):
    response = client_for().get("/filtered", {name: value})

    error = response.json()["error"]
    assert (response.status_code, error["code"], set(error["details"])) == (400, "VALIDATION_ERROR", {name})
