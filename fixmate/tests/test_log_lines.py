"""Whatever a request holds, each event is one line of the log, and no secret is in it."""

import json
import logging
from io import BytesIO, StringIO
from logging.config import DictConfigurator
from urllib.parse import quote

import pytest
import structlog
from django.conf import settings
from django.db import IntegrityError
from django.test import Client

from accounts.api.views import LoginView
from accounts.tests.factories import UserFactory
from fixmate.core.tests.http import client_for
from fixmate.tests.planted import CARD, CODE, EMAIL, PASSWORD, PHONE, PLANTS, TOKEN, TRICKS, faults_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def handler():
    """What writes the log of a process, every level of it."""
    handler = logging.StreamHandler(StringIO())
    form = dict(settings.LOGGING["formatters"]["json"])
    handler.setFormatter(DictConfigurator(settings.LOGGING).configure_formatter(form))
    root = logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield handler
    root.removeHandler(handler)
    root.setLevel(level)


@pytest.fixture
def log(handler):
    return handler.stream.getvalue


@pytest.fixture
def client():
    return Client(raise_request_exception=False)


def headers(plant: str) -> dict[str, str]:
    names = ("USER_AGENT", "X_REQUEST_ID", "IDEMPOTENCY_KEY", "REFERER", "X_FORWARDED_FOR", "ORIGIN")
    return {f"HTTP_{name}": plant for name in names} | {"HTTP_AUTHORIZATION": f"Bearer {plant}"}


def everything(client, plant: str) -> None:
    """Make a request of each kind with the plant in every field there is."""
    typed = {"email": plant, "phone": plant, "password": plant, "code": plant, "refresh_token": plant, plant: plant}
    for door in ("login", "register", "send-otp", "verify-otp", "reset-password", "refresh", "logout"):
        client.post(f"/api/v1/auth/{door}", typed, content_type="application/json", **headers(plant))
    client.post("/api/v1/auth/login", f"{{{plant}".encode(), content_type="application/json", **headers(plant))
    client.get(f"/{quote(plant, safe='')}", {"token": plant, plant: plant}, **headers(plant))
    client.get(f"/api/v1/jobs/{quote(plant, safe='')}", **headers(plant))
    client.get(f"/api/v1/files/{quote(plant, safe='')}", **headers(plant))
    client.post("/admin/login/", {"username": plant, "password": plant}, **headers(plant))
    client.get("/healthz", HTTP_HOST=plant.encode("ascii", "ignore").decode(), **headers(plant))
    client.generic("TRACE", "/healthz", plant, **headers(plant))
    file = BytesIO(b"no picture")
    file.name = plant.replace("/", "_")
    uploads = client_for(UserFactory())
    uploads.post("/api/v1/uploads", {"file": file, "purpose": plant}, format="multipart", **headers(plant))


@pytest.mark.parametrize("plant", PLANTS, ids=range(len(PLANTS)))
def test_a_plant_in_every_field_makes_no_line_of_its_own_and_is_not_kept(log, client, plant):
    everything(client, plant)

    assert "Not Found" in log()
    assert faults_of(log()) == []


@pytest.mark.parametrize("plant", PLANTS, ids=range(len(PLANTS)))
def test_a_crash_that_quotes_what_it_failed_on_is_one_line_too(log, client, monkeypatch, plant):
    def crash(self, request):
        raise IntegrityError(f"duplicate key\nDETAIL:  Key (email)=({plant}) already exists.") from ValueError(plant)

    monkeypatch.setattr(LoginView, "post", crash)

    answer = client.post("/api/v1/auth/login", {"email": plant}, content_type="application/json", **headers(plant))

    events = [json.loads(line) for line in log().splitlines() if "Internal Server Error" in line]
    assert answer.status_code == 500
    assert len(events) == 1
    assert "IntegrityError" in events[0]["exception"]
    assert faults_of(log()) == []


@pytest.mark.parametrize("trick", TRICKS, ids=range(len(TRICKS)))
def test_an_event_of_ours_keeps_its_line_whatever_its_values_are(log, trick):
    structlog.get_logger("fixmate.tests").warning(trick, value=trick, inner={trick: [trick]})

    assert log().count("\n") == 1
    assert faults_of(log()) == []


def test_the_search_finds_what_it_looks_for(handler, log):
    """The control: lines as another formatter would write them are found, each for its reason."""
    handler.setFormatter(logging.Formatter("%(message)s"))

    for plant in (*TRICKS[:2], TOKEN, PASSWORD, CODE, CARD, PHONE, EMAIL):
        logging.getLogger("fixmate.tests").warning(plant)

    found = faults_of(log())
    for plant in (TOKEN, PASSWORD, CODE, CARD, PHONE.removeprefix("+"), EMAIL):
        assert [fault.partition(" ")[0] for fault in found if plant in fault] == ["no", plant]
    assert sum("forged" in fault for fault in found) == 2
