"""Bodies from strangers: bounded in size and depth, and free of what no database can hold."""

import json
import re
from collections.abc import Iterable
from math import isfinite
from typing import IO, Any

from django.conf import settings
from django.http import QueryDict
from django.http.multipartparser import MultiPartParser as DjangoMultiPartParser
from django.http.multipartparser import MultiPartParserError
from rest_framework import exceptions
from rest_framework.parsers import BaseParser, DataAndFiles, MultiPartParser

MAX_INTEGER = 2**63 - 1
MAX_DEPTH = 50
NUL = "\0"
_FORM_OVERHEAD = 100_000
# In JSON that was written again: an escaped NUL behind an even number of backslashes.
_NUL = re.compile(r"(?<!\\)(?:\\\\)*\\u0000")


class BodyTooLarge(exceptions.APIException):
    status_code = 413
    default_code = "PAYLOAD_TOO_LARGE"
    default_detail = "The request is too large."


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def _integer(text: str) -> int:
    number = int(text)
    if abs(number) > MAX_INTEGER:
        raise ValueError("no column holds this number")
    return number


def _number(text: str) -> float:
    number = float(text)
    if not isfinite(number):
        raise ValueError("no column holds this number")
    return number


class StrictJSONParser(BaseParser):
    """Parse a JSON object; anything else is MALFORMED_REQUEST."""

    media_type = "application/json"

    def parse(self, stream: IO[bytes], media_type: str | None = None, parser_context: Any = None) -> Any:
        raw = stream.read(settings.MAX_BODY_BYTES + 1)
        if len(raw) > settings.MAX_BODY_BYTES:
            raise BodyTooLarge
        if not raw.strip():
            return {}
        try:
            data = _loads(raw.decode("utf-8"))
        except (ValueError, RecursionError) as exc:
            raise exceptions.ParseError("The body is not valid JSON.") from exc
        if not isinstance(data, dict):
            raise exceptions.ParseError("The body must be a JSON object.")
        return data


def _loads(text: str) -> Any:
    data = json.loads(text, parse_constant=_refuse_constant, parse_int=_integer, parse_float=_number)
    if _is_deep(data):
        raise ValueError("nested too deeply")
    if "\\u" in text:  # an escaped NUL or lone surrogate parses, and PostgreSQL stores neither
        again = json.dumps(data, ensure_ascii=False)
        again.encode("utf-8")
        if _NUL.search(again):
            raise ValueError("NUL is no character of a text")
    return data


def _is_deep(data: Any) -> bool:
    """Tell whether the data is nested so deeply that showing it in an error message could end in a RecursionError."""
    level = [data]
    for _ in range(MAX_DEPTH):
        level = [inner for outer in level for inner in _inside(outer)]
    return bool(level)


def _inside(data: Any) -> Iterable[Any]:
    if isinstance(data, dict):
        return data.values()
    return data if isinstance(data, list) else ()


def refuse_nul(form: QueryDict) -> QueryDict:
    """Return the form.

    :raises ParseError: if there is a NUL in it
    """
    if any(NUL in text for name, values in form.lists() for text in (name, *values)):
        raise exceptions.ParseError("NUL is no character of a text.")
    return form


class _Parts(DjangoMultiPartParser):
    def sanitize_file_name(self, file_name: str) -> str | None:
        if NUL in file_name:
            raise MultiPartParserError("NUL is no character of a file's name")
        return super().sanitize_file_name(file_name)


class BoundedMultiPartParser(MultiPartParser):
    """A form with one file: refused by its announced length, before anything of it is written to disk."""

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Any = None) -> DataAndFiles:
        request = parser_context["request"]
        length = request.META.get("CONTENT_LENGTH") or "0"
        if int(length) > settings.UPLOAD_MAX_BYTES + _FORM_OVERHEAD:
            raise BodyTooLarge
        about = {**request.META, "CONTENT_TYPE": media_type}
        try:
            form, files = _Parts(about, stream, request.upload_handlers, "utf-8").parse()
        except MultiPartParserError as exc:
            raise exceptions.ParseError(f"The form cannot be read: {exc}.") from exc
        return DataAndFiles(refuse_nul(form), files)
