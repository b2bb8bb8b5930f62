"""The adapter over HTTP, against a server of Stripe's API in a process of its own: ours, and localstripe."""

import json
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from uuid import uuid4

import pytest

from fixmate.core.money import Money
from fixmate.tests.live import wait_for
from fixmate.tests.stripe_server import running, webhooks
from fixmate.tests.stripe_server.cards import DECLINED, NEEDS_CUSTOMER, NO_CARD
from payments.providers import (
    ChargebackIs,
    HoldAsk,
    HoldIs,
    ObjectKind,
    ProviderAway,
    ProviderRefused,
    RefundIs,
    WebhookRefused,
    provider_get,
)
from payments.providers.stripe import StripeProvider
from payments.providers.stripe_objects import chargeback_record

TIMEOUT_S = 1
NOBODY_LISTENS = "http://127.0.0.1:1"
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
USD_100 = Money(100_00, "USD")


@pytest.fixture(scope="module")
def stand_in_server():
    with running.stand_in() as served:
        yield served


@pytest.fixture(scope="module")
def localstripe_server():
    if not running.LOCALSTRIPE.exists():
        pytest.skip("localstripe is not installed; `make test` does")
    with running.localstripe() as served:
        yield served


@pytest.fixture
def server(stand_in_server):
    stand_in_server.control("reset")
    return stand_in_server


@pytest.fixture(params=["stand_in_server", "localstripe_server"])
def either(request):
    """Each of the two servers in turn, for what both have."""
    return request.getfixturevalue(request.param)


def adapter(served):
    return StripeProvider(running.KEY, served if isinstance(served, str) else served.url, TIMEOUT_S)


def ask_for(served, *, number="4242424242424242", amount=USD_100, customer=""):
    customer = customer or adapter(served).customer(user_id=uuid4(), key=str(uuid4()))
    return HoldAsk(
        payment_id=uuid4(),
        hold_id=uuid4(),
        amount=amount,
        customer_ref=customer,
        method=served.card(number),
        asked_at=datetime.now(UTC),
    )


def held(served, **wanted):
    return adapter(served).hold(ask=ask_for(served, **wanted), key=str(uuid4()))


def captured(served, amount=USD_100):
    hold = held(served, amount=amount)
    return adapter(served).capture(ref=hold.ref, amount=amount, key=str(uuid4()))


def given_back(served, hold, amount=USD_100):
    ids = {"call_id": uuid4(), "refund_id": uuid4()}
    return adapter(served).refund(hold_ref=hold.ref, amount=amount, key=str(uuid4()), **ids)


# What both servers have


def test_hold_is_held_and_read_again(either):
    hold = held(either)

    assert (hold.status, hold.amount_minor, hold.captured_minor) == (HoldIs.HELD, 100_00, 0)
    assert hold.client_secret == ""
    assert adapter(either).hold_state(hold.ref) == hold


def test_capture_takes_a_part_and_leaves_the_rest(either):
    hold = held(either)

    taken = adapter(either).capture(ref=hold.ref, amount=Money(60_00, "USD"), key=str(uuid4()))

    assert (taken.status, taken.captured_minor) == (HoldIs.CAPTURED, 60_00)
    assert adapter(either).hold_state(hold.ref) == taken


def test_capture_with_a_new_key_takes_nothing_twice(either):
    hold = captured(either)

    assert adapter(either).capture(ref=hold.ref, amount=USD_100, key=str(uuid4())) == hold


def test_capture_of_another_amount_later_is_refused(either):
    hold = captured(either)

    with pytest.raises(ProviderRefused):
        adapter(either).capture(ref=hold.ref, amount=Money(99_00, "USD"), key=str(uuid4()))


def test_capture_of_more_than_is_held_is_refused(either):
    hold = held(either)

    with pytest.raises(ProviderRefused):
        adapter(either).capture(ref=hold.ref, amount=Money(100_01, "USD"), key=str(uuid4()))
    assert adapter(either).hold_state(hold.ref) == hold


def test_release_lets_go_and_twice_is_the_same(either):
    hold = held(either)

    released = adapter(either).release(ref=hold.ref, key=str(uuid4()))

    assert released.status == HoldIs.RELEASED
    assert adapter(either).release(ref=hold.ref, key=str(uuid4())) == released


def test_release_of_what_was_taken_is_refused(either):
    hold = captured(either)

    with pytest.raises(ProviderRefused):
        adapter(either).release(ref=hold.ref, key=str(uuid4()))


def test_capture_of_what_was_released_is_refused(either):
    hold = held(either)
    adapter(either).release(ref=hold.ref, key=str(uuid4()))

    with pytest.raises(ProviderRefused):
        adapter(either).capture(ref=hold.ref, amount=USD_100, key=str(uuid4()))


def test_hold_asked_again_with_a_forgotten_key_is_the_first(either):
    ask = ask_for(either)
    hold = adapter(either).hold(ask=ask, key=str(uuid4()))

    again = adapter(either).hold(ask=ask, key=str(uuid4()))

    assert again == hold


def test_two_holds_of_one_customer_are_two(either):
    first = ask_for(either)
    second = ask_for(either, customer=first.customer_ref, amount=Money(20_00, "USD"))

    refs = {adapter(either).hold(ask=ask, key=str(uuid4())).ref for ask in (first, second)}

    assert len(refs) == 2


def test_card_pays_again_for_the_same_customer(either):
    first = ask_for(either)
    adapter(either).hold(ask=first, key=str(uuid4()))
    again = replace(first, payment_id=uuid4(), hold_id=uuid4())

    assert adapter(either).hold(ask=again, key=str(uuid4())).status == HoldIs.HELD


def test_card_that_nobody_knows_is_refused(either):
    ask = ask_for(either)

    with pytest.raises(ProviderRefused):
        adapter(either).hold(ask=replace(ask, method="pm_x"), key=str(uuid4()))


def test_card_that_cannot_be_kept_is_refused_with_a_code(either):
    with pytest.raises(ProviderRefused) as refused:
        held(either, number=NO_CARD)

    assert refused.value.code in ("generic_decline", "card_declined")


def test_declined_hold_has_failed_however_it_is_told(either):
    ask = ask_for(either, number=DECLINED)
    hold = _declined(either, ask)

    assert hold.status == HoldIs.FAILED
    assert hold.failure in ("insufficient_funds", "card_declined")


def _declined(served, ask):
    """Return how the hold stands: localstripe tells of it only when it is asked again."""
    try:
        return adapter(served).hold(ask=ask, key=str(uuid4()))
    except ProviderRefused:
        return adapter(served).hold(ask=ask, key=str(uuid4()))


def test_customer_who_has_to_confirm_gets_a_secret(either):
    hold = held(either, number=NEEDS_CUSTOMER[0])

    assert hold.status == HoldIs.ACTION_NEEDED
    assert hold.client_secret.startswith(f"{hold.ref}_secret_")


def test_refund_of_a_part_is_done(either):
    refund = given_back(either, captured(either), Money(30_00, "USD"))

    assert (refund.status, refund.amount_minor) == (RefundIs.DONE, 30_00)
    assert adapter(either).refund_state(refund.ref) == refund


def test_refund_asked_again_with_a_forgotten_key_is_the_first(either):
    hold, ids = captured(either), {"call_id": uuid4(), "refund_id": uuid4()}
    asked = {"hold_ref": hold.ref, "amount": Money(30_00, "USD"), **ids}
    first = adapter(either).refund(key=str(uuid4()), **asked)

    assert adapter(either).refund(key=str(uuid4()), **asked) == first


def test_refund_of_what_was_never_taken_is_refused(either):
    ask = ask_for(either, number=DECLINED)
    hold = _declined(either, ask)

    with pytest.raises(ProviderRefused):
        given_back(either, hold)


def test_what_is_not_there_is_refused(either):
    with pytest.raises(ProviderRefused):
        adapter(either).hold_state("pi_nothing")


def test_records_name_what_of_ours_they_are(either):
    ask = ask_for(either)
    hold = adapter(either).hold(ask=ask, key=str(uuid4()))
    adapter(either).capture(ref=hold.ref, amount=Money(60_00, "USD"), key=str(uuid4()))
    ids = {"call_id": uuid4(), "refund_id": uuid4()}
    refund = adapter(either).refund(hold_ref=hold.ref, amount=Money(10_00, "USD"), key=str(uuid4()), **ids)

    records = {record.ref: record for record in adapter(either).records(since=LONG_AGO)}

    said = records[hold.ref]
    assert (said.kind, said.ours, said.amount_minor) == (ObjectKind.HOLD, str(ask.hold_id), 60_00)
    assert (said.currency, said.status) == ("USD", HoldIs.CAPTURED)
    said = records[refund.ref]
    assert (said.kind, said.ours, said.amount_minor) == (ObjectKind.REFUND, str(ids["call_id"]), 10_00)


# What only ours has


def test_hold_says_when_it_lapses(server):
    lapses_at = held(server).lapses_at

    assert timedelta(days=4) < lapses_at - datetime.now(UTC) < timedelta(days=5)


def test_hold_that_lapsed_is_released(server):
    hold = held(server)

    server.control("lapse", id=hold.ref)

    assert adapter(server).hold_state(hold.ref).status == HoldIs.RELEASED


@pytest.mark.parametrize(("success", "status"), [(True, HoldIs.HELD), (False, HoldIs.FAILED)])
def test_hold_goes_on_as_the_customer_confirms(server, success, status):
    hold = held(server, number=NEEDS_CUSTOMER[1])

    server.control("authenticate", id=hold.ref, success=success)

    assert adapter(server).hold_state(hold.ref).status == status


def test_card_of_another_customer_is_refused(server):
    other = ask_for(server)
    adapter(server).hold(ask=other, key=str(uuid4()))
    ask = ask_for(server)

    with pytest.raises(ProviderRefused):
        adapter(server).hold(ask=replace(ask, method=other.method), key=str(uuid4()))
    assert len(server.objects("payment_intent")) == 1


def test_same_key_with_another_amount_is_refused(server):
    ask, key = ask_for(server), str(uuid4())
    adapter(server).hold(ask=ask, key=key)

    with pytest.raises(ProviderRefused):
        adapter(server).hold(ask=replace(ask, hold_id=uuid4(), amount=Money(1, "USD")), key=key)
    assert len(server.objects("payment_intent")) == 1


def test_customer_is_made_once_for_a_key(server):
    user_id, key = uuid4(), str(uuid4())

    refs = {adapter(server).customer(user_id=user_id, key=key) for _ in range(2)}

    assert len(refs) == len(server.objects("customer")) == 1
    assert server.objects("customer")[0]["metadata"] == {"user": str(user_id)}


def test_refund_of_more_than_is_left_is_refused(server):
    hold = captured(server)
    given_back(server, hold, Money(70_00, "USD"))

    with pytest.raises(ProviderRefused) as refused:
        given_back(server, hold, Money(30_01, "USD"))
    assert refused.value.code == "amount_too_large"


def test_refund_can_take_time_and_fail(server):
    server.control("fault", kind="pending")
    refund = given_back(server, captured(server))
    assert refund.status == RefundIs.UNDER_WAY

    server.control("refund-settle", id=refund.ref, success=False)

    failed = adapter(server).refund_state(refund.ref)
    assert (failed.status, failed.failure) == (RefundIs.FAILED, "expired_or_canceled_card")


def test_refund_of_what_the_bank_took_back_is_refused(server):
    hold = captured(server)
    server.control("dispute-open", id=hold.ref)

    with pytest.raises(ProviderRefused) as refused:
        given_back(server, hold)
    assert refused.value.code == "charge_disputed"


def ready_account(server):
    account = adapter(server).account(technician_id=uuid4(), key=str(uuid4()))
    assert not account.is_ready
    server.control("onboard", id=account.ref)
    return adapter(server).account_state(account.ref)


def test_account_is_ready_once_he_said_who_he_is(server):
    account = ready_account(server)

    assert account.is_ready
    server.control("onboard", id=account.ref, ready=False)
    assert not adapter(server).account_state(account.ref).is_ready


def test_account_link_leads_to_stripe(server):
    account = adapter(server).account(technician_id=uuid4(), key=str(uuid4()))

    urls = {"refresh_url": "https://fixmate.example/again", "return_url": "https://fixmate.example/back"}
    link = adapter(server).account_link(ref=account.ref, **urls)

    assert link.startswith("https://connect.")
    assert account.ref in link


def test_transfer_is_made_once_whatever_the_key(server):
    account = ready_account(server)
    asked = {"account_ref": account.ref, "payout_id": uuid4(), "amount": Money(85_00, "USD")}

    first, second = (adapter(server).transfer(key=str(uuid4()), **asked) for _ in range(2))

    assert first == second == adapter(server).transfer_state(first.ref)
    assert (first.amount_minor, first.reversed_minor) == (85_00, 0)
    assert len(server.objects("transfer")) == 1


def test_transfer_that_was_reversed_says_so(server):
    account = ready_account(server)
    amount = Money(85_00, "USD")
    transfer = adapter(server).transfer(account_ref=account.ref, payout_id=uuid4(), amount=amount, key=str(uuid4()))

    server.control("reverse", id=transfer.ref, amount=85_00)

    assert adapter(server).transfer_state(transfer.ref).reversed_minor == 85_00
    (record,) = [one for one in adapter(server).records(since=LONG_AGO) if one.kind == ObjectKind.TRANSFER]
    assert (record.amount_minor, record.status) == (0, "reversed")


def test_transfer_to_an_account_that_is_not_ready_is_refused(server):
    account = adapter(server).account(technician_id=uuid4(), key=str(uuid4()))

    with pytest.raises(ProviderRefused) as refused:
        adapter(server).transfer(account_ref=account.ref, payout_id=uuid4(), amount=USD_100, key=str(uuid4()))
    assert refused.value.code == "insufficient_capabilities_for_transfer"


def test_chargeback_from_its_opening_to_its_end(server):
    hold = captured(server)
    ref = server.control("dispute-open", id=hold.ref, reason="product_not_received", due_by=1_900_000_000)["id"]

    opened = adapter(server).chargeback_state(ref)
    server.control("dispute-review", id=ref)
    reviewed = adapter(server).chargeback_state(ref)
    server.control("dispute-close", id=ref, won=True)
    won = adapter(server).chargeback_state(ref)

    assert (opened.status, opened.hold_ref) == (ChargebackIs.NEEDS_RESPONSE, hold.ref)
    assert (opened.amount_minor, opened.currency, opened.fee_minor) == (100_00, "USD", 15_00)
    assert (opened.reason, opened.evidence_due_at) == (
        "product_not_received",
        datetime.fromtimestamp(1_900_000_000, UTC),
    )
    assert reviewed.status == ChargebackIs.UNDER_REVIEW
    assert (won.status, won.fee_minor) == (ChargebackIs.WON, 15_00)


def test_chargeback_can_be_lost_or_give_the_fee_back(server):
    refs = [server.control("dispute-open", id=captured(server).ref)["id"] for _ in range(2)]
    server.control("dispute-close", id=refs[0], won=False)
    server.control("dispute-close", id=refs[1], won=True, returns_fee=True)

    lost, won = (adapter(server).chargeback_state(ref) for ref in refs)

    assert (lost.status, lost.fee_minor) == (ChargebackIs.LOST, 15_00)
    assert (won.status, won.fee_minor) == (ChargebackIs.WON, 0)


def test_inquiry_is_no_chargeback_until_the_bank_takes_the_money(server):
    ref = server.control("dispute-open", id=captured(server).ref, inquiry=True)["id"]

    with pytest.raises(ProviderRefused) as refused:
        adapter(server).chargeback_state(ref)
    assert refused.value.code == "inquiry"
    assert [one for one in adapter(server).records(since=LONG_AGO) if one.kind == ObjectKind.CHARGEBACK] == []

    server.control("dispute-escalate", id=ref)
    assert adapter(server).chargeback_state(ref).status == ChargebackIs.NEEDS_RESPONSE


def test_records_are_read_page_by_page_until_they_are_old(server, monkeypatch):
    for module in ("stripe", "stripe_asks"):
        monkeypatch.setattr(f"payments.providers.{module}.PAGE", 2)
    customer = adapter(server).customer(user_id=uuid4(), key=str(uuid4()))
    refs = [adapter(server).hold(ask=ask_for(server, customer=customer), key=str(uuid4())).ref for _ in range(5)]

    assert [record.ref for record in adapter(server).records(since=LONG_AGO)] == refs[::-1]
    assert list(adapter(server).records(since=datetime.now(UTC) + timedelta(minutes=1))) == []


def test_old_intents_of_a_customer_cost_no_page_of_a_new_hold(server, monkeypatch):
    monkeypatch.setattr("payments.providers.stripe_asks.PAGE", 2)
    ask = ask_for(server)
    for _ in range(5):
        adapter(server).hold(ask=replace(ask, hold_id=uuid4()), key=str(uuid4()))
    listed = server.control("state")["requests"].count("GET /v1/payment_intents")
    later = replace(ask, hold_id=uuid4(), asked_at=ask.asked_at + timedelta(days=1))

    assert adapter(server).hold(ask=later, key=str(uuid4())).status == HoldIs.HELD

    assert server.control("state")["requests"].count("GET /v1/payment_intents") == listed + 1


def test_hold_is_found_again_though_our_clock_is_ahead(server):
    ask = ask_for(server)
    ask = replace(ask, asked_at=ask.asked_at + timedelta(minutes=50))
    hold = adapter(server).hold(ask=ask, key=str(uuid4()))

    assert adapter(server).hold(ask=ask, key=str(uuid4())) == hold
    assert len(server.objects("payment_intent")) == 1


def test_hold_asked_for_long_ago_is_found_among_many(server, monkeypatch):
    monkeypatch.setattr("payments.providers.stripe_asks.PAGE", 2)
    ask = replace(ask_for(server), asked_at=LONG_AGO)
    hold = adapter(server).hold(ask=ask, key=str(uuid4()))
    for _ in range(4):
        adapter(server).hold(ask=replace(ask, hold_id=uuid4()), key=str(uuid4()))

    assert adapter(server).hold(ask=ask, key=str(uuid4())) == hold


def test_currency_that_stripe_counts_in_hundredths(server):
    hold = held(server, amount=Money(5_000, "ISK"))

    assert hold.amount_minor == 5_000
    assert server.objects("payment_intent")[0]["amount"] == 500_000


# What goes wrong on the way


@pytest.mark.parametrize("kind", ["down", "error", "busy", "locked_out", "nonsense", "odd", "list", "empty"])
def test_no_answer_or_nonsense_is_away(server, kind):
    ask = ask_for(server)
    server.control("fault", kind=kind)

    with pytest.raises(ProviderAway):
        adapter(server).hold(ask=ask, key=str(uuid4()))


@pytest.mark.parametrize("path", ["payment_methods", "payment_intents"])
def test_object_of_another_kind_is_away(server, path):
    ask = ask_for(server)
    server.control("fault", kind="odd", match=f"^POST /v1/{path}")

    with pytest.raises(ProviderAway):
        adapter(server).hold(ask=ask, key=str(uuid4()))


def test_customer_of_another_kind_is_away(server):
    server.control("fault", kind="odd")

    with pytest.raises(ProviderAway):
        adapter(server).customer(user_id=uuid4(), key=str(uuid4()))


@pytest.mark.parametrize("kind", ["odd", "list"])
@pytest.mark.parametrize("path", ["GET /v1/refunds", "GET /v1/disputes"])
def test_records_that_are_nonsense_are_away(server, kind, path):
    server.control("fault", kind=kind, match=path)

    with pytest.raises(ProviderAway):
        list(adapter(server).records(since=LONG_AGO))


def test_server_that_is_slow_is_away_and_does_it_once(server):
    """The second request comes while the first is still under way."""
    ask, key = ask_for(server), str(uuid4())
    server.control("fault", kind="slow", seconds=TIMEOUT_S + 0.5, match="POST /v1/payment_intents")

    with pytest.raises(ProviderAway):
        adapter(server).hold(ask=ask, key=key)
    hold = adapter(server).hold(ask=ask, key=key)

    wait_for(lambda: server.control("state")["requests"].count("POST /v1/payment_intents") == 2)
    assert hold.status == HoldIs.HELD
    assert len(server.objects("payment_intent")) == 1


@pytest.mark.parametrize("forgets", [False, True])
def test_answer_that_was_lost_leaves_one_of_everything(server, forgets):
    """Drop every answer to what is made, once; ask again with the same key, known or forgotten."""
    ask = ask_for(server)
    hold = _until_answered(server, forgets, lambda key: adapter(server).hold(ask=ask, key=key))
    _until_answered(server, forgets, lambda key: adapter(server).capture(ref=hold.ref, amount=USD_100, key=key))
    refund = {"hold_ref": hold.ref, "call_id": uuid4(), "refund_id": uuid4(), "amount": Money(40_00, "USD")}
    _until_answered(server, forgets, lambda key: adapter(server).refund(key=key, **refund))
    transfer = {"account_ref": ready_account(server).ref, "payout_id": uuid4(), "amount": Money(50_00, "USD")}
    _until_answered(server, forgets, lambda key: adapter(server).transfer(key=key, **transfer))

    for kind in ("payment_intent", "charge", "refund", "transfer"):
        assert len(server.objects(kind)) == 1, kind
    assert server.objects("payment_intent")[0]["amount_received"] == 100_00


def _until_answered(server, forgets, work):
    key = str(uuid4())
    server.control("fault", kind="drop", match=r"^POST /v1/(payment_intents|refunds|transfers)")
    with pytest.raises(ProviderAway):
        work(key)
    if forgets:
        server.control("forget-keys")
    return work(key)


def test_nobody_listens_is_away_and_the_breaker_opens():
    provider = adapter(NOBODY_LISTENS)

    for said in ("APIConnectionError", "Away"):
        with pytest.raises(ProviderAway, match=said):
            provider.hold_state("pi_1")


def test_refusals_do_not_open_the_breaker(server):
    provider = adapter(server)
    with pytest.raises(ProviderRefused):
        provider.hold_state("pi_nothing")

    assert provider.customer(user_id=uuid4(), key=str(uuid4())).startswith("cus_")


def test_a_chargeback_of_what_was_not_made_for_us_is_passed_over(monkeypatch):
    provider = StripeProvider("sk_test_x", NOBODY_LISTENS, TIMEOUT_S)
    foreign = {"object": "dispute", "id": "dp_1", "payment_intent": None, "charge": "ch_1", "status": "lost"}
    monkeypatch.setattr(provider._api.disputes, "retrieve", lambda ref: SimpleNamespace(to_dict=lambda: foreign))

    for _ in range(10):  # the breaker is for a Stripe that is away
        with pytest.raises(ProviderRefused, match="not made for us"):
            provider.chargeback_state("dp_1")
    assert chargeback_record(foreign) is None


def test_without_keys_nobody_is_asked(settings):
    settings.STRIPE_SECRET_KEY = ""

    with pytest.raises(ProviderAway):
        provider_get("stripe")


def test_keys_alone_choose_the_server(settings, server):
    settings.STRIPE_SECRET_KEY, settings.STRIPE_API_URL, settings.STRIPE_TIMEOUT_S = running.KEY, server.url, 1

    assert provider_get("stripe") is provider_get("stripe")
    assert provider_get("stripe").customer(user_id=uuid4(), key=str(uuid4())) == "cus_00000001"


# What it tells us


def message(**changes):
    about = {"id": "pi_1", "object": "payment_intent"}
    return {"id": "evt_1", "object": "event", "type": "payment_intent.succeeded", "data": {"object": about}, **changes}


@pytest.mark.parametrize("secret", ["whsec_old", "whsec_new"])
def test_event_signed_with_either_secret_is_read(settings, server, secret):
    settings.STRIPE_WEBHOOK_SECRETS = ["whsec_new", "whsec_old"]
    body = json.dumps(message()).encode()

    event = adapter(server).event(body=body, signature=webhooks.signature(body, secret))

    assert (event.id, event.type) == ("evt_1", "payment_intent.succeeded")
    assert (event.kind, event.ref) == (ObjectKind.HOLD, "pi_1")


@pytest.mark.parametrize(
    ("object", "kind"),
    [
        ("refund", ObjectKind.REFUND),
        ("transfer", ObjectKind.TRANSFER),
        ("account", ObjectKind.ACCOUNT),
        ("dispute", ObjectKind.CHARGEBACK),
        ("charge", None),
        ("balance", None),
    ],
)
def test_event_says_what_it_is_about(settings, server, object, kind):
    settings.STRIPE_WEBHOOK_SECRETS = ["whsec"]
    body = json.dumps(message(data={"object": {"id": "x_1", "object": object}})).encode()

    assert adapter(server).event(body=body, signature=webhooks.signature(body, "whsec")).kind == kind


@pytest.mark.parametrize(
    "signature",
    ["", "t=1,v1=0", "v1=without-time", "t={now},v1=no", "t={now},v1=n\u00f6", "t={now}", "t=,v1=", "\u00fc"],
)
def test_event_whose_signature_is_none_is_refused(settings, server, signature):
    settings.STRIPE_WEBHOOK_SECRETS = ["whsec"]

    with pytest.raises(WebhookRefused):
        adapter(server).event(body=b"{}", signature=signature.format(now=int(time.time())))


@pytest.mark.parametrize(
    ("more", "signing"),
    [
        (b"", {"secret": "whsec", "at": 1_700_000_000}),
        (b"", {"secret": "whsec_of_another"}),
        (b" ", {"secret": "whsec"}),
    ],
    ids=["long ago", "by another", "otherwise"],
)
def test_event_signed_wrong_is_refused(settings, server, more, signing):
    settings.STRIPE_WEBHOOK_SECRETS = ["whsec"]
    body = json.dumps(message()).encode()

    with pytest.raises(WebhookRefused, match="not signed"):
        adapter(server).event(body=body, signature=webhooks.signature(body + more, **signing))


@pytest.mark.parametrize("body", [b"\xff\xfe", b"{}", b"[]", b"no json"])
def test_what_is_signed_but_no_event_is_refused(settings, server, body):
    settings.STRIPE_WEBHOOK_SECRETS = ["whsec"]

    with pytest.raises(WebhookRefused):
        adapter(server).event(body=body, signature=webhooks.signature(body, "whsec"))


def test_without_secrets_no_event_is_believed(settings, server):
    settings.STRIPE_WEBHOOK_SECRETS = []
    body = json.dumps(message()).encode()

    with pytest.raises(WebhookRefused):
        adapter(server).event(body=body, signature=webhooks.signature(body, ""))
