"""Every route and verb there is, read from the resolver: nothing can be added that the tests do not see."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.urls import URLPattern, URLResolver, get_resolver

CONSOLE = "admin/"
VERBS = ("GET", "POST", "PUT", "PATCH", "DELETE")


@dataclass(frozen=True)
class Route:
    path: str
    view: Any

    def __str__(self) -> str:
        return f"/{self.path}"

    @property
    def shape(self) -> str:
        """The path with its parameters unnamed, as `/api/v1/jobs/{}`."""
        plain = re.sub(r"\(\?P<\w+>.*?\)(?=/|$)|<[^>]+>", "{}", self.path)
        return "/" + plain

    @property
    def verbs(self) -> list[str]:
        """The verbs that somebody has written something for; HEAD goes with GET, and OPTIONS is everywhere."""
        methods = getattr(self.view, "actions", None)
        if methods is None:
            methods = [verb for verb in VERBS if hasattr(self.view.cls, verb.lower())]
        return [verb for verb in VERBS if verb in {method.upper() for method in methods}]


def _routes(patterns: list[Any], prefix: str = "") -> Iterator[Route]:
    for pattern in patterns:
        path = prefix + str(pattern.pattern).removeprefix("^").removesuffix(r"\Z").removesuffix("$")
        if isinstance(pattern, URLResolver):
            yield from _routes(pattern.url_patterns, path)
        elif isinstance(pattern, URLPattern):
            yield Route(path, pattern.callback)


EVERYWHERE = list(_routes(get_resolver().url_patterns))
ROUTES = [route for route in EVERYWHERE if not route.path.startswith(CONSOLE)]


def operations() -> set[tuple[str, str]]:
    """Return every verb with the shape of its route, the console left out."""
    return {(verb, route.shape) for route in ROUTES for verb in route.verbs}


def shape_of(path: str) -> str:
    """Return the shape of an address that names its things, as `/api/v1/jobs/{job}`."""
    return re.sub(r"{\w+}", "{}", path)
