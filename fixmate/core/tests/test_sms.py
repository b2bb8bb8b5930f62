import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.parse import parse_qs

import pytest

from fixmate.core.sms import SmsNotSent, sms_is_available, sms_send

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
    thread = threading.Thread(target=server.serve_forever, daemon=True)
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
