import pytest

from accounts.enums import Role
from notifications.enums import Kind
from notifications.texts import body_of, title_of
from notifications.words import WHY_GONE, words_of


@pytest.mark.parametrize(
    ("money", "expected"),
    [
        ({"amount": "129.90", "currency": "USD"}, "129.90 USD"),
        ({"amount": "1234567.80", "currency": "EUR"}, "1,234,567.80 EUR"),
        ({"amount": "12990", "currency": "JPY"}, "12,990 JPY"),
        ({"amount": "1.250", "currency": "KWD"}, "1.250 KWD"),
        ({"amount": "-20.00", "currency": "USD"}, "-20.00 USD"),
    ],
)
def test_money_has_the_places_of_its_currency(money, expected):
    assert words_of({"price": money})["price"] == expected


@pytest.mark.parametrize(
    ("language", "title", "price"),
    [
        ("en", "Identity expires on April 1, 2026", "1,299.90 USD"),
        ("de", "Identity expires on 1. April 2026", "1.299,90 USD"),
    ],
)
def test_dates_and_numbers_are_written_as_the_language_does(settings, language, title, price):
    settings.NEWS_LANGUAGE = language
    payload = {"document_kind": "IDENTITY", "expires_on": "2026-04-01", "service": "Tap"}
    payload["price"] = {"amount": "1299.90", "currency": "USD"}

    assert title_of(Kind.DOCUMENT_EXPIRING, payload) == title
    assert price in body_of(Kind.JOB_COMPLETED, payload, Role.CUSTOMER)


@pytest.mark.parametrize(
    ("zone", "expected"),
    [({"time_zone": "America/New_York"}, "08:00"), ({}, "13:00 UTC"), ({"time_zone": ""}, "13:00 UTC")],
)
def test_times_are_those_of_the_place_and_of_utc_where_nobody_knows(zone, expected):
    words = words_of({"begins_at": "2026-03-02T13:00:00+00:00", "paused_until": "2026-03-02T13:00:00+00:00", **zone})

    assert (words["visit_at"], words["until"]) == (expected, expected)


@pytest.mark.parametrize(
    ("payload", "name", "expected"),
    [
        ({"document_kind": "LICENCE"}, "document", "Licence"),
        ({"status": "APPROVED"}, "outcome", "approved"),
        ({"status": "WITHDRAWN"}, "outcome", ""),
        ({"lost_by": "TRANSFERRED"}, "why", "our staff gave it to somebody else"),
    ],
)
def test_codes_are_told_in_words(payload, name, expected):
    assert words_of(payload)[name] == expected


def test_payload_of_an_older_version_keeps_its_words():
    older = {"visit_at": "08:00", "until": "07:05", "document": "Licence", "why": "so it is"}

    assert words_of(older) == older


def test_whoever_gave_a_job_back_himself_is_not_told_why():
    assert set(WHY_GONE) == {"WENT_DARK", "TRANSFERRED"}
