from uuid import UUID

import pytest
import structlog
from django.http import HttpResponse
from django.test import RequestFactory

from fixmate.core import context
from fixmate.core.api.middleware import RequestContextMiddleware
from fixmate.core.context import Context, Source
from fixmate.core.tests.http import client_for

pytestmark = pytest.mark.urls("fixmate.core.tests.urls")


@pytest.fixture
def client():
    return client_for()


def seen_inside(path: str = "/context", **headers) -> tuple[Context, dict]:
    """Return the context and the log fields that a view finds."""
    seen = []

    def view(_request):
        seen.append((context.current(), structlog.contextvars.get_contextvars()))
        return HttpResponse()

    RequestContextMiddleware(view)(RequestFactory().get(path, headers=headers))
    return seen[0]


@pytest.mark.parametrize("given", ["a", "req-1_2.3", "x" * 64])
def test_a_request_id_comes_in_and_goes_out(client, given):
    assert client.get("/context", headers={"X-Request-ID": given})["X-Request-ID"] == given


@pytest.mark.parametrize("given", ["", "x" * 65, "a b", 'a"b', "${jndi:ldap://x}", "a\tb", "é"])
def test_a_bad_request_id_is_replaced(client, given):
    made = client.get("/context", headers={"X-Request-ID": given})["X-Request-ID"]

    assert made != given
    assert UUID(made).version == 7


def test_every_request_gets_another_id(client):
    assert client.get("/context")["X-Request-ID"] != client.get("/context")["X-Request-ID"]


def test_a_view_finds_where_the_call_comes_from_and_nothing_is_left_behind():
    found, fields = seen_inside(**{"X-Request-ID": "req-1", "User-Agent": "app/1\x1b[31m"})

    assert found == Context(Source.REST, "req-1", "127.0.0.1", "app/1[31m")
    assert fields["request_id"] == "req-1"
    assert context.current() == Context(Source.SYSTEM)
    assert structlog.contextvars.get_contextvars() == {}


def test_the_console_is_a_source_of_its_own():
    assert seen_inside("/admin/page/")[0].source == Source.CONSOLE


def test_a_long_user_agent_is_cut():
    assert seen_inside(**{"User-Agent": "x" * 500})[0].user_agent == "x" * 200


@pytest.mark.parametrize(
    ("trusted", "forwarded", "expected"),
    [
        (0, "203.0.113.1", "192.0.2.9"),
        (1, None, "192.0.2.9"),
        (1, "203.0.113.1", "203.0.113.1"),
        (1, "6.6.6.6, 203.0.113.1", "203.0.113.1"),
        (2, "6.6.6.6, 203.0.113.1, 198.51.100.1", "203.0.113.1"),
        (2, "203.0.113.1", "192.0.2.9"),
        (1, "nonsense", "192.0.2.9"),
        (1, "203.0.113.1,", "203.0.113.1"),
        (1, "2001:DB8:0::1", "2001:db8::1"),
        (1, "::ffff:203.0.113.1", "203.0.113.1"),
        (1, "fe80::1%eth0", "fe80::1"),
        (1, "203.0.113.1:5678", "203.0.113.1"),
        (1, "[2001:db8::1]:80", "2001:db8::1"),
        (1, "[2001:db8::1]", "2001:db8::1"),
        (1, "203.0.113.1:", "192.0.2.9"),
        (1, "[]:80", "192.0.2.9"),
    ],
)
def test_only_what_trusted_proxies_add_counts_as_the_address(client, settings, trusted, forwarded, expected):
    settings.TRUSTED_PROXY_COUNT = trusted
    headers = {"X-Forwarded-For": forwarded} if forwarded else {}

    assert client.get("/context", headers=headers, REMOTE_ADDR="192.0.2.9").json()["ip"] == expected


@pytest.mark.parametrize(
    ("peer", "expected"),
    [
        ("10.1.2.3", "203.0.113.1"),
        ("fd00::7", "203.0.113.1"),
        ("192.0.2.9", "192.0.2.9"),
        ("", None),
    ],
)
def test_only_a_proxy_of_a_trusted_network_is_believed(client, settings, peer, expected):
    settings.TRUSTED_PROXY_COUNT = 1
    settings.TRUSTED_PROXIES = ["10.0.0.0/8", "fd00::/8"]

    found = client.get("/context", headers={"X-Forwarded-For": "203.0.113.1"}, REMOTE_ADDR=peer)

    assert found.json()["ip"] == expected


def test_a_header_without_a_dash_has_no_twin_a_client_could_send(client, settings):
    settings.TRUSTED_PROXY_COUNT, settings.FORWARDED_HEADER = 1, "Clientaddress"
    headers = {"Clientaddress": "203.0.113.1", "X-Forwarded-For": "6.6.6.6"}

    assert client.get("/context", headers=headers, REMOTE_ADDR="192.0.2.9").json()["ip"] == "203.0.113.1"


def test_a_peer_without_an_address_is_no_address(client):
    assert client.get("/context", REMOTE_ADDR="").json()["ip"] is None


@pytest.mark.parametrize("path", ["/context/", "/context///"])
def test_a_path_with_a_trailing_slash_answers_like_the_one_without(client, path):
    response = client.get(path)

    assert (response.status_code, response.json()["path"]) == (200, "/context")


def test_the_console_keeps_its_slashes(client):
    assert client.get("/admin/page/").status_code == 200
    assert client.get("/").status_code == 404
    assert client.get("//").status_code == 404


def test_a_body_survives_the_trailing_slash(client):
    assert client.post("/echo/", {"name": "x"}).json() == {"name": "x"}
