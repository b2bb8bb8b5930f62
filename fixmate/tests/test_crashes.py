"""Every view made to crash: the answer is the one envelope and tells nothing of what went wrong, or of what we are."""

import json

import pytest
from django.contrib.admin import AdminSite, ModelAdmin, site
from django.db import DataError, IntegrityError, OperationalError, ProgrammingError, connection, transaction
from django.test import Client
from django.urls import resolve, reverse

from accounts.api.me import MeView
from accounts.tests.factories import UserFactory
from fixmate.core.models import IdempotencyClaim
from fixmate.core.tests.http import NOBODY, client_for
from fixmate.tests.test_urls import METHODS, ROUTES

pytestmark = pytest.mark.django_db
CRASHES = [
    RuntimeError("password=hunter2 in /srv/fixmate/accounts/views.py"),
    OperationalError('connection to server at "10.0.0.5", port 5432 failed: FATAL: role "hunter2" /srv/fixmate'),
    ProgrammingError('relation "hunter2" does not exist\nLINE 1: SELECT "hunter2"."id" FROM "hunter2" /srv/fixmate'),
    IntegrityError("duplicate key value violates unique constraint\nDETAIL: Key (email)=(hunter2) /srv/fixmate"),
    DataError("value too long for type character varying(20) hunter2 /srv/fixmate"),
    KeyError("hunter2 /srv/fixmate"),
    OSError(13, "Permission denied hunter2", "/srv/fixmate/var/secret_key"),
    RecursionError("hunter2 /srv/fixmate"),
    UnicodeDecodeError("utf-8", b"hunter2 /srv/fixmate", 0, 1, "invalid start byte"),
]
TELLING = (
    "hunter2", "/srv", ".py", "Traceback", "Error", "SELECT", "DETAIL", "LINE 1", "relation", "constraint", "10.0.0.5",
    "sqlite", "psycopg", "postgres", "django", "Django", "python", "Python", "granian", "5.2.", "/work", "/tmp",
)  # fmt: skip
HEADERS_OF_SERVERS = ("Server", "X-Powered-By", "X-Django-Version", "Via")


def actions_of(route) -> dict[str, str]:
    """The methods of a route, and what of its view answers each."""
    bound = getattr(route.view, "actions", None)
    if bound:
        return {method: action for method, action in bound.items() if method in METHODS}
    return {method: method for method in METHODS if hasattr(route.view.cls, method)}


def address_of(route) -> str:
    """An address of the route; its things need not be there."""
    address = route.shape.replace("{}", "1" if r"\d" in route.path or "[0-9]" in route.path else str(NOBODY))
    assert resolve(address).func.cls is route.view.cls
    return address


def crash_number(number):
    return CRASHES[number % len(CRASHES)]


def some_crashes(route):
    """Three kinds for each route, other ones for the next: each kind meets many routes, and each route many methods."""
    first = ROUTES.index(route)
    return [crash_number(first + number * 3) for number in range(3)]


def crash_with(exc):
    def crash(*_args, **_kwargs):
        raise type(exc)(*exc.args)  # one that is raised again would drag every traceback before along

    return crash


@pytest.fixture(autouse=True)
def _no_limits(settings):
    settings.RATES = dict.fromkeys(settings.RATES, "")


@pytest.fixture
def client():
    client = client_for(UserFactory(admin=True))
    client.raise_request_exception = False
    return client


def tells_nothing(answer) -> None:
    said = answer.content.decode() + json.dumps(dict(answer.headers))
    assert [word for word in TELLING if word in said] == []
    assert [name for name in HEADERS_OF_SERVERS if name in answer.headers] == []


def is_the_envelope(answer, address) -> None:
    assert (answer.status_code, answer["Content-Type"]) == (500, "application/json")
    error = answer.json()["error"]
    assert (error["code"], error["path"], error["details"]) == ("INTERNAL_ERROR", address, {})
    assert error["request_id"] == answer["X-Request-ID"]
    tells_nothing(answer)


def test_every_route_has_something_to_crash():
    assert len(ROUTES) > 100
    assert [str(route) for route in ROUTES if not actions_of(route)] == []


@pytest.mark.parametrize("route", ROUTES, ids=str)
def test_a_crash_at_the_door_tells_nothing(client, monkeypatch, route):
    address = address_of(route)
    for number, method in enumerate(actions_of(route), ROUTES.index(route)):  # one kind each: the door is one for all
        monkeypatch.setattr(route.view.cls, "initial", crash_with(crash_number(number)))

        is_the_envelope(getattr(client, method)(address), address)


@pytest.mark.parametrize("route", ROUTES, ids=str)
def test_a_crash_of_the_act_tells_nothing_and_frees_the_key(client, monkeypatch, route):
    address = address_of(route)
    monkeypatch.setattr(route.view.cls, "check_permissions", lambda self, request: None)
    monkeypatch.setattr(route.view.cls, "check_throttles", lambda self, request: None)
    for method, action in actions_of(route).items():
        for number, exc in enumerate(some_crashes(route)):
            first = "prepare" if method == "post" and "prepare" in vars(route.view.cls) else action
            monkeypatch.setattr(route.view.cls, first, crash_with(exc))
            key = {"Idempotency-Key": f"key-{number}"} if method == "post" else {}

            is_the_envelope(getattr(client, method)(address, headers=key), address)
    assert IdempotencyClaim.objects.count() == 0


# Refusals of the database itself, not made up


def test_what_the_database_says_stays_inside(client, monkeypatch):
    def ask(self, request):
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT hunter2 FROM no_such_table")

    monkeypatch.setattr(MeView, "get", ask)

    answer = client.get("/api/v1/auth/me")

    is_the_envelope(answer, "/api/v1/auth/me")
    assert "no_such_table" not in answer.content.decode()


# The console


@pytest.fixture
def console():
    client = Client(raise_request_exception=False)
    client.force_login(UserFactory(admin=True))
    return client


def console_pages():
    yield reverse("admin:index")
    for model in site._registry:
        name = f"admin:{model._meta.app_label}_{model._meta.model_name}"
        yield reverse(f"{name}_changelist")
        yield reverse(f"{name}_change", args=[NOBODY])
        yield reverse(f"{name}_history", args=[NOBODY])
        yield reverse(f"{name}_act", args=[NOBODY, "retry"])


@pytest.mark.parametrize("place", [(AdminSite, "each_context"), (ModelAdmin, "get_queryset")], ids=["site", "rows"])
def test_a_crash_of_the_console_tells_nothing(console, monkeypatch, place):
    """Every page, with the kinds taking turns."""
    statuses = []
    for number, address in enumerate(console_pages()):
        monkeypatch.setattr(*place, crash_with(crash_number(number)))
        for method in (console.get, console.post):
            answer = method(address)
            statuses.append(answer.status_code)
            if answer.status_code == 500:
                is_the_envelope(answer, address)
            tells_nothing(answer) if answer.status_code >= 400 else None
    assert statuses.count(500) >= len(site._registry)


def test_a_crash_of_the_console_login_tells_nothing(monkeypatch):
    monkeypatch.setattr(AdminSite, "each_context", crash_with(CRASHES[1]))

    is_the_envelope(Client(raise_request_exception=False).get("/admin/login/"), "/admin/login/")


def test_the_search_finds_what_a_page_of_django_would_tell(client, monkeypatch, settings):
    """The control: with DEBUG on, the page names exception, file and version; such a page is seen."""
    settings.DEBUG = True
    monkeypatch.setattr(ModelAdmin, "get_queryset", crash_with(CRASHES[0]))
    console = Client(raise_request_exception=False)
    console.force_login(UserFactory(admin=True))

    said = console.get(reverse("admin:core_auditentry_changelist")).content.decode()

    assert {"hunter2", "/srv", ".py", "Traceback", "Error", "Django"} <= {word for word in TELLING if word in said}
