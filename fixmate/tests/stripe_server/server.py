"""HTTP: keys, faults and the door around the API."""

import base64
import json
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock
from urllib.parse import urlsplit

from fixmate.tests.stripe_server import connect, disputes, form, intents
from fixmate.tests.stripe_server.api import Api, shown
from fixmate.tests.stripe_server.faults import Faults
from fixmate.tests.stripe_server.keys import Keys
from fixmate.tests.stripe_server.problems import Problem
from fixmate.tests.stripe_server.store import Store
from fixmate.tests.stripe_server.webhooks import Webhooks


class StandIn:
    """The whole server but its socket."""

    def __init__(self, *, webhook="", secret=""):
        self.webhooks = Webhooks(webhook, secret)
        self.store = Store(self.webhooks.tell)
        self.api = Api(self.store)
        self.keys = Keys()
        self.faults = Faults()
        self.requests = []
        self._lock = Lock()

    # The API

    def answer(self, method, path, text, headers, outcome):
        """Return status, body and headers."""
        self.requests.append(f"{method} {path}")
        try:
            self._check_key(headers)
            key = headers.get("Idempotency-Key") if method == "POST" else None
            return (
                self._once(key, method, path, text, outcome) if key else (*self._done(method, path, text, outcome), {})
            )
        except Problem as exc:
            return exc.status, exc.body, {}

    def _once(self, key, method, path, text, outcome):
        known = self.keys.begin(key, (method, path, text))
        if known:
            return *known, {"Idempotent-Replayed": "true"}
        answer = None
        try:
            answer = self._done(method, path, text, outcome)
        except Problem as exc:
            if exc.is_kept:
                answer = exc.status, shown(exc.body)
            raise
        finally:
            self.keys.end(key, answer)
        return *answer, {}

    def _done(self, method, path, text, outcome):
        with self._lock:
            try:
                return 200, self.api.answer(method, path, form.read(text), outcome)
            except Problem as exc:
                exc.body = json.loads(json.dumps(shown(exc.body)))
                raise

    def _check_key(self, headers):
        kind, _, value = headers.get("Authorization", "").partition(" ")
        key = base64.b64decode(value).decode().partition(":")[0] if kind == "Basic" else value
        if not key.startswith("sk_"):
            raise Problem(401, "Invalid API Key provided.", is_kept=False)

    # The door

    def control(self, act, wanted):
        """Do what the test asks for behind the API's back; `state` shows everything."""
        acts = {
            "reset": self._reset,
            "fault": self.faults.add,
            "mend": self.faults.clear,
            "forget-keys": self.keys.forget,
            "webhooks": self._set_webhooks,
            "resend": self._resend,
            "state": self._state,
        }
        if act in acts:
            return acts[act](**wanted)
        with self._lock:
            return shown(self._happening(act)(self.store, wanted.pop("id"), **wanted))

    def _happening(self, act):
        return {
            "authenticate": intents.authenticate,
            "lapse": lambda store, ref: intents.cancel(store, ref, {}, reason="automatic"),
            "cancel": lambda store, ref: intents.cancel(store, ref, {}),
            "refund-settle": intents.refund_settle,
            "onboard": connect.account_onboard,
            "reverse": lambda store, ref, **params: connect.transfer_reverse(store, ref, params),
            "dispute-open": disputes.open_one,
            "dispute-escalate": disputes.escalate,
            "dispute-review": disputes.review,
            "dispute-close": disputes.close,
        }[act]

    def _reset(self):
        with self._lock:
            self.store.reset()
            self.requests.clear()
        self.keys.forget()
        self.faults.clear()

    def _set_webhooks(self, **wanted):
        for name in ("url", "secret", "is_on"):
            setattr(self.webhooks, name, wanted.get(name, getattr(self.webhooks, name)))

    def _resend(self, *, ids=None, **wanted):
        events = [event for event in self.store.all("event") if ids is None or event["id"] in ids]
        return {str(status): count for status, count in self.webhooks.resend(events, **wanted).items()}

    def _state(self):
        self.webhooks.wait()
        with self._lock:
            objects = {kind: list(things.values()) for kind, things in self.store.objects.items()}
            return {"objects": shown(objects), "requests": list(self.requests)}


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    stand_in: StandIn

    def do_GET(self):
        self._respond()

    def do_POST(self):
        self._respond()

    def do_DELETE(self):
        self._respond()

    def log_message(self, *_):
        pass

    def _respond(self):
        where = urlsplit(self.path)
        sent = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
        if where.path.startswith("/_control/"):
            self._control(where.path.removeprefix("/_control/"), json.loads(sent or "{}"))
            return
        text = where.query if self.command == "GET" else sent
        way, outcome = self.stand_in.faults.take(f"{self.command} {where.path}")
        kind = (way or {}).get("kind")
        if kind in BEFORE:
            BEFORE[kind](self)
            return
        if kind == "slow":
            time.sleep(way.get("seconds", 1.0))
        status, body, headers = self.stand_in.answer(self.command, where.path, text, self.headers, outcome)
        AFTER.get(kind, Handler._send)(self, status, body, headers)

    def _control(self, act, wanted):
        try:
            self._send(200, self.stand_in.control(act, wanted))
        except Problem as exc:
            self._send(exc.status, shown(exc.body))
        except (KeyError, TypeError) as exc:
            self._send(400, {"error": {"message": repr(exc)}})

    def _send(self, status, body, headers=None):
        self._send_text(status, json.dumps(body), headers)

    def _send_text(self, status, text, headers=None):
        data = text.encode()
        self.send_response(status)
        for name, value in {"Content-Type": "application/json", **(headers or {})}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def _hang_up(self, *_):
        self.close_connection = True
        self.connection.shutdown(2)


def _refusing(status, message):
    return lambda handler: handler._send(status, {"error": {"type": "api_error", "message": message}})


BEFORE = {
    "down": Handler._hang_up,
    "error": _refusing(500, "Something went wrong on our end."),
    "busy": _refusing(429, "Too many requests."),
    "locked_out": _refusing(401, "Invalid API Key provided."),
}
AFTER = {
    "drop": Handler._hang_up,
    "nonsense": lambda handler, status, *_: handler._send_text(status, "<html>Welcome to the airport Wi-Fi</html>"),
    "odd": lambda handler, status, *_: handler._send_text(status, '{"object": "banana", "id": 7}'),
    "list": lambda handler, status, *_: handler._send_text(status, "[1, 2]"),
    "empty": lambda handler, status, *_: handler._send_text(status, ""),
    "late_error": lambda handler, *_: _refusing(500, "Something went wrong on our end.")(handler),
}


class Listening(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, *_):
        """Say nothing: whoever hung up knows."""


def serve(port, *, webhook="", secret=""):
    """Return the server, which listens but does not serve yet."""
    handler = type("BoundHandler", (Handler,), {"stand_in": StandIn(webhook=webhook, secret=secret)})
    return Listening(("127.0.0.1", port), handler)
