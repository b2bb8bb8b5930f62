"""The look over the shoulder sees what it is there to see: each kind of breach, made on purpose."""

from types import SimpleNamespace

import pytest
from rest_framework.response import Response

from accounts.tests.factories import UserFactory
from catalog.api.views import ServiceViewSet
from catalog.errors import SlugTaken
from catalog.tests.factories import ServiceFactory
from fixmate.core.tests.http import client_for
from fixmate.tests.conformance.watch import CONTRACT, BrokenContract

PATH = "/api/v1/services"
pytestmark = pytest.mark.django_db


def answering(monkeypatch, answer):
    def listed(self, request, *args, **kwargs):
        if isinstance(answer, Exception):
            raise answer
        return answer

    monkeypatch.setattr(ServiceViewSet, "list", listed)


def test_what_is_described_passes():
    ServiceFactory()

    assert client_for().get(PATH).status_code == 200


@pytest.mark.parametrize(
    ("answer", "fault"),
    [
        (Response({"results": []}), "required property"),
        (Response({"next": 3, "previous": None, "results": []}), "at next: 3 is not"),
        (Response({}, status=418), "is not among"),
        (SlugTaken(), "is not among"),
        (Response({"next": None, "previous": None, "results": []}, content_type="text/plain"), "text/plain"),
    ],
    ids=["a field is missing", "a type is wrong", "a status", "a refusal", "a media type"],
)
def test_a_breach_is_seen(monkeypatch, answer, fault):
    answering(monkeypatch, answer)

    with pytest.raises(BrokenContract, match=fault):
        client_for().get(PATH)


def test_a_code_that_is_not_the_operations_is_seen(monkeypatch):
    def refuse(self, request, *args, **kwargs):
        error = SlugTaken()
        error.status = 404
        raise error

    monkeypatch.setattr(ServiceViewSet, "retrieve", refuse)

    with pytest.raises(BrokenContract, match=r"error/code|SLUG_TAKEN"):
        client_for().get(f"{PATH}/{ServiceFactory().pk}")


def test_an_answer_without_its_request_id_is_seen(monkeypatch):
    response = client_for(UserFactory()).get("/api/v1/auth/me")
    del response.headers["X-Request-ID"]

    with pytest.raises(BrokenContract, match="X-Request-ID"):
        CONTRACT.check("/api/v1/auth/me", "GET", response)


def test_an_operation_nobody_described_is_seen():
    response = SimpleNamespace(status_code=200, streaming=False, content=b"", headers={})

    with pytest.raises(BrokenContract, match="no such operation"):
        CONTRACT.check(PATH, "PUT", response)


def test_a_body_where_there_is_none_is_seen():
    headers = {"X-Request-ID": "1"}
    response = SimpleNamespace(status_code=304, streaming=False, content=b"[]", headers=headers)

    with pytest.raises(BrokenContract, match="a body where there is none"):
        CONTRACT.check(PATH, "GET", response)
