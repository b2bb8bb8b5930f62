"""The OpenAPI document: every operation says who may call it, what it answers, and each code it can refuse with."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Literal

from drf_spectacular.extensions import OpenApiSerializerFieldExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.plumbing import force_instance
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, inline_serializer
from rest_framework import permissions, serializers

from fixmate.core.api.answers import answers_of, header_refs
from fixmate.core.api.downloads import AnyAccept
from fixmate.core.api.keywords import NO_NUL, NOT_BLANK, texts_told
from fixmate.core.api.permissions import IsLoggedIn, IsVerified, guard_refusals
from fixmate.core.api.refusals import Login, Refusals, Shape, codes_of
from fixmate.core.api.serializers import InputSerializer, MoneyField, OutputSerializer

ErrorEnvelope = inline_serializer(
    "ErrorEnvelope",
    {
        "error": inline_serializer(
            "Error",
            {
                "code": serializers.CharField(help_text="Stable, for programs."),
                "message": serializers.CharField(help_text="For people."),
                "path": serializers.CharField(),
                "timestamp": serializers.DateTimeField(),
                "request_id": serializers.CharField(),
                "details": serializers.DictField(help_text="Field errors, or what the refusal is about."),
            },
        )
    },
)
_KEY = OpenApiParameter(
    "Idempotency-Key",
    {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"},
    OpenApiParameter.HEADER,
    description="Sent again with the same key, path and body, the request is done once and answered the same for 24 "
    "hours, with `Idempotent-Replayed: true`. Answers 409, 429 and 5xx leave nothing behind and free the key.",
)
_HAVE = OpenApiParameter(
    "If-None-Match",
    {"type": "string", "pattern": NO_NUL},
    OpenApiParameter.HEADER,
    description="The `ETag` of what the client has: 304 without a body where it is still so.",
)
_STEP_UP = (
    "The account may not do this. STEP_UP_REQUIRED where staff need a second factor and it was shown too long ago: "
    "`POST /auth/step-up`."
)
_PEOPLE = {"CUSTOMER": "customers", "TECHNICIAN": "technicians", "ADMIN": "staff"}
ROLES = "x-roles"


DOWNLOAD_LINK = OpenApiResponse(
    None,
    description="Where the installation hands files out by links (`FILES_DOWNLOAD=link`): the file is at `Location`, "
    "for a minute. No token goes along.",
)
LOCATION = OpenApiParameter(
    "Location", OpenApiTypes.URI, OpenApiParameter.HEADER, response=[302], description="Of the file, for a minute."
)


def download_of(*media_types: str) -> dict[Any, Any]:
    """Return the answers of an operation that hands out a private file; it takes `LOCATION` as a parameter."""
    return {(200, *media_types): OpenApiTypes.BINARY, 302: DOWNLOAD_LINK}


def _tell_of_parameters(parameters: list[dict[str, Any]], filters: Mapping[str, Any]) -> None:
    """Say that an empty one of the query counts as left out, as in `?job=`, but for lists and sizes; and how long texts
    may be.
    """
    for one in parameters:
        schema, is_query = one["schema"], one["in"] == "query"
        if is_query and schema.get("type") != "array" and one["name"] != "page_size":
            one["allowEmptyValue"] = True
        longest = is_query and one["name"] in filters and filters[one["name"]].extra.get("max_length")
        if longest:
            schema["maxLength"] = longest
        texts_told(schema)


def _also(serializer: InputSerializer, required: Iterable[str]) -> dict[str, Any]:
    """Return what the serializer says of its fields together; where all are needed, they need not be told to be so."""
    is_told = set(serializer.also.get("dependentRequired", ())) <= set(required)
    return {name: said for name, said in serializer.also.items() if not (is_told and name == "dependentRequired")}


class MoneySchema(OpenApiSerializerFieldExtension):  # type: ignore[no-untyped-call]
    """In, the one currency of the installation with its decimal places; out, whatever was stored."""

    target_class = MoneyField
    match_subclasses = True

    def map_serializer_field(self, auto_schema: Any, direction: Any) -> dict[str, Any]:
        field: MoneyField = self.target
        return field.schema_in() if direction == "request" else field.schema_out()


class FixMateSchema(AutoSchema):
    """drf-spectacular's schema, and what follows from an operation's shape."""

    def get_operation_id(self) -> str:
        return super().get_operation_id().removeprefix("api_v1_")

    def get_operation(self, *args: Any, **kwargs: Any) -> Any:
        operation = super().get_operation(*args, **kwargs)
        if operation:
            text = operation.get("description") or f"{operation.get('summary', '')}."
            operation["description"] = f"{text}\n\n{self._audience()}"
            operation[ROLES] = self._roles()
            filters = getattr(getattr(self.view, "filterset_class", None), "base_filters", {})
            _tell_of_parameters(operation.get("parameters", []), filters)
        return operation

    def get_override_parameters(self) -> Any:
        given = list(super().get_override_parameters())
        if self._takes_key():
            given.append(_KEY)
        if self._is_tagged():
            given.append(_HAVE)
        return given

    def _map_basic_serializer(self, serializer: Any, direction: Any) -> Any:
        schema = super()._map_basic_serializer(serializer, direction)  # type: ignore[no-untyped-call]
        if isinstance(serializer, InputSerializer):
            schema["additionalProperties"] = serializer.ignores_unknown
            if serializer.always:
                schema["required"] = sorted({*schema.get("required", ()), *serializer.always})
            for name, field in serializer.fields.items():
                if isinstance(field, serializers.CharField):
                    is_blank = field.allow_blank or not field.trim_whitespace
                    texts_told(schema["properties"][name], NO_NUL if is_blank else NOT_BLANK)
            schema |= _also(serializer, schema.get("required", ()))
        if isinstance(serializer, OutputSerializer) and schema.get("properties"):
            schema["required"] = sorted(schema["properties"])  # an answer has all its fields
        return schema

    def _get_response_bodies(self, direction: Literal["request", "response"] = "response") -> Any:
        bodies = super()._get_response_bodies(direction)
        answers = {status: body for status, body in bodies.items() if status < "400"}
        for status, body in answers.items():
            body["headers"] = {**body.get("headers", {}), **header_refs(*self._headers(status, body))}
            body["description"] = body.get("description") or "As asked."
        if self._is_tagged() and "application/json" in answers.get("200", {}).get("content", {}):
            answers["304"] = {"description": "What the client has is still so.", "headers": header_refs("ETag")}
        said = {status: body.get("description", "") for status, body in bodies.items() if status >= "400"}
        if (getattr(self.view, "action", None) or self.method.lower()) in getattr(self.view, "step_up", ()):
            said["403"] = _STEP_UP
        self.resolve_serializer(ErrorEnvelope, direction)
        return answers | answers_of(codes_of(self._shape(bodies)), said)

    def _headers(self, status: str, body: Any) -> Iterator[str]:
        if self._takes_key():
            yield "Idempotent-Replayed"
        if status == "200" and self._is_tagged() and "application/json" in body.get("content", {}):
            yield "ETag"

    # Shape

    def _shape(self, bodies: Any) -> Shape:
        return Shape(
            login=self._login(),
            is_write=self._is_write(),
            has_body=self._reads_a_body(),
            has_parameters=self._is_list_view() or bool(self._query()),
            names_a_thing="{" in self.path,
            takes_key=self._takes_key(),
            is_negotiated=not issubclass(self.view.content_negotiation_class, AnyAccept),
            own=tuple(self._own()),
        )

    def _reads_a_body(self) -> bool:
        """A DELETE may have one as well, though the document has no place to show it."""
        if self.method == "DELETE" and hasattr(self.view, "get_serializer"):
            return isinstance(force_instance(self.get_request_serializer()), InputSerializer)  # type: ignore[no-untyped-call]
        return self._is_write() and bool(self._get_request_body())  # type: ignore[no-untyped-call]

    def _login(self) -> Login:
        if not self.view.get_authenticators():
            return Login.UNSEEN
        return Login.OPTIONAL if {} in self.get_auth() else Login.REQUIRED

    def _is_write(self) -> bool:
        return self.method in {"POST", "PUT", "PATCH", "DELETE"}

    def _takes_key(self) -> bool:
        return self.method == "POST" and getattr(self.view, "is_idempotent", False)

    def _is_tagged(self) -> bool:
        return self.method == "GET" and getattr(self.view, "has_etag", False)

    def _query(self) -> list[Any]:
        return [one for one in self._get_parameters() if one["in"] == "query"]

    def _own(self) -> Iterator[type[Any]]:
        named: dict[str, Refusals] = getattr(self.view, "refusals", {})
        yield from named.get("*", ())
        yield from named.get(getattr(self.view, "action", None) or self.method.lower(), ())
        for permission in self.view.get_permissions():
            yield from getattr(permission, "refusals", ())
        if any(isinstance(permission, IsVerified) for permission in self.view.get_permissions()):
            yield from guard_refusals()

    # Who

    def _roles(self) -> list[str]:
        """Return the roles that may call it; none where anybody may."""
        asked = self.view.get_permissions()
        for permission in asked:
            roles = getattr(permission, "roles", ())
            if roles:
                return sorted(str(role) for role in roles)
            if isinstance(permission, permissions.IsAdminUser):
                return ["ADMIN"]
        return sorted(_PEOPLE) if any(isinstance(permission, IsLoggedIn) for permission in asked) else []

    def _audience(self) -> str:
        roles = self._roles()
        if not roles:
            return "Open to anybody."
        names = [_PEOPLE[role] for role in _PEOPLE if role in roles]
        return f"For {' and '.join(names)}." if len(names) < len(_PEOPLE) else "For everybody with an account."
