import json
import re

import pytest
from django.test import Client

from fixmate.core import db_errors
from fixmate.core.api.envelope import TokenInvalid
from fixmate.core.api.serializers import MoneyField, NoBody
from fixmate.core.errors import Conflict
from fixmate.core.money import Money
from fixmate.core.tests.http import client_for

pytestmark = pytest.mark.urls("fixmate.core.tests.urls")


class KettleTaken(Conflict):
    code, message = "KETTLE_TAKEN", "Somebody else has the kettle."


@pytest.fixture(autouse=True)
def _own_constraints(monkeypatch):
    monkeypatch.setattr(db_errors, "_rules", [])
    db_errors.refuse(KettleTaken, "core_test_known", "core_test.kettle")


@pytest.fixture
def client():
    client = client_for()
    client.raise_request_exception = False
    return client


@pytest.mark.parametrize(
    ("name", "status", "code", "details"),
    [
        ("invalid", 400, "VALIDATION_ERROR", {"name": ["No."]}),
        ("unauthenticated", 401, "AUTHENTICATION_REQUIRED", {}),
        ("forbidden", 403, "PERMISSION_DENIED", {}),
        ("not_found", 404, "NOT_FOUND", {}),
        ("conflict", 409, "CONFLICT", {"since": "noon"}),
        ("domain", 400, "DOMAIN_ERROR", {}),
        ("illegal", 409, "ILLEGAL_TRANSITION", {"state": "RED", "action": "stop"}),
        ("gone", 404, "NOT_FOUND", {}),
        ("http404", 404, "NOT_FOUND", {}),
        ("throttled", 429, "RATE_LIMITED", {}),
        ("token", 401, "TOKEN_INVALID", {}),
        ("credentials", 401, "INVALID_CREDENTIALS", {}),
        ("list", 400, "VALIDATION_ERROR", {"non_field_errors": ["No.", "Never."]}),
        ("fields", 400, "VALIDATION_ERROR", {"name": ["No."]}),
        ("too_big", 413, "PAYLOAD_TOO_LARGE", {}),
        ("teapot", 500, "INTERNAL_ERROR", {}),
        ("suspicious", 400, "MALFORMED_REQUEST", {}),
        ("known_constraint", 409, "KETTLE_TAKEN", {}),
        ("unknown_constraint", 500, "INTERNAL_ERROR", {}),
        ("bug", 500, "INTERNAL_ERROR", {}),
    ],
)
def test_every_refusal_has_the_one_envelope(client, name, status, code, details):
    response = client.get(f"/raise/{name}", headers={"X-Request-ID": "req-1"})

    assert (response.status_code, response["Content-Type"]) == (status, "application/json")
    error = response.json()["error"]
    assert set(error) == {"code", "message", "path", "timestamp", "request_id", "details"}
    assert (error["code"], error["details"]) == (code, details)
    assert (error["path"], error["request_id"]) == (f"/raise/{name}", "req-1")
    assert error["message"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", error["timestamp"])
    for secret in ("secret", "Traceback", ".py", "DETAIL", "duplicate"):
        assert secret not in response.content.decode()


def test_an_unknown_path_has_the_envelope(client):
    response = client.get("/nowhere")

    assert (response.status_code, response["Content-Type"]) == (404, "application/json")
    assert response.json()["error"]["code"] == "NOT_FOUND"


def test_django_s_own_403_has_the_envelope(client):
    response = client.get("/forbidden")

    assert (response.status_code, response.json()["error"]["code"]) == (403, "PERMISSION_DENIED")


def test_a_refusal_keeps_its_headers(client):
    assert client.get("/raise/throttled")["Retry-After"] == "42"
    assert client.get("/raise/unauthenticated")["WWW-Authenticate"].startswith("Bearer")
    assert client.put("/echo")["Allow"] == "POST, OPTIONS"


def test_a_bug_is_raised_for_the_logs():
    with pytest.raises(RuntimeError, match="secret"):
        client_for().get("/raise/bug")


def test_a_wrong_method_is_405(client):
    response = client.delete("/echo")

    assert (response.status_code, response.json()["error"]["code"]) == (405, "METHOD_NOT_ALLOWED")


def test_a_representation_nobody_has_is_406(client):
    response = client.get("/context", headers={"Accept": "application/xml"})

    assert (response.status_code, response.json()["error"]["code"]) == (406, "NOT_ACCEPTABLE")
    assert response["Content-Type"] == "application/json"


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data"])
def test_a_body_of_another_type_is_415(client, content_type):
    response = client.post("/echo", "name=x", content_type=content_type)

    assert (response.status_code, response.json()["error"]["code"]) == (415, "UNSUPPORTED_MEDIA_TYPE")


# Bodies


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"nonsense",
        b"[]",
        b"null",
        b'"text"',
        b"7",
        b'{"name": NaN}',
        b'{"name": -Infinity}',
        b'{"latitude": 1e999}',
        b'{"name": 9223372036854775808}',
        b'{"name": -9999999999999999999999}',
        b'{"name": ' + b"9" * 5000 + b"}",
        b'{"name": "\\ud800"}',
        b'{"\\udfff": 1}',
        b'{"name": "a\\u0000b"}',
        b'{"name": "\\\\\\u0000"}',
        b'{"name": "a\x00b"}',
        b'{"name": "\xff"}',
        b"\xef\xbb\xbf{}",
        b'{"kind": ' + b"[" * 10_000 + b"]" * 10_000 + b"}",
        b'{"kind": ' + b"[" * 60 + b"]" * 60 + b"}",
        b'{"kind": ' + b'{"a":' * 200 + b"1" + b"}" * 200 + b"}",
        b"{}{}",
        b"{'name': 1}",
    ],
    ids=lambda body: body[:24].decode("latin-1"),
)
def test_a_body_that_is_no_plain_json_object_is_malformed(client, body):
    response = client.post("/echo", body, content_type="application/json")

    assert (response.status_code, response.json()["error"]["code"]) == (400, "MALFORMED_REQUEST")


@pytest.mark.parametrize(
    ("name", "stored"),
    [("\\\\u0000", "\\u0000"), ("\\u00e9", "é"), ("\\ud83d\\udeb0", "🚰"), ("a\\u2028b", "a\u2028b")],
)
def test_escapes_that_are_text_pass(client, name, stored):
    response = client.post("/echo", f'{{"name": "{name}"}}'.encode(), content_type="application/json")

    assert (response.status_code, response.json()) == (200, {"name": stored})


@pytest.mark.parametrize("body", [b"", b"  \n", b"{}"])
def test_an_empty_body_is_an_empty_object(client, body):
    response = client.post("/echo", body, content_type="application/json")

    assert (response.status_code, response.json()) == (200, {})


@pytest.mark.parametrize(("spare", "status"), [(0, 200), (1, 413)])
def test_a_body_may_be_as_long_as_the_limit_and_no_longer(client, settings, spare, status):
    settings.MAX_BODY_BYTES = 100
    body = json.dumps({"name": "x"}).ljust(100 + spare)

    response = client.post("/echo", body, content_type="application/json")

    assert response.status_code == status
    if status == 413:
        assert response.json()["error"]["code"] == "PAYLOAD_TOO_LARGE"


@pytest.mark.parametrize("path", ["/echo", "/nothing"])
def test_unknown_fields_are_refused_by_name(client, path):
    response = client.post(path, {"is_staff": True, "role": "ADMIN"})

    error = response.json()["error"]
    assert (response.status_code, error["code"]) == (400, "VALIDATION_ERROR")
    assert error["details"] == {"is_staff": ["This field is not known."], "role": ["This field is not known."]}


def test_a_field_nested_deeply_but_allowed_is_refused_by_its_serializer(client):
    body = b'{"kind": ' + b"[" * 48 + b"]" * 48 + b"}"

    response = client.post("/echo", body, content_type="application/json")

    assert (response.status_code, response.json()["error"]["code"]) == (400, "VALIDATION_ERROR")


@pytest.mark.parametrize("reason", ["", "  ", None, "x" * 1001])
def test_a_staff_act_needs_a_reason(client, reason):
    assert client.post("/reason", {"reason": reason}).status_code == 400
    assert client.post("/reason", {}).status_code == 400
    assert client.post("/reason", {"reason": "x"}).json() == {"reason": "x"}


@pytest.mark.parametrize(
    ("position", "status"),
    [
        ({"latitude": 90, "longitude": -180}, 200),
        ({"latitude": 90.01}, 400),
        ({"latitude": "nan"}, 400),
        ({"latitude": "NaN"}, 400),
        ({"longitude": 180.01}, 400),
        ({"longitude": "Infinity"}, 400),
        ({"longitude": "east"}, 400),
    ],
)
def test_positions_lie_on_the_globe(client, position, status):
    assert client.post("/echo", position).status_code == status


@pytest.mark.parametrize(
    ("price", "answer"),
    [
        ({"amount": "129.90", "currency": "USD"}, "129.90 USD"),
        ({"amount": "7", "currency": "USD"}, "7.00 USD"),
        ({"amount": "9999999999.99", "currency": "USD"}, "9999999999.99 USD"),
        ({"amount": "10000000000.00", "currency": "USD"}, "The amount is out of range."),
        ({"amount": "1.001", "currency": "USD"}, "USD has 2 decimal places."),
        ({"amount": "1.00", "currency": "EUR"}, "Amounts are in USD."),
        ({"amount": "-1.00", "currency": "USD"}, None),
        ({"amount": "1e3", "currency": "USD"}, None),
        ({"amount": ".", "currency": "USD"}, None),
        ({"amount": ".5", "currency": "USD"}, None),
        ({"amount": "", "currency": "USD"}, None),
        ({"amount": "\u0663", "currency": "USD"}, None),
        ({"amount": "1" * 21, "currency": "USD"}, None),
        ({"amount": 1.5, "currency": "USD"}, None),
        ({"amount": "1"}, None),
        ({"amount": "1", "currency": "USD", "extra": 1}, None),
        ("129.90", None),
    ],
)
def test_money_comes_as_a_decimal_string_and_the_currency(client, price, answer):
    response = client.post("/echo", {"price": price})

    if response.status_code == 200:
        assert response.json() == {"price": answer}
    else:
        expected = answer or 'Give {"amount": "129.90", "currency": "USD"}.'
        assert response.json()["error"]["details"] == {"price": [expected]}


def test_money_goes_out_as_it_comes_in():
    assert MoneyField().to_representation(Money(12990, "USD")) == {"amount": "129.90", "currency": "USD"}


@pytest.mark.parametrize("data", [["name"], "name", None, 7])
def test_a_body_that_is_no_object_is_no_input(data):
    assert not NoBody(data=data, allow_null=False).is_valid()


def test_a_token_error_has_one_code_and_one_text():
    refusal = TokenInvalid()

    assert (refusal.detail.code, refusal.status_code) == ("TOKEN_INVALID", 401)


def test_a_refusal_before_any_view_has_the_envelope(settings):
    settings.ALLOWED_HOSTS = ["fixmate.example"]

    response = Client(raise_request_exception=False).get("/context", headers={"Host": "evil.example"})

    assert (response.status_code, response.json()["error"]["code"]) == (400, "MALFORMED_REQUEST")
