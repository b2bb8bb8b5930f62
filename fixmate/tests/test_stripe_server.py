"""The stand-in keeps what is said of Stripe, or what is tried against it says nothing."""

import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
import stripe

from fixmate.tests.stripe_server import running


class Listener(BaseHTTPRequestHandler):
    """Keep what comes; answer as told."""

    heard: list
    answers: list

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.heard.append((body, self.headers["Stripe-Signature"]))
        self.send_response(self.answers.pop(0) if self.answers else 200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


@contextmanager
def listening(*answers):
    handler = type("BoundListener", (Listener,), {"heard": [], "answers": list(answers)})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/hook", handler.heard
    finally:
        server.shutdown()
        server.server_close()


@pytest.fixture(scope="module")
def stand_in():
    with running.stand_in() as served:
        yield served


@pytest.fixture
def server(stand_in):
    stand_in.control("reset")
    stand_in.control("webhooks", url="")
    return stand_in


def post(server, path, key="", **params):
    return server.http.post(f"/v1/{path}", data=params, headers={"Idempotency-Key": key} if key else {})


def held(server):
    customer, card = server.made("customers")["id"], server.card()
    server.made(f"payment_methods/{card}/attach", customer=customer)
    return server.made(
        "payment_intents",
        amount="100",
        currency="usd",
        customer=customer,
        payment_method=card,
        capture_method="manual",
        confirm="true",
        off_session="true",
    )


def test_same_key_gets_the_same_answer(server):
    first, second = (post(server, "customers", "k1", name="Ann") for _ in range(2))

    assert first.json() == second.json()
    assert "Idempotent-Replayed" not in first.headers
    assert second.headers["Idempotent-Replayed"] == "true"


def test_same_key_gets_the_same_refusal(server):
    hold = held(server)
    path = f"payment_intents/{hold['id']}/capture"
    first = post(server, path, "k1", amount_to_capture="101")

    second = post(server, path, "k1", amount_to_capture="101")

    assert (first.status_code, second.status_code) == (400, 400)
    assert second.headers["Idempotent-Replayed"] == "true"


def test_key_stays_free_where_no_work_was_begun(server):
    assert post(server, "customers", "k1", nonsense="1").json()["error"]["code"] == "parameter_unknown"

    assert post(server, "customers", "k1", name="Ann").status_code == 200


def test_same_key_with_other_parameters_is_an_error(server):
    post(server, "customers", "k1", name="Ann")

    answer = post(server, "customers", "k1", name="Bob")

    assert (answer.status_code, answer.json()["error"]["type"]) == (400, "idempotency_error")


def test_list_is_cut_into_pages_newest_first(server):
    refs = [server.made("customers")["id"] for _ in range(5)]

    first = server.http.get("/v1/customers?limit=2").json()
    second = server.http.get(f"/v1/customers?limit=2&starting_after={refs[3]}").json()
    before = server.http.get(f"/v1/customers?limit=2&ending_before={refs[2]}").json()

    assert ([row["id"] for row in first["data"]], first["has_more"]) == (refs[:2:-1], True)
    assert [row["id"] for row in second["data"]] == [refs[2], refs[1]]
    assert [row["id"] for row in before["data"]] == [refs[4], refs[3]]


def test_list_is_filtered_by_time(server):
    made = server.made("customers")

    assert server.http.get(f"/v1/customers?created[gte]={made['created']}").json()["data"] == [made]
    assert server.http.get(f"/v1/customers?created[gt]={made['created']}").json()["data"] == []


def test_every_object_of_a_list_is_filtered_by_time(server):
    holds = [held(server) for _ in range(3)]
    path = "/v1/payment_intents?created[gte]="

    assert len(server.http.get(f"{path}{holds[0]['created']}").json()["data"]) == len(holds)
    assert server.http.get(f"{path}{holds[-1]['created'] + 1}").json()["data"] == []


def test_parameters_that_stripe_dropped_are_refused(server):
    answer = post(server, "payment_intents", payment_method_types="card")

    assert answer.json()["error"]["code"] == "payment_method_types_no_longer_supported"


def test_nobody_is_let_in_without_a_key(server):
    assert server.http.get("/v1/customers", auth=("", "")).status_code == 401


def test_books_say_what_came_and_went(server):
    hold = held(server)
    server.made(f"payment_intents/{hold['id']}/capture", amount_to_capture="80")
    server.made("refunds", payment_intent=hold["id"], amount="30")
    dispute = server.control("dispute-open", id=hold["id"])
    server.control("dispute-close", id=dispute["id"], won=True)

    lines = server.http.get("/v1/balance_transactions").json()["data"]

    assert [(line["type"], line["amount"], line["fee"]) for line in lines[::-1]] == [
        ("charge", 80, 0),
        ("refund", -30, 0),
        ("adjustment", -50, 1500),
        ("adjustment", 50, 0),
    ]


def test_everything_that_happens_is_told_in_order_and_signed(server):
    with listening() as (url, heard):
        server.control("webhooks", url=url, secret=running.SECRET)
        hold = held(server)
        server.made(f"payment_intents/{hold['id']}/capture")
        server.control("state")  # once all is told

    events = [stripe.Webhook.construct_event(body, signed, running.SECRET) for body, signed in heard]
    assert [event.type for event in events] == [
        "customer.created",
        "payment_intent.created",
        "charge.succeeded",
        "payment_intent.amount_capturable_updated",
        "charge.captured",
        "payment_intent.succeeded",
    ]
    assert events[3].data.object.status == "requires_capture"  # as it was then


def test_event_is_told_again_until_it_is_heard(server):
    with listening(500, 503) as (url, heard):
        server.control("webhooks", url=url)
        server.made("customers")
        server.control("state")

    assert len({body for body, _ in heard}) == 1
    assert len(heard) == 3


def test_events_can_come_often_mixed_and_forged(server):
    with listening() as (url, heard):
        for _ in range(10):
            server.made("customers")
        server.control("webhooks", url=url, secret=running.SECRET)
        answers = server.control("resend", times=4, seed=7, at_once=3, bad_share=0.25, stale_share=0.25)

    assert answers == {"200": 40}
    good = [one for one in heard if _is_good(*one)]
    assert 0 < len(good) < 40
    assert [body for body, _ in heard] != sorted(body for body, _ in heard)


def _is_good(body, signed):
    try:
        return stripe.WebhookSignature.verify_header(body, signed, running.SECRET, 300)
    except stripe.SignatureVerificationError:
        return False
