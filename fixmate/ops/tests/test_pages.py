"""The root and the documentation: everything comes from this server."""

import re

import pytest
from django.contrib.staticfiles import finders

from fixmate.core.tests.http import client_for


def test_root_says_what_is_where():
    response = client_for().get("/")

    assert response.json()["name"] == "FixMate"
    assert response.json()["links"]["docs"] == "http://testserver/docs"


@pytest.mark.parametrize("path", ["/docs", "/redoc"])
def test_documentation_asks_no_other_server_for_anything(path):
    response = client_for().get(path)
    page = response.content.decode()

    assert response.status_code == 200
    assert not re.search(r"(?:src|href)\s*=\s*\"(?:https?:)?//", page)
    assert not re.search(r"https?://(?!testserver)", page)
    assert "default-src 'self'" in response["Content-Security-Policy"]


@pytest.mark.parametrize("path", ["/docs", "/redoc"])
def test_documentation_finds_its_scripts_here(path):
    page = client_for().get(path).content.decode()

    assets = re.findall(r"(?:src|href)=\"/static/([^\"]+)\"", page)

    assert assets
    assert all(finders.find(asset) for asset in assets)


@pytest.mark.parametrize("path", ["/docs", "/redoc"])
def test_documentation_reads_the_schema_of_this_server(path):
    assert "/api/v1/schema" in client_for().get(path).content.decode()


def test_schema_is_openapi_3_1_as_json_and_on_request_as_yaml():
    as_json = client_for().get("/api/v1/schema")
    as_yaml = client_for().get("/api/v1/schema", HTTP_ACCEPT="application/yaml")

    assert as_json["Content-Type"].startswith("application/vnd.oai.openapi+json")
    assert as_json.json()["openapi"] == "3.1.0"
    assert as_yaml.content.startswith(b"openapi: 3.1.0")
