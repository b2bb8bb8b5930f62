"""What strangers try at every door: pages without end, bodies without end, other hosts, another's session."""

import re
import tracemalloc
from pathlib import Path

import pytest
from django.apps import AppConfig, apps
from django.conf import settings as present
from django.test import Client

from accounts.tests.factories import UserFactory
from fixmate.core.tests.http import client_for
from fixmate.tests.contract import FILE

# Anti-automation


def lists() -> list[str]:
    """The address of every list there is, read from the contract."""
    operation, found = "", []
    for line in FILE.read_text(encoding="utf-8").splitlines():
        operation = line if not line.startswith(" ") else operation
        if line.strip().startswith("query page_size") and "{" not in operation:
            found.append(operation.removeprefix("GET "))
    return found


def test_there_are_lists():
    assert {"/api/v1/jobs", "/api/v1/offers", "/api/v1/admin/users", "/api/v1/notifications"} <= set(lists())


@pytest.mark.django_db
@pytest.mark.parametrize("path", lists())
def test_a_page_of_a_thousand_million_is_a_page_of_a_hundred(path, django_assert_max_num_queries):
    client = client_for(UserFactory(admin=True))
    needed = {"/api/v1/technicians": {"latitude": "42.36", "longitude": "-71.06"}}

    with django_assert_max_num_queries(12):
        answer = client.get(path, {"page_size": "1000000000", **needed.get(path, {})})

    assert answer.status_code in {200, 403}, answer.content
    if answer.status_code == 200:
        assert len(answer.json()["results"]) <= 100


DOORS = ["/api/v1/auth/login", "/api/v1/auth/register", "/api/v1/jobs", "/api/v1/uploads", "/api/v1/disputes"]


@pytest.mark.django_db
@pytest.mark.parametrize("path", DOORS)
def test_ten_megabytes_are_refused_unread(path):
    body = b'{"email": "' + b"x" * 10_000_000 + b'"}'

    answer = client_for(UserFactory()).generic("POST", path, body, content_type="application/json")

    assert (answer.status_code, answer.json()["error"]["code"]) == (413, "PAYLOAD_TOO_LARGE")


@pytest.mark.django_db
@pytest.mark.parametrize("opening", ["[", '{"a":'], ids=["arrays", "objects"])
@pytest.mark.parametrize("depth", [100, 10_000, 200_000])
def test_a_deep_body_is_malformed_and_takes_little_memory(opening, depth):
    closing = "]" if opening == "[" else "1}"
    body = ('{"email": ' + opening * depth + ("" if opening == "[" else "1") + closing[-1] * depth + "}").encode()
    client = client_for()
    client.post("/api/v1/auth/login", {})  # whatever is made once is made

    tracemalloc.start()
    answer = client.generic("POST", "/api/v1/auth/login", body, content_type="application/json")
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    expected = (400, "MALFORMED_REQUEST") if len(body) <= present.MAX_BODY_BYTES else (413, "PAYLOAD_TOO_LARGE")
    assert (answer.status_code, answer.json()["error"]["code"]) == expected
    assert peak < 60 * len(body) + 10_000_000


# Reaching outside

# Who may open connections to other servers, and where the address comes from. Nothing a client sends is one.
REACHES_OUTSIDE = {
    "accounts/provider_keys.py": "the providers' own addresses, or settings",
    "fixmate/core/sms.py": "TWILIO_URL",
    "fixmate/core/storage_s3.py": "S3_ENDPOINT_URL",
    "fixmate/core/wakeup.py": "DATABASE_URL and REDIS_URL",
    "fixmate/ops/programs.py": "looks whether its own port is free",
    "notifications/channels.py": "knows the errors of mail servers; sends by Django's EMAIL_HOST",
    "fixmate/ops/demo/bank.py": "a localstripe that it starts itself; the demo alone",
    "fixmate/ops/demo/client.py": "HOST and PORT; the demo alone",
    "fixmate/ops/demo/stage.py": "HOST and PORT; the demo alone",
    "fixmate/ops/management/commands/demo.py": "silences the log of httpx",
}
LIBRARIES = re.compile(
    r"^\s*(?:import|from) (?:httpx|requests|urllib\.request|urllib3|http\.client|socket|aiohttp|boto3|botocore"
    r"|smtplib|ftplib)\b"
    r"|getLogger\(\"httpx\"\)",
    re.MULTILINE,
)


def modules_that_reach_outside() -> set[str]:
    folders = [present.BASE_DIR / name for name in {config.name.split(".")[0] for config in apps_of_ours()}]
    files = [path for folder in folders for path in folder.rglob("*.py") if "tests" not in path.parts]
    found = [path for path in files if LIBRARIES.search(path.read_text(encoding="utf-8"))]
    return {str(path.relative_to(present.BASE_DIR)) for path in found}


def apps_of_ours() -> list[AppConfig]:
    return [config for config in apps.get_app_configs() if Path(config.path).is_relative_to(present.BASE_DIR)
            and ".venv" not in config.path]  # fmt: skip


def test_only_named_modules_reach_outside():
    """A new one is looked at first: time-out, no redirects, and an address that no client chooses."""
    assert modules_that_reach_outside() == set(REACHES_OUTSIDE)


@pytest.mark.parametrize("path", ["fixmate/core/sms.py", "accounts/provider_keys.py"])
def test_requests_to_others_have_an_end_and_follow_no_redirect(path):
    text = (present.BASE_DIR / path).read_text(encoding="utf-8")
    calls = re.findall(r"httpx\.(?:get|post|put|patch|delete|request|stream|Client)\([^)]*\)", text)

    assert calls
    assert [call for call in calls if "timeout=" not in call or "follow_redirects=False" not in call] == []


# The console's session


@pytest.mark.django_db
def test_a_session_from_before_the_login_is_nobodys_after_it():
    staff = UserFactory(admin=True, password="correct horse battery")
    planted = Client()
    planted.get("/admin/login/")
    session = planted.session
    session["planted"] = True
    session.save()
    planted.cookies[present.SESSION_COOKIE_NAME] = session.session_key

    answer = planted.post("/admin/login/", {"username": staff.email, "password": "correct horse battery"})

    thief = Client()
    thief.cookies[present.SESSION_COOKIE_NAME] = session.session_key
    assert answer.status_code == 302
    assert planted.cookies[present.SESSION_COOKIE_NAME].value != session.session_key
    assert thief.get("/admin/").status_code == 302
    assert answer.cookies[present.SESSION_COOKIE_NAME]["httponly"] is True
    assert answer.cookies[present.SESSION_COOKIE_NAME]["samesite"] == "Lax"
