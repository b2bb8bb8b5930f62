"""What holds of every address, read from the resolver and the schema: a new one need not be listed here to be held."""

import re

import pytest
from django.core.management import call_command
from django.test import Client
from drf_spectacular.generators import SchemaGenerator
from rest_framework.permissions import AllowAny
from rest_framework.viewsets import ViewSetMixin

from accounts.tests.factories import UserFactory
from fixmate.core.tests.http import client_for
from fixmate.ops.api.views import RootView
from fixmate.tests.matrix.routes import ROUTES

SERVICE = {"", "healthz", "health", "readyz", "metrics", "docs", "redoc", "api/v1/schema"}
PLAIN_VIEWS = ("api/v1/auth/", "api/v1/payments/webhooks")
METHODS = {"get", "post", "put", "patch", "delete"}
API = [route for route in ROUTES if route.path not in SERVICE]


@pytest.fixture(scope="module")
def schema():
    return SchemaGenerator().get_schema(request=None, public=True)


@pytest.fixture(scope="module")
def operations(schema):
    return [
        (f"{method.upper()} {path}", operation)
        for path, item in schema["paths"].items()
        for method, operation in item.items()
        if method in METHODS
    ]


# Routes


def test_there_are_routes_of_every_app():
    apps = {route.view.cls.__module__.split(".")[0] for route in API}

    assert apps >= {"accounts", "catalog", "technicians", "jobs", "matching", "payments", "reviews", "disputes"}


@pytest.mark.parametrize("route", ROUTES, ids=str)
def test_route_ends_without_a_slash(route):
    assert not route.path.endswith("/")


@pytest.mark.parametrize("route", API, ids=str)
def test_resource_is_a_viewset(route):
    if not route.path.startswith(PLAIN_VIEWS):
        assert issubclass(route.view.cls, ViewSetMixin)


@pytest.mark.parametrize("route", API, ids=str)
def test_writing_is_open_to_nobody_unknown(route):
    """Only what makes or proves an identity, or is signed by a provider, may be called by anybody."""
    writes = [action for method, action in getattr(route.view, "actions", {}).items() if method in METHODS - {"get"}]
    for action in writes:
        view = route.view.cls(**route.view.initkwargs)
        view.action = action
        permissions = view.get_permissions()
        assert permissions
        assert not any(isinstance(permission, AllowAny) for permission in permissions)


# The schema


def test_schema_is_valid_and_made_without_a_warning(tmp_path):
    call_command("spectacular", validate=True, fail_on_warn=True, file=str(tmp_path / "schema.yml"))


def test_schema_has_every_route(schema):
    described = {re.sub(r"{\w+}", "{}", path) for path in schema["paths"]}

    assert {route.shape for route in API} - described == set()


def test_every_operation_has_a_summary(operations):
    assert [name for name, operation in operations if not operation.get("summary")] == []


def test_every_operation_has_one_tag_that_is_described(schema, operations):
    described = {tag["name"] for tag in schema["tags"] if tag["description"]}
    used = {tuple(operation["tags"]) for _, operation in operations}

    assert used == {(name,) for name in described}


def test_what_staff_alone_may_is_tagged_so(operations):
    for name, operation in operations:
        assert ("/api/v1/admin/" in name) is (operation["tags"] == ["staff"]), name


def test_downloads_say_that_they_may_answer_with_a_link(schema):
    """What answers with a stored file may answer 302 as well, where FILES_DOWNLOAD says so.

    A link itself answers the bytes; a statement and a case file are stored nowhere.
    """
    gets = {path: item["get"]["responses"] for path, item in schema["paths"].items() if "get" in item}
    made = {"/api/v1/files/{token}", "/api/v1/technicians/me/statements", "/api/v1/disputes/{id}/case-file/pdf"}
    downloads = {path: set(answers) for path, answers in gets.items() if _is_bytes(answers["200"])}

    assert {path for path, answers in downloads.items() if "302" not in answers} == made
    assert all("Location" in gets[path]["302"]["headers"] for path in downloads if "302" in downloads[path])


def _is_bytes(answer) -> bool:
    return any(content["schema"].get("format") == "binary" for content in answer.get("content", {}).values())


def test_every_operation_has_an_id_of_its_own(operations):
    ids = [operation["operationId"] for _, operation in operations]

    assert [name for name in ids if not re.fullmatch(r"[a-z][a-z0-9_]*", name)] == []
    assert sorted(set(ids)) == sorted(ids)


def test_every_operation_names_its_refusals(operations):
    """Whoever must log in is told of 401 and 403, whoever names a thing of 404, whoever writes of 400 and 409."""
    unnamed = []
    for name, operation in operations:
        answers = set(operation["responses"])
        expected = {"401", "403"} if {} not in operation.get("security", [{}]) else set()
        expected |= {"404"} if "{" in name else set()
        expected |= set() if name.startswith("GET ") else {"400", "409"}
        if expected - answers:
            unnamed.append((name, sorted(expected - answers)))

    assert unnamed == []


# Answers that no view gives


@pytest.mark.parametrize("path", ["/nope", "/api/v1/nope", "/api/v2/jobs", "/api/v1/jobs/1/2/3"])
@pytest.mark.parametrize("method", ["get", "post"])
def test_unknown_path_is_the_404_envelope(method, path):
    response = getattr(client_for(), method)(path)

    error = response.json()["error"]
    assert response.status_code == 404
    assert error == {
        "code": "NOT_FOUND",
        "message": "There is no such thing here.",
        "path": path,
        "timestamp": error["timestamp"],
        "request_id": response["X-Request-ID"],
        "details": {},
    }


@pytest.mark.parametrize("path", ["/healthz", "/docs", "/api/v1/schema", "/api/v1/services", "/api/v1/jobs", "/nope"])
def test_path_with_a_trailing_slash_answers_like_the_one_without(path, db):
    client = client_for()

    without, with_slash = client.get(path), client.get(f"{path}/")

    assert with_slash.status_code == without.status_code
    assert with_slash["Content-Type"] == without["Content-Type"]
    assert _masked(with_slash) == _masked(without)


def test_trailing_slash_keeps_the_body_of_a_post(db):
    user = UserFactory(admin=True)

    answers = [client_for(user).post(path, {"nope": 1}) for path in ("/api/v1/categories", "/api/v1/categories/")]

    assert [answer.status_code for answer in answers] == [400, 400]
    assert "nope" in answers[1].json()["error"]["details"]


def _masked(response) -> str:
    return re.sub(r'"(timestamp|request_id|path|X-CSRFTOKEN)"\]? ?[:=] ?"[^"]*"', "", response.content.decode())


@pytest.mark.parametrize(("path", "status"), [("/api/v1/jobs", 405), ("/healthz", 405)])
def test_wrong_method_is_the_405_envelope(path, status, db):
    response = client_for(UserFactory()).delete(path)

    assert (response.status_code, response.json()["error"]["code"]) == (status, "METHOD_NOT_ALLOWED")


def test_crash_is_the_500_envelope_and_tells_nothing(monkeypatch):
    def crash(self, request):
        raise RuntimeError("password=hunter2")

    monkeypatch.setattr(RootView, "get", crash)

    response = Client(raise_request_exception=False).get("/")

    assert response.status_code == 500
    assert response.json()["error"]["code"] == "INTERNAL_ERROR"
    assert response.json()["error"]["request_id"] == response["X-Request-ID"]
    for telling in ("hunter2", "RuntimeError", "Traceback", ".py"):
        assert telling not in response.content.decode()


def test_host_that_is_not_ours_is_a_400_envelope():
    response = Client(raise_request_exception=False).get("/healthz", headers={"host": "evil.example"})

    assert (response.status_code, response.json()["error"]["code"]) == (400, "MALFORMED_REQUEST")
