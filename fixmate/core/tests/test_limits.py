import pytest

from fixmate.core.api.limits import _account_name
from fixmate.core.models import RateCounter
from fixmate.core.tests.http import client_for
from fixmate.core.tests.races import at_once

pytestmark = [pytest.mark.django_db, pytest.mark.urls("fixmate.core.tests.urls")]


@pytest.fixture(autouse=True)
def _three_a_day(settings):
    settings.RATES = {"login": "3/d", "requests": ""}
    settings.CACHES = {**settings.CACHES, "ratelimit": {"BACKEND": "fixmate.core.counters.DatabaseCounterCache"}}


def statuses(count: int, body: dict | None = None, address: str = "192.0.2.1", method: str = "post") -> list[int]:
    call = getattr(client_for(), method)
    return [call("/limited", body or {}, REMOTE_ADDR=address).status_code for _ in range(count)]


def test_an_address_is_let_through_up_to_the_limit():
    assert statuses(5) == [200, 200, 200, 429, 429]
    assert statuses(1, address="192.0.2.2") == [200]


def test_the_refusal_says_when_to_try_again():
    statuses(3)

    response = client_for().post("/limited", {}, REMOTE_ADDR="192.0.2.1")

    assert response.json()["error"]["code"] == "RATE_LIMITED"
    assert 1 <= int(response["Retry-After"]) <= 86_400


@pytest.mark.parametrize("field", ["email", "phone", "username"])
def test_an_account_is_counted_over_all_addresses_ten_times_as_loosely(field):
    found = [statuses(1, {field: "+15550100"}, f"192.0.2.{number}")[0] for number in range(32)]

    assert found == [200] * 30 + [429] * 2


def test_one_address_locks_nobody_out():
    body = {"email": "ada@example.com"}
    statuses(100, body, "192.0.2.66")

    assert statuses(3, body, "192.0.2.1") == [200] * 3


def test_every_account_a_body_names_is_counted():
    for number in range(30):
        statuses(1, {"email": f"nobody{number}@example.com", "phone": "+15550100"}, f"192.0.2.{number}")

    assert statuses(1, {"phone": "+15550100"}, "192.0.2.99") == [429]


def test_another_way_of_writing_the_account_is_the_same_account():
    for number, text in enumerate(["+1 202 555 0143", "+1 (202) 555-0143", " 12025550143 "] * 10):
        assert statuses(1, {"phone": text}, f"192.0.2.{number}") == [200]

    assert statuses(1, {"username": "2025550143"}, "192.0.2.99") == [429]


@pytest.mark.parametrize(
    ("text", "name"),
    [
        (" Ada@Example.COM ", "ada@example.com"),
        ("ａｄａ@example.com", "ada@example.com"),
        ("+1 (202) 555-0143", "+12025550143"),
        ("+1 202 555 0143 ext 7", "+12025550143"),
        ("tel:+1-202-555-0143", "+12025550143"),
        ("my-shop", "myshop"),
        ("   ", ""),
        ("++", ""),
    ],
)
def test_an_account_has_one_name(text, name):
    assert _account_name(text) == name


@pytest.mark.parametrize("value", ["", "  ", None, 7, ["a"], {"a": 1}])
def test_a_body_that_names_nobody_counts_for_the_address_alone(value):
    assert statuses(1, {"email": value}) == [200]
    assert RateCounter.objects.count() == 1


def test_a_method_without_a_limit_is_not_counted():
    assert statuses(5, method="get") == [200] * 5
    assert RateCounter.objects.count() == 0


def test_an_empty_rate_is_no_limit(settings):
    settings.RATES = {"login": "", "requests": ""}

    assert statuses(5) == [200] * 5


def test_a_client_without_an_address_is_counted_too():
    assert statuses(4, address="") == [200, 200, 200, 429]


def test_a_forged_header_does_not_change_the_count():
    client = client_for()

    found = [
        client.post("/limited", {}, headers={"X-Forwarded-For": f"6.6.6.{number}"}).status_code for number in range(4)
    ]

    assert found == [200, 200, 200, 429]


@pytest.mark.django_db(transaction=True)
def test_of_a_hundred_at_once_ten_pass(settings):
    settings.RATES = {"login": "10/d", "requests": ""}

    passed = [found.count(200) for found in at_once(*[lambda: statuses(5)] * 20)]

    assert sum(passed) == 10


# Logged in


@pytest.mark.urls("fixmate.core.tests.edge_urls")
def test_who_is_logged_in_is_counted_over_all_addresses(settings, user, make_user):
    settings.RATES = {"uploads": "2/d", "requests": ""}

    found = [
        client_for(user).post("/limited/empty", {}, REMOTE_ADDR=f"192.0.2.{number}").status_code for number in range(4)
    ]

    assert found == [204, 204, 429, 429]
    assert client_for(make_user()).post("/limited/empty", {}, REMOTE_ADDR="192.0.2.0").status_code == 204


@pytest.mark.urls("fixmate.core.tests.edge_urls")
def test_an_address_that_many_share_gets_ten_times_as_much(settings, make_user):
    settings.RATES = {"uploads": "1/d", "requests": ""}

    found = [client_for(make_user()).post("/limited/empty", {}).status_code for _ in range(12)]

    assert found == [204] * 10 + [429] * 2


@pytest.mark.urls("fixmate.core.tests.edge_urls")
def test_without_redis_what_guards_no_account_is_open(settings, user):
    settings.RATES = {"uploads": "1/d", "requests": "1/d"}
    away = {"BACKEND": "fixmate.core.counters.RedisCounterCache", "LOCATION": "redis://127.0.0.1:1/0"}
    settings.CACHES = {**settings.CACHES, "ratelimit": away}

    assert [client_for(user).post("/limited/empty", {}).status_code for _ in range(3)] == [204] * 3
    assert RateCounter.objects.filter(key__contains="rl:").count() == 0


def test_a_machine_with_a_network_of_ipv6_addresses_is_one_client():
    found = [statuses(1, address=f"2001:db8:0:7::{number:x}")[0] for number in range(1, 6)]

    assert found == [200, 200, 200, 429, 429]
    assert statuses(1, address="2001:db8:0:8::1") == [200]
