import json

import pytest

from fixmate.core.redaction import REDACTED, redact, text_redacted

TOKEN = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJlc2lnbmF0dXJl"


@pytest.mark.parametrize(
    ("text", "left"),
    [
        (f"Not Found: /api/v1/files/{TOKEN}", "Not Found: /api/v1/files/[redacted]"),
        (TOKEN.partition(".")[0], "[redacted]"),
        (f"Authorization: Bearer {TOKEN}", "Authorization: [redacted]"),
        ("sent Bearer 0123456789abcdef.xyz", "sent [redacted]"),
        ("Basic dXNlcjpwYXNzd29yZA==", "[redacted]"),
        ("/login?password=hunter2&next=/", "/login?password=[redacted]&next=/"),
        ('{"new_password": "hunter2", "a": 1}', '{"new_password": "[redacted]", "a": 1}'),
        ('{\\"refresh_token\\": \\"abc\\"}', '{\\"refresh_token\\": \\"[redacted]\\"}'),
        ('{"password": "correct horse battery"}', '{"password": "[redacted]"}'),
        ("{'password': 'correct horse battery', 'a': 1}", "{'password': '[redacted]', 'a': 1}"),
        ("start_code=4711", "start_code=[redacted]"),
        ("Cookie: sessionid=abc", "Cookie: [redacted]"),
        ("X-Api-Key: abc", "X-Api-Key: [redacted]"),
        ("postgres://fixmate:hunter2@db.example/fixmate", "postgres://[redacted]@db.example/fixmate"),
        ("Key (email)=(ada@example.com) already exists.", "Key (email)=([redacted]) already exists."),
        ("/users/ada%40example.com", "/users/[redacted]"),
        ("/users/ada.lovelace+x@mail.example.co.uk.", "/users/[redacted]."),
        ("card 4111111111111111 refused", "card [redacted] refused"),
        ("card 4111 1111 1111 1111", "card [redacted]"),
        ("/pay/4111-1111-1111-1111", "/pay/[redacted]"),
        ("/x/+12025550143", "/x/[redacted]"),
        ("+1 (202) 555-0143", "[redacted]"),
        ("(202) 555-0143", "[redacted]"),
        ("202.555.0143", "[redacted]"),
        ("/x/12025550143", "/x/[redacted]"),
        ("/verify/123456", "/verify/[redacted]"),
        ("code:123456", "code:[redacted]"),
        ("your code is 123456.", "your code is [redacted]."),
    ],
)
def test_what_may_not_be_logged_goes(text, left):
    assert text_redacted(text) == left


@pytest.mark.parametrize(
    "text",
    [
        "Not Found: /api/v1/jobs/01968a3c-52b0-7a31-9c5e-0f6d2b1a7e44",
        "01968012-5210-7431-9150-016128112144",
        "2026-11-21T22:10:16.123456Z",
        "2026-11-21 22:10:16.123456+00:00",
        "took 0.123456 s",
        "outbox.dead",
        "port 65535 of 127.0.0.1",
        "psycopg.errors.UniqueViolation: duplicate key value violates unique constraint",
        "TokenInvalid raised",
        "version 1.2.3",
        "line 12345",
    ],
)
def test_what_operators_need_stays(text):
    assert text_redacted(text) == text


@pytest.mark.parametrize("text", ["a", "1", "a.", "a@", "token", "otp", "://", "+1()", "\\", "password="])
def test_a_text_without_end_is_cut_and_searched_all_the_same(text):
    """Were a search quadratic, this would take minutes."""
    found = text_redacted(text * 1_000_000 + " ada@example.com")

    assert len(found) < 33_000
    assert found.endswith(" [redacted]")


def test_an_event_is_redacted_by_name_and_by_value_at_every_depth():
    event = {
        "timestamp": "2026-11-21T22:10:16.123456Z",
        "level": "info",
        "logger": "a.b",
        "event": "mailed ada@example.com",
        "password": "hunter2",
        "pid": 123456,
        "rate": 0.5,
        "ok": True,
        "none": None,
        "inner": {"access_token": "abc", "to": ["+12025550143", 7], "ada@example.com": 1, "raw": b"ada@example.com"},
        "error": ValueError("ada@example.com"),
    }

    assert redact(None, "info", event) == {
        "timestamp": "2026-11-21T22:10:16.123456Z",
        "level": "info",
        "logger": "a.b",
        "event": "mailed [redacted]",
        "password": REDACTED,
        "pid": 123456,
        "rate": 0.5,
        "ok": True,
        "none": None,
        "inner": {"access_token": REDACTED, "to": [REDACTED, 7], REDACTED: 1, "raw": f"b'{REDACTED}'"},
        "error": f"ValueError('{REDACTED}')",
    }
    assert json.dumps(redact(None, "info", event))
