"""What the OpenAPI document says beyond the type of one field: which fields go together, and what a text may be."""

from typing import Any, Final

# No database holds a NUL in a text.
NO_NUL: Final = r"^[^\u0000]*$"
# Blanks alone are nothing; Python takes more for blanks than a pattern's `\s` does.
NOT_BLANK: Final = r"^[^\u0000]*[^\s\u0000\u001c-\u001f\u0085][^\u0000]*$"


def given(*names: str, none: str = "") -> dict[str, Any]:
    """Say that these texts are there and not null, and that there is none of the other name."""
    fields = {name: {"type": "string"} for name in names} | ({none: {"type": "null"}} if none else {})
    return {"type": "object", "required": list(names), "properties": fields}


def just_one(*names: str) -> dict[str, Any]:
    """Say that one of these texts is given, and no other of them: null counts as left out."""
    return {"oneOf": [given(name) for name in names]}


def together(*names: str) -> dict[str, Any]:
    """Say that whoever sends one of these fields sends them all."""
    return {"dependentRequired": {name: [other for other in names if other != name] for name in names}}


def texts_told(schema: dict[str, Any], pattern: str = NO_NUL) -> None:
    """Give the schema of a text the pattern, unless something narrower is said of it already."""
    if schema.get("type") in ("string", ["string", "null"]) and not schema.keys() & {"format", "enum", "pattern"}:
        schema["pattern"] = pattern
