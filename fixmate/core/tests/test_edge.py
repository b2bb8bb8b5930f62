"""What stands around every view: ceiling, tags, compression, headers, sizes, other origins."""

import gzip
import resource

import pytest

from fixmate.core.api.secrets import holds_secret
from fixmate.core.tests.http import client_for

pytestmark = [pytest.mark.django_db, pytest.mark.urls("fixmate.core.tests.edge_urls")]


@pytest.fixture
def client(user):
    return client_for(user)


# The ceiling


def test_an_account_is_let_through_up_to_the_ceiling(client, settings, make_user):
    settings.RATES = {**settings.RATES, "requests": "3/d"}

    answers = [client.get("/read/1") for _ in range(4)]

    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
    assert int(answers[3]["Retry-After"]) >= 1
    assert client_for(make_user()).get("/read/1").status_code == 200


def test_nobody_is_counted_by_his_address_whatever_he_forges(settings):
    settings.RATES = {**settings.RATES, "requests": "3/d"}

    found = [
        client_for().get("/read/1", headers={"X-Forwarded-For": f"6.6.6.{number}"}).status_code for number in range(4)
    ]

    assert found == [200, 200, 200, 429]


def test_a_bad_token_is_counted_by_the_address(settings):
    settings.RATES = {**settings.RATES, "requests": "3/d"}

    found = [
        client_for().get("/read/1", headers={"Authorization": f"Bearer {number}"}).status_code for number in range(4)
    ]

    assert found == [401, 401, 401, 429]


def test_an_empty_ceiling_is_none(client, settings):
    settings.RATES = {**settings.RATES, "requests": ""}

    assert client.get("/read/1").status_code == 200


# Tags


def test_what_was_read_is_tagged_for_its_reader_alone(client):
    answer = client.get("/read/1")

    assert answer["ETag"].startswith('W/"')
    assert answer["Cache-Control"] == "private, no-cache"
    assert "Authorization" in answer["Vary"]


def test_who_has_it_already_is_told_so(client):
    etag = client.get("/read/1")["ETag"]

    again = client.get("/read/1", headers={"If-None-Match": f'W/"other", {etag}'})
    changed = client.get("/read/2", headers={"If-None-Match": etag})

    assert (again.status_code, again.content, again["ETag"]) == (304, b"", etag)
    assert again["Cache-Control"] == "private, no-cache"
    assert changed.status_code == 200


def test_what_is_out_of_date_at_once_is_not_tagged(client):
    assert "ETag" not in client.get("/fleeting/1")
    assert "ETag" not in client.post("/act/made", {})


# Compression


def test_a_long_answer_is_compressed_and_its_tag_stays(client):
    plain = client.get("/read/2000")
    packed = client.get("/read/2000", headers={"Accept-Encoding": "gzip"})

    assert packed["Content-Encoding"] == "gzip"
    assert gzip.decompress(packed.content) == plain.content
    assert packed["ETag"] == plain["ETag"]
    assert "Accept-Encoding" in packed["Vary"]
    again = client.get("/read/2000", headers={"Accept-Encoding": "gzip", "If-None-Match": packed["ETag"]})
    assert again.status_code == 304


@pytest.mark.parametrize(("size", "is_packed"), [(2001, False), (2000, True)])
def test_an_answer_with_a_start_code_goes_out_as_it_is(client, size, is_packed):
    answer = client.get(f"/secret/{size}", headers={"Accept-Encoding": "gzip"})

    assert ("Content-Encoding" in answer) is is_packed


def test_two_answers_of_one_length_are_compressed_to_different_ones(client):
    lengths = {len(client.get("/read/2000", headers={"Accept-Encoding": "gzip"}).content) for _ in range(20)}

    assert len(lengths) > 1


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b'{"refresh_token":"x"}', True),
        (b'{"results":[{"start_code": "0000"}]}', True),
        (b'{"client_secret":"pi_1"}', True),
        (b'{"link":"https://connect.example/setup"}', True),
        (b'{"link":null,"links":"a"}', False),
        (b'{"recovery_codes":["a"]}', True),
        (b'{"start_code":null,"token":""}', False),
        (b'{"token_type":"bearer"}', False),
        (b'{"text":"your start_code"}', False),
    ],
)
def test_a_secret_is_told_by_its_field(body, expected):
    assert holds_secret(body) is expected


# Headers, methods, sizes


def test_an_answer_of_the_api_may_do_nothing_in_a_browser(client):
    answer = client.get("/read/1")

    assert answer["Content-Security-Policy"].startswith("default-src 'none'; frame-ancestors 'none'")
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["X-Frame-Options"] == "DENY"
    assert answer["Referrer-Policy"] == "same-origin"
    assert answer["Cross-Origin-Opener-Policy"] == "same-origin"
    assert "camera=()" in answer["Permissions-Policy"]


def test_an_answer_that_says_nothing_of_caches_is_kept_by_none(client):
    assert client.get("/api/nothing")["Cache-Control"] == "no-store"
    assert client.get("/api/read/1")["Cache-Control"] == "private, no-cache"


@pytest.mark.parametrize("method", ["TRACE", "CONNECT", "PROPFIND"])
def test_no_other_methods_reach_a_view(client, method):
    refused = client.generic(method, "/read/1")

    assert (refused.status_code, refused.json()["error"]["code"]) == (405, "METHOD_NOT_ALLOWED")
    assert "GET" in refused["Allow"]
    assert refused["X-Request-ID"]


def test_ten_megabytes_are_refused_unread(client):
    refused = client.post("/act/made", b"[" * 10_000_000, content_type="application/json")

    assert (refused.status_code, refused.json()["error"]["code"]) == (413, "PAYLOAD_TOO_LARGE")


def test_json_over_its_own_limit_is_refused_too(client):
    refused = client.post("/act/made", b'{"a": "' + b"x" * 1_000_001 + b'"}', content_type="application/json")

    assert refused.status_code == 413


@pytest.mark.parametrize("opening", [b'{"a":', b"["])
def test_json_ten_thousand_deep_is_refused_and_costs_nothing(client, opening):
    deep = b'{"a":' + opening * 10_000
    client.post("/act/made", deep, content_type="application/json")
    before_kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

    found = [client.post("/act/made", deep, content_type="application/json").status_code for _ in range(20)]

    assert found == [400] * 20
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before_kib < 8_000


# Other origins


@pytest.fixture
def _app(settings):
    settings.CORS_ALLOWED_ORIGINS = ["https://app.example"]


@pytest.mark.usefixtures("_app")
def test_an_origin_that_is_named_may_call_with_a_token_and_a_key(client):
    asked = {
        "Origin": "https://app.example",
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "authorization,idempotency-key",
    }
    preflight = client.options("/api/read/1", headers=asked)
    answer = client.get("/api/read/1", headers={"Origin": "https://app.example"})

    assert preflight["Access-Control-Allow-Origin"] == "https://app.example"
    assert "idempotency-key" in preflight["Access-Control-Allow-Headers"]
    assert "Access-Control-Allow-Credentials" not in preflight
    assert answer["Access-Control-Allow-Origin"] == "https://app.example"
    assert "Idempotent-Replayed" in answer["Access-Control-Expose-Headers"]
    assert "origin" in answer["Vary"].lower()


@pytest.mark.usefixtures("_app")
@pytest.mark.parametrize("origin", ["https://evil.example", "https://app.example.evil.example", "null"])
def test_another_origin_may_not(client, origin):
    assert "Access-Control-Allow-Origin" not in client.get("/api/read/1", headers={"Origin": origin})


@pytest.mark.usefixtures("_app")
def test_only_the_api_is_shared(client):
    assert "Access-Control-Allow-Origin" not in client.get("/read/1", headers={"Origin": "https://app.example"})
