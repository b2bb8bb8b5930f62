import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.parse import parse_qs

import httpx
import pytest

from fixmate.core import sms
from fixmate.core.sms import (
    SMS_CAPPED,
    SMS_REFUSED,
    SMS_SENT,
    SmsCapReached,
    SmsNotSent,
    SmsRefused,
    sms_is_available,
    sms_may_go_to,
    sms_send,
)
from fixmate.core.tallies import tallied
from fixmate.core.tests.races import at_once

pytestmark = pytest.mark.django_db

TO = "+12025550143"


class Provider(BaseHTTPRequestHandler):
    """A provider that keeps what it was asked, and answers as the test says."""

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        self.server.asked.append((self.path, self.headers["Authorization"], parse_qs(body)))
        self.send_response(self.server.status)
        self.send_header("Location", "/elsewhere")
        self.end_headers()

    def log_message(self, *_args):
        """Say nothing."""


@pytest.fixture
def provider(settings):
    server = HTTPServer(("127.0.0.1", 0), Provider)
    server.asked, server.status = [], 201
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    settings.SMS_BACKEND = "twilio"
    settings.TWILIO_URL = f"http://127.0.0.1:{server.server_port}/"
    settings.TWILIO_ACCOUNT_SID, settings.TWILIO_AUTH_TOKEN, settings.SMS_FROM = "AC1", "secret", "+12025550100"
    yield server
    server.shutdown()
    server.server_close()


def test_files_hold_one_message_each(settings, tmp_path):
    settings.SMS_BACKEND, settings.SMS_FILE_PATH = "file", tmp_path / "sms"

    sms_send(to=TO, text="One")
    sms_send(to=TO, text="Two: ü")

    assert [path.read_text(encoding="utf-8") for path in sorted((tmp_path / "sms").iterdir())] == [
        f"To: {TO}\n\nOne\n",
        f"To: {TO}\n\nTwo: ü\n",
    ]


def test_provider_is_asked_as_its_api_says(provider):
    sms_send(to=TO, text="Hello & goodbye")

    assert provider.asked == [
        (
            "/2010-04-01/Accounts/AC1/Messages.json",
            "Basic QUMxOnNlY3JldA==",
            {"To": [TO], "From": ["+12025550100"], "Body": ["Hello & goodbye"]},
        )
    ]


@pytest.mark.parametrize("status", [302, 400, 401, 429, 500])
def test_a_refusal_raises_and_tells_no_number(provider, status):
    provider.status = status

    with pytest.raises(SmsNotSent) as refusal:
        sms_send(to=TO, text="Hello")

    assert str(refusal.value) == f"the provider answered {status}"
    assert len(provider.asked) == 1


def test_a_provider_that_is_away_raises(settings):
    settings.SMS_BACKEND, settings.TWILIO_URL = "twilio", "http://127.0.0.1:9"

    with pytest.raises(SmsNotSent, match="did not answer"):
        sms_send(to=TO, text="Hello")


@pytest.mark.parametrize(("backend", "is_available"), [("none", False), ("file", True), ("twilio", True)])
def test_sms_is_available_where_something_sends(settings, backend, is_available):
    settings.SMS_BACKEND = backend

    assert sms_is_available() is is_available


def test_without_a_backend_nothing_is_sent(settings):
    settings.SMS_BACKEND = "none"

    with pytest.raises(SmsNotSent):
        sms_send(to=TO, text="Hello")


# What is sent at all


@pytest.mark.parametrize(
    ("number", "may"),
    [
        ("+12025550143", True),
        ("+447400123456", False),  # another country
        ("+18762345678", False),  # Jamaica, with the same country code
        ("+19002345678", False),  # premium rate
        ("+18002345678", False),  # toll free
    ],
)
def test_only_numbers_of_persons_in_our_countries_are_written_to(number, may):
    assert sms_may_go_to(number) is may


def test_countries_are_a_setting(settings, provider):
    settings.SMS_COUNTRIES = ["GB"]

    sms_send(to="+447400123456", text="Hello")
    with pytest.raises(SmsRefused):
        sms_send(to=TO, text="Hello")

    assert len(provider.asked) == 1
    assert (tallied(SMS_SENT), tallied(SMS_REFUSED)) == (1, 1)


@pytest.mark.parametrize(
    ("status", "is_final"), [(400, True), (422, True), (401, False), (404, False), (429, False), (500, False)]
)
def test_what_the_provider_will_never_take_is_told_apart(provider, status, is_final):
    provider.status = status

    with pytest.raises(SmsNotSent) as refusal:
        sms_send(to=TO, text="Hello")

    assert isinstance(refusal.value, SmsRefused) is is_final


def test_an_hour_has_so_many_messages(settings, provider):
    settings.SMS_PER_HOUR = 3

    outcomes = [_outcome(f"+1202555{number:02}43") for number in range(5)]

    assert outcomes == [None, None, None, SmsCapReached, SmsCapReached]
    assert (len(provider.asked), tallied(SMS_CAPPED)) == (3, 2)


@pytest.mark.parametrize("status", [500, 429])
def test_what_an_outage_keeps_from_being_sent_is_not_counted(settings, provider, status):
    settings.SMS_PER_HOUR = settings.SMS_PER_RANGE_HOUR = 2
    provider.status = status
    for _ in range(5):
        assert _outcome(TO) is SmsNotSent

    provider.status = 201

    assert [_outcome(TO), _outcome(TO), _outcome(TO)] == [None, None, SmsCapReached]


def test_what_may_have_been_sent_is_counted(settings, monkeypatch):
    settings.SMS_PER_HOUR = 1
    monkeypatch.setattr(sms, "_backend", _Silent)

    assert [_outcome(TO), _outcome(TO)] == [SmsNotSent, SmsCapReached]


class _Silent:
    def send(self, **_):
        raise SmsNotSent from httpx.ReadTimeout("no answer")


def test_a_range_of_numbers_has_fewer(settings, provider):
    settings.SMS_PER_RANGE_HOUR = 2

    outcomes = [_outcome(f"+120255501{number}") for number in range(43, 46)]

    assert outcomes == [None, None, SmsCapReached]
    assert _outcome("+12025560143") is None


@pytest.mark.django_db(transaction=True)
def test_of_twenty_at_once_no_more_than_that_are_sent(settings, provider):
    settings.SMS_PER_HOUR = 5

    at_once(*[lambda: _outcome(TO)] * 20)

    assert len(provider.asked) == 5


def _outcome(to: str):
    try:
        sms_send(to=to, text="Hello")
    except SmsNotSent as refusal:
        return type(refusal)
