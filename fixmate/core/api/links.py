"""Links of the OpenAPI document: which operations an answer leads to, and what of it they take.

They follow from names. An answer that shows a thing leads to what stands under its address (`/jobs/{id}/cancel`), to
bodies that name it (`job_id`) and to lists that can be narrowed to it (`?job=`); one that names a thing (`job_id`)
leads to where that can be read; and what is answered to be handed on, such as a token, leads to what takes it.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

_ITEM = re.compile(r"^(?P<collection>.*/(?P<plural>[^/{]+))/{(?P<key>\w+)}(?P<rest>.*)$")
_NAMED_OTHERWISE = {"photos": "upload", "evidence": "upload", "version_id": "policy"}
_HANDED_ON = ("refresh_token", "email", "phone")  # where an account is not shown, but begun or entered
_READ, _WRITES = "get", ("post", "put", "patch")


@dataclass(frozen=True, slots=True)
class _Operation:
    verb: str
    path: str
    definition: Any

    @property
    def id(self) -> str:
        return str(self.definition["operationId"])

    @property
    def roles(self) -> frozenset[str]:
        return frozenset(self.definition.get("x-roles", ()))

    @property
    def filters(self) -> list[str]:
        """The parameters that could take an id."""
        query = (one for one in self.definition.get("parameters", ()) if one["in"] == "query")
        return [one["name"] for one in query if "enum" not in one["schema"]]

    def is_for(self, other: "_Operation") -> bool:
        """Tell whether somebody may call both."""
        return not self.roles or not other.roles or bool(self.roles & other.roles)


@dataclass(frozen=True, slots=True)
class _Shown:
    """An answer that shows a thing: which, where in the body, and its fields."""

    operation: _Operation
    answer: Any
    thing: str
    key: str
    at: str
    fields: Any


def add_links(result: Any, generator: Any, request: Any, public: bool) -> Any:
    """Postprocess the document: add the links of every answer that shows a thing."""
    _Links(result).add()
    return result


def _link(operation_id: str, *, parameters: Any = None, body: Any = None) -> dict[str, Any]:
    link = {"operationId": operation_id, "parameters": parameters, "requestBody": body}
    return {name: value for name, value in link.items() if value}


class _Links:
    def __init__(self, document: Any) -> None:
        self.schemas = document.get("components", {}).get("schemas", {})
        self.operations = [
            _Operation(verb, path, definition)
            for path, item in document["paths"].items()
            for verb, definition in item.items()
        ]

    def add(self) -> None:
        for operation in self.operations:
            for shown in self._shown_by(operation):
                links = shown.answer.setdefault("links", {})
                for link in self._links_of(shown):
                    links.setdefault(link["operationId"], link)
                if not links:
                    del shown.answer["links"]

    def _shown_by(self, operation: _Operation) -> Iterator[_Shown]:
        """Yield what the operation makes, lists or reads: of acts on a thing, that is known already."""
        item = _ITEM.match(operation.path)
        if item and (item["rest"] or operation.verb != _READ):
            return
        plural, key = (item["plural"], item["key"]) if item else (operation.path.rpartition("/")[2], "")
        for status, answer in operation.definition["responses"].items():
            schema = answer.get("content", {}).get("application/json", {}).get("schema")
            if status.startswith("2") and schema:
                fields, at = self._fields(schema)
                yield _Shown(operation, answer, _singular(plural), key, at, fields)

    def _fields(self, schema: Any) -> tuple[Any, str]:
        """Return the fields of the thing an answer shows, and where it is: of a list, the first."""
        fields = self._resolved(schema).get("properties", {})
        if "results" in fields:
            return self._resolved(fields["results"]["items"]).get("properties", {}), "/results/0"
        return fields, ""

    def _resolved(self, schema: Any) -> Any:
        return self.schemas[schema["$ref"].rpartition("/")[2]] if "$ref" in schema else schema

    def _links_of(self, shown: _Shown) -> Iterator[dict[str, Any]]:
        for target in self.operations:
            if target.id != shown.operation.id and target.is_for(shown.operation):
                yield from self._to_item(shown, target)
                yield from self._to_list(shown, target)
                yield from self._to_body(shown, target)

    def _to_item(self, shown: _Shown, target: _Operation) -> Iterator[dict[str, Any]]:
        item = _ITEM.match(target.path)
        if not item:
            return
        name, key = _singular(item["plural"]), item["key"]
        if name == shown.thing and key in shown.fields:
            yield _link(target.id, parameters={key: f"$response.body#{shown.at}/{key}"})
        elif f"{name}_id" in shown.fields and target.verb == _READ and not item["rest"]:
            yield _link(target.id, parameters={key: f"$response.body#{shown.at}/{name}_id"})

    def _to_list(self, shown: _Shown, target: _Operation) -> Iterator[dict[str, Any]]:
        if target.verb == _READ and shown.thing in target.filters and "id" in shown.fields:
            yield _link(target.id, parameters={shown.thing: f"$response.body#{shown.at}/id"})

    def _to_body(self, shown: _Shown, target: _Operation) -> Iterator[dict[str, Any]]:
        fields = self._taken_by(target)
        if "id" not in shown.fields:
            body = {name: f"$response.body#/{name}" for name in _HANDED_ON if name in fields and name in shown.fields}
            if body and not target.roles:
                yield _link(target.id, body=body)
            return
        for name, field in fields.items():
            if _thing_named(name) == shown.thing and "$ref" not in field:
                own = f"$response.body#{shown.at}/id"
                yield _link(target.id, body={name: [own] if field.get("type") == "array" else own})

    def _taken_by(self, target: _Operation) -> Any:
        content = target.definition.get("requestBody", {}).get("content", {}) if target.verb in _WRITES else {}
        return self._resolved(content.get("application/json", {}).get("schema", {})).get("properties", {})


def _thing_named(field: str) -> str:
    return _NAMED_OTHERWISE.get(field) or re.sub(r"_ids?$", "", field) if field != "id" else ""


def _singular(plural: str) -> str:
    return f"{plural[:-3]}y" if plural.endswith("ies") else plural.removesuffix("s")
