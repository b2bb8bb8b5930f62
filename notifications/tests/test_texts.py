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


def test_body_says_what_of_a_cancellation_fee_is_owed_to_the_technician():
    payload = {"service": "Tap", "share_owed": {"amount": "17.00", "currency": "USD"}}

    body = body_of(Kind.JOB_CANCELLED, payload, Role.TECHNICIAN)

    assert body == "Tap was called off. You need not go there. 17.00 USD of the cancellation fee is owed to you."


_ABSENT = {"service": "Tap", "technician": "Tomas", "is_no_show": True, "dispute_until": "2026-03-16T12:00:00+00:00"}


def test_customer_who_was_not_there_is_told_what_it_costs_and_how_to_dispute_it():
    payload = {**_ABSENT, "fee": {"amount": "20.00", "currency": "USD"}}

    assert title_of(Kind.JOB_CANCELLED, payload) == "Nobody was there: Tap"
    assert body_of(Kind.JOB_CANCELLED, payload, Role.CUSTOMER) == (
        "Tomas came for Tap and says that you were not there. The job is called off. The cancellation fee is 20.00 "
        "USD. If it was otherwise, open a dispute in the app until March 16, 2026, 12:00 UTC."
    )


@pytest.mark.parametrize(
    ("share", "said"),
    [
        ("pays", " You earn 17.00 USD of the cancellation fee."),
        ("share_owed", " 17.00 USD of the cancellation fee is owed to you."),
        ("nothing", ""),
    ],
)
def test_technician_who_met_nobody_is_told_his_share(share, said):
    payload = {**_ABSENT, share: {"amount": "17.00", "currency": "USD"}}

    body = body_of(Kind.JOB_CANCELLED, payload, Role.TECHNICIAN)

    assert body == f"Tap is called off: the customer was not there.{said}"


def test_body_says_what_can_be_done_when_nobody_was_found():
    body = body_of(Kind.JOB_UNMATCHED, {"service": "Tap"}, Role.CUSTOMER)

    assert body == (
        "We found no technician for Tap. In the app you can search again now, order it again for another time, or call "
        "it off free of charge."
    )


@pytest.mark.parametrize("role", [Role.CUSTOMER, Role.TECHNICIAN])
@pytest.mark.parametrize(("facts", "why"), [({"reason": "two bills are unpaid"}, ": two bills are unpaid"), ({}, "")])
@pytest.mark.parametrize("kind", [Kind.JOB_UNMATCHED, Kind.ACCOUNT_REINSTATED])
def test_body_says_to_who_is_restricted_why_he_can_begin_nothing(kind, facts, why, role):
    body = body_of(kind, {"service": "Tap", "is_restricted": True, **facts}, role)

    assert f"estricted{' as before' if kind == Kind.ACCOUNT_REINSTATED else ''}{why}. You can" in body
    assert "search again now" not in body
    assert body.endswith("for now. Write to us if you see it differently.") or "free of charge. Write to us" in body


@pytest.mark.parametrize(("facts", "why"), [({"reason": "fraud"}, ": fraud"), ({}, "")])
def test_body_says_to_who_is_suspended_that_he_can_do_nothing(facts, why):
    body = body_of(Kind.JOB_UNMATCHED, {"service": "Tap", "is_suspended": True, **facts}, Role.CUSTOMER)

    assert f"Your account is suspended{why}. You cannot log in" in body
    assert "In the app" not in body


def test_body_of_other_kinds_is_the_same_to_who_is_restricted():
    body = body_of(Kind.JOB_STARTED, {"service": "Tap", "technician": "Tomas", "is_restricted": True}, Role.CUSTOMER)

    assert body == "Tomas has started on Tap."


def test_body_says_why_a_job_is_gone():
    body = body_of(Kind.JOB_GONE, {"service": "Tap", "why": "our staff gave it to somebody else"}, Role.TECHNICIAN)

    assert body == "Tap is no longer yours: our staff gave it to somebody else. You need not go there."


def test_body_of_an_older_payload_is_no_error():
    assert body_of(Kind.JOB_ASSIGNED, {}, Role.CUSTOMER).startswith("takes")


def test_body_does_not_read_the_braces_of_a_name():
    assert title_of(Kind.JOB_REQUESTED, {"service": "{price} {0} [x]"}) == "We are on it: {price} {0} [x]"
