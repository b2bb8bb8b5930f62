"""What FixMate consists of: every library it needs, and what those need, in the versions that are installed."""

from collections.abc import Iterable, Iterator
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name


def requirements_in(lines: Iterable[str]) -> Iterator[Requirement]:
    for line in lines:
        text = line.partition("#")[0].strip()
        if text:
            yield Requirement(text)


def libraries(wanted: Iterable[Requirement]) -> dict[str, Distribution]:
    """Return what is wanted and whatever that needs here, by name; what is not installed is left out."""
    found: dict[str, Distribution] = {}
    waiting = [(one, "") for one in wanted]
    seen: set[tuple[str, str]] = set()
    while waiting:
        requirement, extra = waiting.pop()
        name = canonicalize_name(requirement.name)
        applies = requirement.marker is None or requirement.marker.evaluate({"extra": extra})
        library = _installed(name) if applies else None
        if library is None:
            continue
        found[name] = library
        for asked in {"", *requirement.extras}:
            if (name, asked) not in seen:
                seen.add((name, asked))
                waiting += [(Requirement(text), asked) for text in library.requires or []]
    return dict(sorted(found.items()))


def bill_of_materials(requirements: Path) -> dict[str, Any]:
    """Return the bill in CycloneDX's form, which scanners of known vulnerabilities read."""
    wanted = requirements_in(requirements.read_text(encoding="utf-8").splitlines())
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": {"component": {"type": "application", "name": "fixmate"}},
        "components": [_component(name, library.version) for name, library in libraries(wanted).items()],
    }


def _component(name: str, version: str) -> dict[str, str]:
    purl = f"pkg:pypi/{name}@{version}"
    return {"type": "library", "bom-ref": purl, "name": name, "version": version, "purl": purl}


def _installed(name: str) -> Distribution | None:
    try:
        return distribution(name)
    except PackageNotFoundError:
        return None
