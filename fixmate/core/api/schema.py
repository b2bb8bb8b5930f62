"""The OpenAPI document: every operation names the errors it can answer."""

from typing import Any, Literal

from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, inline_serializer
from rest_framework import serializers

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
_REASONS = {
    "400": "The body, a parameter or the JSON itself is not valid.",
    "401": "Nobody is logged in, or the token is not valid any more.",
    "403": "The account may not do this.",
    "404": "There is no such thing, or the caller may not know of it.",
    "409": "Not at this moment: the state does not allow it.",
    "413": "The body is too large.",
    "415": "The media type is not accepted.",
    "429": "Too many requests; `Retry-After` says when to try again.",
}


class FixMateSchema(AutoSchema):
    """drf-spectacular's schema, and the error answers that follow from an operation's shape."""

    def get_operation_id(self) -> str:
        return super().get_operation_id().removeprefix("api_v1_")

    def get_override_parameters(self) -> Any:
        given = super().get_override_parameters()
        takes_key = self.method == "POST" and getattr(self.view, "is_idempotent", False)
        return [*given, _KEY] if takes_key else given

    def _get_response_bodies(self, direction: Literal["request", "response"] = "response") -> Any:
        bodies = super()._get_response_bodies(direction)
        for status in self._error_statuses():
            if status not in bodies:
                error = OpenApiResponse(ErrorEnvelope, description=_REASONS[status])
                bodies[status] = self._get_response_for_code(error, status)  # type: ignore[no-untyped-call]
        return bodies

    def _error_statuses(self) -> list[str]:
        statuses = []
        if self._is_write() or self._takes_parameters():
            statuses.append("400")
        if self.get_auth() and {} not in self.get_auth():
            statuses += ["401", "403"]
        if "{" in self.path:
            statuses.append("404")
        if self._is_write():
            statuses += ["409", "413", "415", "429"]
        return statuses

    def _is_write(self) -> bool:
        return self.method in {"POST", "PUT", "PATCH", "DELETE"}

    def _takes_parameters(self) -> bool:
        return self._is_list_view()
