from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from django.core import signing
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fixmate.core.api.pagination import KeysetPagination, _plain
from fixmate.core.enums import UploadPurpose
from fixmate.core.models import OutboxMessage, Upload
from fixmate.core.tests.http import client_for

pytestmark = [pytest.mark.django_db, pytest.mark.urls("fixmate.core.tests.urls")]
START = datetime(2026, 3, 2, 12, tzinfo=UTC)
WALKS = settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
# Few values, so that ties are the rule.
ROWS = st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2), st.sampled_from("ab")), max_size=9)
ORDERINGS = st.sampled_from(["", "created_at", "-created_at", "attempts", "-attempts", "task", "-task"])


@pytest.fixture
def client():
    return client_for()


def make_rows(facts) -> None:
    OutboxMessage.objects.all().delete()
    rows = [
        OutboxMessage(created_at=START + timedelta(seconds=second), attempts=attempts, task=task)
        for second, attempts, task in facts
    ]
    OutboxMessage.objects.bulk_create(rows)


def pages(client, url: str, link: str = "next") -> list[list[int]]:
    found = []
    while url:
        body = client.get(url).json()
        found.append([row["id"] for row in body["results"]])
        assert len(found) < 30
        url = body[link]
    return found


def flat(found) -> list[int]:
    return [number for one in found for number in one]


@WALKS
@given(ROWS, st.integers(1, 4), ORDERINGS)
def test_walking_on_gives_every_row_once_in_order_and_walking_back_the_same(client, facts, size, ordering):
    make_rows(facts)
    name = ordering or "-created_at"
    key = ("-" if name.startswith("-") else "") + "pk"
    expected = list(OutboxMessage.objects.order_by(name, key).values_list("id", flat=True))
    first = f"/rows?page_size={size}&ordering={ordering}"

    forward = pages(client, first)

    assert flat(forward) == expected
    if len(forward) > 1:
        last = first
        while following := client.get(last).json()["next"]:
            last = following
        assert pages(client, last, "previous")[::-1] == reversed_pages(expected, size, len(forward[-1]))


def reversed_pages(expected: list[int], size: int, tail: int) -> list[list[int]]:
    """Return the pages as met walking back from the last one: full ones before it, the rest at the start."""
    head, last = expected[: len(expected) - tail], expected[len(expected) - tail :]
    found = [last]
    while head:
        found.insert(0, head[-size:])
        head = head[:-size]
    return found


@WALKS
@given(ROWS, st.integers(1, 4))
def test_walking_in_mixed_directions_gives_every_row_once(client, facts, size):
    make_rows(facts)

    found = flat(pages(client, f"/mixed?page_size={size}"))

    assert found == list(OutboxMessage.objects.order_by("-attempts", "task", "pk").values_list("id", flat=True))


@WALKS
@given(ROWS.filter(bool), ROWS, st.integers(1, 3), ORDERINGS)
def test_rows_that_come_between_two_pages_repeat_and_hide_nothing(client, facts, more, size, ordering):
    make_rows(facts)
    before = set(OutboxMessage.objects.values_list("id", flat=True))
    first = client.get(f"/rows?page_size={size}&ordering={ordering}").json()

    for second, attempts, task in more:
        OutboxMessage.objects.create(created_at=START + timedelta(seconds=second), attempts=attempts, task=task)
    found = [row["id"] for row in first["results"]] + flat(pages(client, first["next"]) if first["next"] else [])

    assert len(found) == len(set(found))
    assert before <= set(found)


def test_a_page_that_was_emptied_meanwhile_has_no_links(client):
    make_rows([(0, 0, "a"), (1, 0, "a")])
    link = client.get("/rows?page_size=1").json()["next"]
    OutboxMessage.objects.all().delete()

    assert client.get(link).json() == {"next": None, "previous": None, "results": []}


def test_links_keep_every_parameter(client):
    make_rows([(0, 0, "a"), (1, 0, "a")])

    link = client.get("/rows?page_size=1&status=A&status=B&note=a%26b").json()["next"]

    query = parse_qs(urlsplit(link).query)
    assert (query["status"], query["note"], query["page_size"]) == (["A", "B"], ["a&b"], ["1"])
    assert link.startswith("http://testserver/rows?")


@pytest.mark.parametrize(("given", "rows"), [("1", 1), ("10", 10), ("100", 100), ("101", 100), ("1000000000", 100)])
def test_page_size_is_at_most_a_hundred(client, given, rows):
    make_rows([(0, 0, "a")] * 120)

    assert len(client.get(f"/rows?page_size={given}").json()["results"]) == rows


def test_a_page_has_ten_rows_unless_asked(client):
    make_rows([(0, 0, "a")] * 12)

    assert len(client.get("/rows").json()["results"]) == 10


@pytest.mark.parametrize("given", ["0", "-1", "abc", "", "1e9", "1.5", "٣", "000"])
def test_a_page_size_that_is_no_whole_number_from_one_is_refused(client, given):
    response = client.get("/rows", {"page_size": given})

    assert response.status_code == 400
    assert response.json()["error"]["details"] == {"page_size": ["Give a whole number from 1 to 100."]}


@pytest.mark.parametrize(
    ("path", "given", "text"),
    [
        ("/rows", "secret", "Order by one of: attempts, created_at, task."),
        ("/rows", "--task", "Order by one of: attempts, created_at, task."),
        ("/mixed", "task", "Order by one of: nothing."),
    ],
)
def test_an_ordering_that_is_not_offered_is_refused(client, path, given, text):
    response = client.get(path, {"ordering": given})

    assert response.status_code == 400
    assert response.json()["error"]["details"] == {"ordering": [text]}


def cursor_of(client) -> str:
    make_rows([(0, 0, "a"), (1, 0, "a")])
    return parse_qs(urlsplit(client.get("/rows?page_size=1").json()["next"]).query)["cursor"][0]


@pytest.mark.parametrize(
    "spoil",
    [
        lambda text: "nonsense",
        lambda text: text[:-1] + ("A" if text[-1] != "A" else "B"),
        lambda text: text[1:],
        lambda text: "x" * 5000,
        lambda text: signing.dumps({"o": ["-created_at", "-pk"], "v": ["2026-01-01", 1], "b": False}),
    ],
)
def test_a_cursor_that_was_tampered_with_is_refused(client, spoil):
    response = client.get("/rows", {"cursor": spoil(cursor_of(client))})

    assert response.status_code == 400
    assert response.json()["error"]["details"] == {"cursor": ["The cursor is not valid."]}


def test_the_cursor_of_another_list_is_refused(client):
    response = client.get("/rows-again", {"cursor": cursor_of(client)})

    assert response.json()["error"]["details"] == {"cursor": ["The cursor is not valid."]}


def test_the_cursor_of_another_ordering_is_refused(client):
    response = client.get("/rows", {"cursor": cursor_of(client), "ordering": "task"})

    assert response.json()["error"]["details"] == {"cursor": ["The cursor belongs to another ordering."]}


def test_an_empty_cursor_is_the_first_page(client):
    make_rows([(0, 0, "a")])

    assert len(client.get("/rows?cursor=").json()["results"]) == 1


@pytest.mark.parametrize("item_count", [1, 3])
def test_a_page_is_one_query(client, django_assert_num_queries, item_count):
    make_rows([(0, 0, "a")] * item_count)

    with django_assert_num_queries(1):
        assert len(client.get("/rows").json()["results"]) == item_count


def test_a_value_behind_a_relation_and_a_relation_are_plain(user):
    upload = Upload(owner=user, purpose=UploadPurpose.EVIDENCE, created_at=START)

    assert _plain(upload, "owner__first_name") == "Ada"
    assert _plain(upload, "owner") == str(user.pk)
    assert _plain(upload, "created_at") == "2026-03-02T12:00:00+00:00"
    assert _plain({"score": 1.5}, "score") == 1.5


def test_the_schema_names_the_parameters_and_the_shape():
    class View:
        ordering_fields = {"created_at": "created_at"}

    pagination = KeysetPagination()
    names = [one["name"] for one in pagination.get_schema_operation_parameters(View())]
    schema = pagination.get_paginated_response_schema({"type": "array"})

    assert names == ["cursor", "page_size", "ordering"]
    assert [one["name"] for one in pagination.get_schema_operation_parameters(object())] == ["cursor", "page_size"]
    assert schema["required"] == ["next", "previous", "results"]
    assert schema["properties"]["results"] == {"type": "array"}
