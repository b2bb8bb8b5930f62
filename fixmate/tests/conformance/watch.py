"""A look over the shoulder of every test client: what the API answered must stand in its OpenAPI document.

`conftest.py` puts it around Django's test client, so that each test of the suite is one of the contract as well: the
status and the code must be among those of the operation, the body and the headers as described, and what was accepted
must be what the document says may be sent.
"""

import re
from functools import cached_property
from typing import Any

import jsonschema_rs
from django.conf import settings
from django.http import QueryDict
from django.test import Client
from drf_spectacular.generators import SchemaGenerator

URLS = settings.ROOT_URLCONF
_WATCHED = {"GET", "POST", "PUT", "PATCH", "DELETE"}
_DOCUMENT = "urn:fixmate"


class BrokenContract(AssertionError):
    pass


class Contract:
    """The document, ready to be asked about one answer after the other."""

    def __init__(self):
        self.validators = {}

    @cached_property
    def document(self):
        return SchemaGenerator().get_schema(request=None, public=True)

    @cached_property
    def registry(self):
        return jsonschema_rs.Registry([(_DOCUMENT, self.document)], draft=jsonschema_rs.Draft202012)

    @cached_property
    def paths(self):
        return {re.sub(r"{\w+}", "{}", path): path for path in self.document["paths"]}

    def path_of(self, route):
        """Return the path as the document writes it, or None: the pages at the root are not described."""
        plain = route.removeprefix("^").removesuffix(r"\Z").removesuffix("$")
        return self.paths.get("/" + re.sub(r"\(\?P<\w+>.*?\)(?=/|$)|<[^>]+>", "{}", plain))

    def check(self, path, method, response):
        """Fail unless the document has this answer of this operation."""
        operation = self.document["paths"][path].get(method.lower())
        if operation is None:
            is_refused = response.status_code in (401, 403) or (response.status_code == 405 and "Allow" in response)
            _require(is_refused, path, method, response, "no such operation is described")
            return
        at, answer = self._find(operation, f"#/paths/{_escaped(path)}/{method.lower()}", response)
        _require(
            answer, path, method, response, f"{response.status_code} is not among {sorted(operation['responses'])}"
        )
        missing = [name for name in answer.get("headers", {}) if self._is_due(name) and name not in response.headers]
        _require(not missing, path, method, response, f"there is no {missing}")
        self._check_content(path, method, response, answer, at)
        self._check_request(path, method, response, operation)

    def _find(self, operation, at, response):
        status = str(response.status_code)
        answer = operation["responses"].get(status)
        at = f"{at}/responses/{status}"
        if answer and "$ref" in answer:
            at = answer["$ref"]
            answer = self.document["components"]["responses"][at.rpartition("/")[2]]
        return at, answer

    def _is_due(self, name):
        return self.document["components"]["headers"].get(name, {}).get("required")

    def _check_content(self, path, method, response, answer, at):
        content = answer.get("content", {})
        if not content:
            _require(response.streaming or not response.content, path, method, response, "a body where there is none")
            return
        kind = response.headers.get("Content-Type", "").partition(";")[0]
        known = {kind, kind.partition("/")[0] + "/*", "*/*"} & set(content)
        _require(known, path, method, response, f"{kind} is not among {sorted(content)}")
        if kind == "application/json" and not response.streaming:
            self._validate(f"{at}/content/application~1json/schema", response.json(), path, method, response)

    def _check_request(self, path, method, response, operation):
        """What was accepted must be what may be sent."""
        held = getattr(response, "renderer_context", None)
        is_json = "application/json" in operation.get("requestBody", {}).get("content", {})
        if not (200 <= response.status_code < 300 and is_json and held):
            return
        data = held["request"].data
        if data and not isinstance(data, QueryDict):
            at = f"#/paths/{_escaped(path)}/{method.lower()}/requestBody/content/application~1json/schema"
            self._validate(at, data, path, method, response)

    def _validate(self, at, data, path, method, response):
        if at not in self.validators:
            schema = {"$ref": _DOCUMENT + at}
            self.validators[at] = jsonschema_rs.Draft202012Validator(
                schema, registry=self.registry, validate_formats=True
            )
        error = next(self.validators[at].iter_errors(data), None)
        where = error and "/".join(str(part) for part in error.instance_path)
        _require(error is None, path, method, response, f"at {where}: {error and error.message}")


def _escaped(path):
    return path.replace("~", "~0").replace("/", "~1").replace("{", "%7B").replace("}", "%7D")


def _require(holds: Any, path, method, response, fault) -> None:
    if not holds:
        body = b"" if response.streaming else response.content[:500]
        raise BrokenContract(f"{method} {path}, {response.status_code}: {fault}: {body!r}")


CONTRACT = Contract()


def watch(monkeypatch) -> None:
    """Put the look around every request of every test client."""
    request = Client.request

    def watched(self, **environment):
        response = request(self, **environment)
        method = environment.get("REQUEST_METHOD", "GET")
        match = getattr(getattr(response, "wsgi_request", None), "resolver_match", None)
        if method in _WATCHED and match and settings.ROOT_URLCONF == URLS and match.route.startswith("api/v1/"):
            path = CONTRACT.path_of(match.route)
            if path:
                CONTRACT.check(path, method, response)
        return response

    monkeypatch.setattr(Client, "request", watched)
