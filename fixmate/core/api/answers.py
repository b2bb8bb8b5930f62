"""Refusals and headers as the OpenAPI document shows them; what many operations share stands there once."""

import json
from collections import Counter
from typing import Any

_REASONS = {
    "400": "The body, a parameter or the JSON itself is not valid.",
    "401": "Nobody is logged in, or the token is not valid any more.",
    "403": "The account may not do this.",
    "404": "There is no such thing, or the caller may not know of it.",
    "406": "The `Accept` header admits nothing that there is.",
    "409": "Not at this moment: the state does not allow it.",
    "413": "The body is too large.",
    "415": "The media type is not accepted.",
    "429": "Too many requests; `Retry-After` says when to try again.",
    "500": "A fault of ours. It has been recorded under the request's id.",
    "503": "Something the answer needs is away; `Retry-After` says when to try again.",
}
_NAMES = {
    "400": "BadRequest",
    "401": "Unauthorized",
    "403": "Forbidden",
    "404": "NotFound",
    "406": "NotAcceptable",
    "409": "Conflict",
    "413": "PayloadTooLarge",
    "415": "UnsupportedMediaType",
    "429": "TooManyRequests",
    "500": "InternalError",
    "503": "Unavailable",
}
_LATER = {"409", "429", "503"}
_HEADERS: dict[str, Any] = {
    "X-Request-ID": {
        "description": "The id of the request, as sent or made here; support asks for it.",
        "required": True,
        "schema": {"type": "string", "pattern": "^[A-Za-z0-9._-]{1,64}$"},
    },
    "Idempotent-Replayed": {
        "description": "`true` where the answer is the one given before to the same `Idempotency-Key`.",
        "schema": {"type": "string", "enum": ["true"]},
    },
    "ETag": {
        "description": "Of this answer for this reader; send it as `If-None-Match`.",
        "schema": {"type": "string", "pattern": '^W/"[0-9a-f]{32}"$'},
    },
    "Retry-After": {
        "description": "Seconds to wait before another try.",
        "schema": {"type": "integer", "minimum": 0},
    },
    "WWW-Authenticate": {"description": "The scheme to log in by.", "schema": {"type": "string"}},
}


def header_refs(*names: str) -> dict[str, Any]:
    """Name the headers, and the one that every answer has."""
    return {name: {"$ref": f"#/components/headers/{name}"} for name in ("X-Request-ID", *names)}


def answers_of(codes: dict[str, list[str]], said: dict[str, str]) -> dict[str, Any]:
    """Return the refusals by status, each with its codes alone; `said` holds better words than the usual ones."""
    return {code: _answer(code, codes[code], said.get(code, "")) for code in codes}


def _answer(code: str, codes: list[str], said: str) -> dict[str, Any]:
    narrowed = {
        "allOf": [
            {"$ref": "#/components/schemas/ErrorEnvelope"},
            {
                "type": "object",
                "required": ["error"],
                "properties": {
                    "error": {
                        "type": "object",
                        "required": ["code"],
                        "properties": {"code": {"type": "string", "enum": codes}},
                    }
                },
            },
        ]
    }
    headers = ["Retry-After"] if code in _LATER else ["WWW-Authenticate"] if code == "401" else []
    return {
        "description": said or _REASONS[code],
        "headers": header_refs(*headers),
        "content": {"application/json": {"schema": narrowed}},
    }


def share_answers(result: Any, generator: Any, request: Any, public: bool) -> Any:
    """Postprocess the document: of each status the refusal that most operations give stands under `components`."""
    shared: dict[str, Any] = {}
    answers = [operation["responses"] for path in result["paths"].values() for operation in path.values()]
    for code, name in _NAMES.items():
        holders = [held for held in answers if code in held]
        if holders:
            shared[name] = _most_usual([held[code] for held in holders])
        for held in holders:
            if held[code] == shared[name]:
                held[code] = {"$ref": f"#/components/responses/{name}"}
    result.setdefault("components", {}).update(headers=_HEADERS, responses=shared)
    return result


def _most_usual(answers: list[Any]) -> Any:
    counted = Counter(json.dumps(one, sort_keys=True) for one in answers)
    return json.loads(max(sorted(counted), key=lambda text: counted[text]))
