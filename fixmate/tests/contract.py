"""What callers rely on, as text: every operation with its parameters, fields and answers, a line each.

`python -m fixmate.tests.contract` writes contract.txt anew; the difference is what a review has to judge. A line that
goes or changes breaks somebody's app.
"""

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

FILE = Path(__file__).with_name("contract.txt")
METHODS = ("get", "post", "put", "patch", "delete")
DEPTH = 6  # of fields in fields


def lines_of(schema: dict[str, Any]) -> list[str]:
    """Return the contract: the operations in the order of their paths, each followed by what belongs to it."""
    found = []
    for path, item in sorted(schema["paths"].items()):
        for method in METHODS:
            if method in item:
                found += [f"{method.upper()} {path}", *_operation(schema, item[method])]
    return found


def _operation(schema: dict[str, Any], operation: dict[str, Any]) -> Iterator[str]:
    yield f"  id {operation['operationId']}"
    for parameter in sorted(operation.get("parameters", []), key=lambda one: (one["in"], one["name"])):
        yield f"  {parameter['in']} {parameter['name']}{_mark(parameter.get('required'))}: {_type(parameter['schema'])}"
    for media, content in sorted(operation.get("requestBody", {}).get("content", {}).items()):
        yield f"  takes {media}"
        yield from (f"    {line}" for line in _fields(schema, content.get("schema", {})))
    for status, answer in sorted(operation["responses"].items()):
        if int(status) >= 400:
            continue
        yield f"  answers {status}"
        for _, content in sorted(answer.get("content", {}).items()):
            yield from (f"    {line}" for line in _fields(schema, content.get("schema", {})))
    refusals = [status for status in sorted(operation["responses"]) if int(status) >= 400]
    yield f"  refuses {' '.join(refusals)}"


def _fields(schema: dict[str, Any], part: dict[str, Any], name: str = "", depth: int = DEPTH) -> Iterator[str]:
    """Yield a line for each field within, by its way from the outside: `results[].price.amount: string`."""
    part = _resolved(schema, part)
    if part.get("type") == "array" or "array" in _as_list(part.get("type")):
        yield from _fields(schema, part.get("items", {}), f"{name}[]", depth)
        return
    properties = part.get("properties", {})
    if not properties or not depth:
        yield f"{name or '(body)'}: {_type(part)}"
        return
    required = set(part.get("required", []))
    for field, inner in sorted(properties.items()):
        way = f"{name}.{field}" if name else field
        yield from _fields(schema, inner, way + _mark(field in required), depth - 1)


def _resolved(schema: dict[str, Any], part: dict[str, Any]) -> dict[str, Any]:
    """Return what a part refers to, through references and through "one of these, or null"."""
    while True:
        options = [one for key in ("allOf", "oneOf", "anyOf") for one in part.get(key, []) if one.get("type") != "null"]
        if "$ref" in part:
            part = schema["components"]["schemas"][part["$ref"].rpartition("/")[2]]
        elif len(options) == 1:
            part = options[0]
        else:
            return part


_WIDE = "int64"  # said of some columns by one database and not by the other; JSON's numbers have no width


def _type(part: dict[str, Any]) -> str:
    types = "|".join(_as_list(part.get("type"))) or "any"
    form = f"({part['format']})" if part.get("format", _WIDE) != _WIDE else ""
    values = ",".join(str(value) for value in part.get("enum", []) if value is not None)
    return f"{types}{form} {values}".rstrip()


def _as_list(value: Any) -> list[str]:
    return sorted(value) if isinstance(value, list) else [value] if value else []


def _mark(is_required: Any) -> str:
    return "!" if is_required else ""


def main() -> None:
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "fixmate.settings")
    django.setup()
    from drf_spectacular.generators import SchemaGenerator

    lines = lines_of(SchemaGenerator().get_schema(request=None, public=True))
    FILE.write_text("\n".join(lines) + "\n", encoding="utf-8")
    sys.stdout.write(f"{FILE}: {len(lines)} lines\n")


if __name__ == "__main__":
    main()
