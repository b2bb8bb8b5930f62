"""A NUL is refused wherever a client can put one: PostgreSQL holds none in a text, and says so by an exception."""

import json
from urllib.parse import urlencode

import pytest
from django.test import Client
from django.test.client import BOUNDARY, MULTIPART_CONTENT, encode_multipart

from accounts.tests.factories import UserFactory
from catalog.tests.factories import ServiceFactory
from fixmate.core.tests.http import client_for
from fixmate.core.tests.pictures import picture, sent
from fixmate.tests.matrix.table import TABLE
from jobs.models import Job

pytestmark = pytest.mark.django_db
ROUTES = sorted({row.path for row in TABLE})
NUL = "\0"


def refused(response):
    return response.status_code, response.json()["error"]["code"]


@pytest.mark.parametrize("path", ROUTES)
def test_in_the_query_of_every_route(path):
    response = Client().get(path.format_map(Anything()), QUERY_STRING="search=a%00b")

    assert refused(response) == (400, "MALFORMED_REQUEST")
    assert response["X-Request-ID"]


class Anything(dict):
    def __missing__(self, name):
        return "1"


@pytest.mark.parametrize("path", [path for path in ROUTES if "{" in path])
def test_in_every_path_that_names_a_thing(path):
    named = path.replace("{", "%00{", 1).format_map(Anything())

    assert refused(Client().get(named)) == (400, "MALFORMED_REQUEST")


@pytest.mark.parametrize("query", ["a\0b=1", "search=a\0b", "%00=1", "near=1,2&x=%00"])
def test_in_a_query_in_any_form(query):
    assert refused(Client().get("/api/v1/technicians", QUERY_STRING=query)) == (400, "MALFORMED_REQUEST")


@pytest.mark.parametrize(
    "name", ["User-Agent", "Authorization", "Idempotency-Key", "If-None-Match", "X-Request-ID", "Accept-Language"]
)
def test_in_a_header(name):
    response = Client().get("/api/v1/services", headers={name: f"Bearer a{NUL}b"})

    assert refused(response) == (400, "MALFORMED_REQUEST")


def test_a_percent_sign_that_is_escaped_is_no_nul():
    assert Client().get("/api/v1/services?search=%2500").status_code == 200


@pytest.mark.parametrize("field", ["description", "address", "scheduled_for", "service_id"])
def test_in_a_text_of_json(field):
    body = {
        "service_id": str(ServiceFactory().pk),
        "description": "It drips.",
        "address": "1 Lane",
        "latitude": 42.36,
        "longitude": -71.06,
    }

    response = client_for(UserFactory()).post("/api/v1/jobs", {**body, field: f"{body.get(field)}{NUL}"})

    assert refused(response) == (400, "MALFORMED_REQUEST")
    assert not Job.objects.exists()


def test_in_the_name_of_a_field_of_json():
    response = client_for().post("/api/v1/auth/login", json.dumps({NUL: 1}), content_type="application/json")

    assert refused(response) == (400, "MALFORMED_REQUEST")


@pytest.mark.parametrize("fields", [{"username": f"a{NUL}@b.example"}, {"scope": NUL}, {NUL: "x"}])
def test_in_a_form(fields):
    form = urlencode({"username": "ada@example.com", "password": "x", **fields})

    response = Client().post("/api/v1/auth/login", form, content_type="application/x-www-form-urlencoded")

    assert refused(response) == (400, "MALFORMED_REQUEST")


@pytest.mark.parametrize("fields", [{"purpose": f"JOB_PHOTO{NUL}"}, {NUL: "x"}])
def test_in_a_field_of_a_form_with_a_file(fields):
    form = {"file": sent(picture(), "a.png"), "purpose": "JOB_PHOTO", **fields}

    assert refused(client_for(UserFactory()).post("/api/v1/uploads", form, format="multipart")) == (
        400,
        "MALFORMED_REQUEST",
    )


@pytest.mark.parametrize("name", [b'filename="a\0.png"', b"filename*=UTF-8''a%00.png"])
def test_in_the_name_of_a_file(name):
    form = encode_multipart(BOUNDARY, {"file": sent(picture(), "a.png"), "purpose": "JOB_PHOTO"})
    spoilt = form.replace(b'filename="a.png"', name)

    response = client_for(UserFactory()).post("/api/v1/uploads", spoilt, content_type=MULTIPART_CONTENT)

    assert spoilt != form
    assert refused(response) == (400, "MALFORMED_REQUEST")
