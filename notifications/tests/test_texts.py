import pytest

from accounts.enums import Role
from notifications.enums import Channel, Kind
from notifications.kinds import CHANNELS
from notifications.texts import TEXTS, body_of, title_of


@pytest.mark.parametrize("kind", Kind)
def test_every_kind_has_words_and_is_shown_in_the_app(kind):
    assert TEXTS[kind].title
    assert TEXTS[kind].body
    assert Channel.IN_APP in CHANNELS[kind]


@pytest.mark.parametrize("kind", [Kind.OFFER_RECEIVED, Kind.OFFER_EXPIRED, Kind.OFFER_WITHDRAWN])
def test_offers_are_not_mailed(kind):
    assert CHANNELS[kind] == (Channel.IN_APP,)


@pytest.mark.parametrize("kind", Kind)
@pytest.mark.parametrize("role", [Role.CUSTOMER, Role.TECHNICIAN])
def test_texts_never_name_a_place_or_a_contact(kind, role):
    private = dict.fromkeys(("address", "latitude", "longitude", "phone", "email", "start_code"), "SECRET")

    text = title_of(kind, private) + body_of(kind, private, role)

    assert "SECRET" not in text


def test_title_is_one_line_whatever_a_name_contains():
    title = title_of(Kind.JOB_REQUESTED, {"service": "Tap\nBcc: everybody@example.com"})

    assert title == "We are on it: Tap Bcc: everybody@example.com"


def test_body_has_money_as_people_write_it():
    payload = {"service": "Tap", "price": {"amount": "100.00", "currency": "USD"}}

    body = body_of(Kind.JOB_COMPLETED, payload, Role.CUSTOMER)

    assert body == "Tap is finished and costs 100.00 USD. How was it? You can leave a review in the app."


def test_body_speaks_to_the_technician_where_he_reads_something_else():
    payload = {"service": "Tap", "pays": {"amount": "85.00", "currency": "USD"}}

    body = body_of(Kind.JOB_COMPLETED, payload, Role.TECHNICIAN)

    assert body == "Tap is finished. You earned 85.00 USD."


@pytest.mark.parametrize(
    ("payload", "expected"),
    [
        ({"service": "Tap"}, "Tap was called off."),
        (
            {"service": "Tap", "fee": {"amount": "20.00", "currency": "USD"}},
            "Tap was called off. The cancellation fee is 20.00 USD.",
        ),
    ],
)
def test_body_leaves_out_what_the_payload_does_not_have(payload, expected):
    assert body_of(Kind.JOB_CANCELLED, payload, Role.CUSTOMER) == expected


def test_body_says_what_can_be_done_when_nobody_was_found():
    body = body_of(Kind.JOB_UNMATCHED, {"service": "Tap"}, Role.CUSTOMER)

    assert body == (
        "We found no technician for Tap. In the app you can search again now, order it again for another time, or call "
        "it off free of charge."
    )


def test_body_says_why_a_job_is_gone():
    body = body_of(Kind.JOB_GONE, {"service": "Tap", "why": "our staff gave it to somebody else"}, Role.TECHNICIAN)

    assert body == "Tap is no longer yours: our staff gave it to somebody else. You need not go there."


def test_body_of_an_older_payload_is_no_error():
    assert body_of(Kind.JOB_ASSIGNED, {}, Role.CUSTOMER).startswith("takes")


def test_body_does_not_read_the_braces_of_a_name():
    assert title_of(Kind.JOB_REQUESTED, {"service": "{price} {0} [x]"}) == "We are on it: {price} {0} [x]"
