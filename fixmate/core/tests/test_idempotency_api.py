"""`Idempotency-Key` as a client sees it: one effect, one answer, and a key that is free where nothing came of it."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import DatabaseError

from fixmate.core.idempotency import IdempotencyInProgress
from fixmate.core.models import Heartbeat, IdempotencyClaim
from fixmate.core.tallies import tallied
from fixmate.core.tests.http import client_for
from fixmate.core.tests.races import at_once

pytestmark = [pytest.mark.django_db, pytest.mark.urls("fixmate.core.tests.edge_urls")]


def post(client, end, body=None, key="k-1", at="act", **options):
    return client.post(f"/{at}/{end}", body or {}, headers={"Idempotency-Key": key}, **options)


@pytest.fixture
def client(user):
    return client_for(user)


def effects() -> int:
    return Heartbeat.objects.count()


def test_the_same_request_is_answered_the_same_and_done_once(client):
    first = post(client, "made", {"a": 1, "b": [2]})
    again = post(client, "made", {"b": [2], "a": 1})

    assert (first.status_code, first.json()) == (201, {"number": 1})
    assert (again.status_code, again.content, again["Location"]) == (201, first.content, "/x")
    assert again["Content-Type"] == first["Content-Type"]
    assert again["Idempotent-Replayed"] == "true"
    assert "Idempotent-Replayed" not in first
    assert effects() == 1


def test_an_empty_answer_is_replayed_too(client):
    first, again = post(client, "empty"), post(client, "empty")

    assert (first.status_code, again.status_code, again.content) == (204, 204, b"")
    assert "Content-Type" not in again
    assert effects() == 1


def test_without_a_key_nothing_is_promised(client):
    assert [client.post("/act/made", {}).json()["number"] for _ in range(2)] == [1, 2]
    assert IdempotencyClaim.objects.count() == 0


def test_a_refusal_is_an_answer(client):
    first, again = post(client, "missing"), post(client, "missing")

    assert (first.status_code, again.status_code) == (404, 404)
    assert again.json() == first.json()
    assert effects() == 1


@pytest.mark.parametrize(("end", "status"), [("conflict", 409), ("later", 429)])
def test_what_says_later_leaves_nothing_and_the_key_is_free(client, end, status):
    answers = [post(client, end) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [status, status]
    assert all("Idempotent-Replayed" not in answer for answer in answers)
    assert (effects(), IdempotencyClaim.objects.count()) == (0, 0)
    assert tallied(f"ran:{end}") == 2


def test_a_crash_leaves_nothing_and_the_key_is_free(client):
    client.raise_request_exception = False

    assert [post(client, "bug").status_code for _ in range(2)] == [500, 500]
    assert (effects(), IdempotencyClaim.objects.count()) == (0, 0)


def test_a_refusal_that_is_recorded_stays_so_and_the_key_is_free(client):
    assert [post(client, "recorded").json()["error"]["code"] for _ in range(2)] == ["WRONG", "WRONG"]
    assert (effects(), IdempotencyClaim.objects.count()) == (2, 0)


def test_an_answer_with_a_token_is_never_stored(client):
    assert [post(client, "token").json() for _ in range(2)] == [{"access_token": "abc"}] * 2
    assert (effects(), IdempotencyClaim.objects.count()) == (2, 0)


@pytest.mark.parametrize(("end", "body"), [("made", {"a": 2}), ("empty", {"a": 1}), ("made", {"a": True})])
def test_a_key_for_something_else_is_refused(client, end, body):
    post(client, "made", {"a": 1})

    refused = post(client, end, body)

    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "IDEMPOTENCY_KEY_REUSED")
    assert effects() == 1


def test_two_accounts_may_use_one_key(client, make_user):
    assert post(client, "made").json() == {"number": 1}
    assert post(client_for(make_user()), "made").json() == {"number": 2}


def test_strangers_who_choose_one_key_do_not_meet():
    found = [post(client_for(), "made", {"name": name}).json() for name in ("ada", "bob", "ada")]

    assert found == [{"number": 1}, {"number": 2}, {"number": 1}]


def test_a_form_is_told_by_its_fields_and_files_not_by_its_boundary(client):
    def send(name, content):
        file = SimpleUploadedFile("a.txt", content, "text/plain")
        return post(client, "made", {"name": name, "file": file}, format="multipart")

    assert [send("x", b"1").status_code, send("x", b"1").status_code] == [201, 201]
    assert [send("y", b"1").status_code, send("x", b"2").status_code] == [409, 409]
    assert effects() == 1


@pytest.mark.parametrize("key", ["", " ", "a b", "x" * 256, "é", "a\x7f"])
def test_a_key_that_is_none_is_refused(client, key):
    refused = post(client, "made", key=key)

    assert (refused.status_code, list(refused.json()["error"]["details"])) == (400, ["Idempotency-Key"])
    assert effects() == 0


@pytest.mark.parametrize("key", ["!", "x" * 255, '"sf-string"', "8e03978e-40d5-43dd-bc93-6894a57f9324~"])
def test_any_visible_ascii_is_a_key(client, key):
    assert [post(client, "made", key=key).status_code for _ in range(2)] == [201, 201]
    assert effects() == 1


def test_a_body_that_cannot_be_read_takes_no_claim(client):
    refused = client.post("/act/made", b"{", content_type="application/json", headers={"Idempotency-Key": "k"})

    assert (refused.status_code, IdempotencyClaim.objects.count()) == (400, 0)


def test_a_view_may_ignore_the_header(client):
    assert [post(client, "made", key="a b", at="uncounted").json()["number"] for _ in range(2)] == [1, 2]


def test_a_limit_counts_requests_that_leave_nothing(client, settings):
    settings.RATES = {**settings.RATES, "uploads": "2/d"}

    found = [post(client, "conflict", at="limited").status_code for _ in range(3)]

    assert found == [409, 409, 429]


def test_a_claim_that_was_taken_over_does_nothing(client, monkeypatch):
    def lost(_claim):
        raise IdempotencyInProgress

    monkeypatch.setattr("fixmate.core.api.idempotency.claim_hold", lost)

    refused = post(client, "made")

    assert (refused.status_code, refused["Retry-After"]) == (409, "1")
    assert refused.json()["error"]["code"] == "IDEMPOTENCY_IN_PROGRESS"
    assert effects() == 0


def test_a_key_that_cannot_be_given_back_is_no_other_answer(client, monkeypatch):
    def away(_claim):
        raise DatabaseError

    monkeypatch.setattr("fixmate.core.api.idempotency.claim_drop", away)

    assert post(client, "conflict").status_code == 409
    assert post(client, "conflict").json()["error"]["code"] == "IDEMPOTENCY_IN_PROGRESS"


def test_a_method_that_is_not_there_stays_so(client):
    refused = client.post("/read/1", {}, headers={"Idempotency-Key": "k"})

    assert (refused.status_code, IdempotencyClaim.objects.count()) == (405, 0)


def test_replays_are_tallied(client):
    for _ in range(3):
        post(client, "made")

    assert tallied("idempotent_replays") == 2


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("headers", [{"Idempotency-Key": "k-1"}, {}])
def test_what_is_slow_is_made_ready_once_and_before_the_transaction(user, headers):
    answers = [client_for(user).post("/slow/made", {}, headers=headers).json() for _ in "12"]

    assert answers == [{"was_inside": False, "is_inside": bool(headers)}] * 2
    assert tallied("ready") == (1 if headers else 2)


def test_what_is_refused_before_the_transaction_is_an_answer_too(client):
    first, again = (post(client, "made", {"is_bad": True}, at="slow") for _ in "12")

    assert (first.status_code, again.json(), again["Idempotent-Replayed"]) == (400, first.json(), "true")
    assert (effects(), tallied("ready")) == (0, 1)


@pytest.mark.django_db(transaction=True)
def test_of_twelve_at_once_one_is_done(user):
    answers = at_once(*[lambda: post(client_for(user), "made")] * 12)

    statuses = [answer.status_code for answer in answers]
    assert set(statuses) <= {201, 409}
    assert {answer["Retry-After"] for answer in answers if answer.status_code == 409} <= {"1"}
    assert {answer.content for answer in answers if answer.status_code == 201} == {b'{"number":1}'}
    assert effects() == 1
