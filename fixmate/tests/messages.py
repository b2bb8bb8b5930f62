"""The catalogues of locale/: `python -m fixmate.tests.messages` writes them anew from templates and code.

Django's makemessages needs GNU gettext on the machine; this needs Babel alone. What a translator wrote is kept as
long as its English is in use, and a catalogue with translations is compiled, which makes its language one for
`NEWS_LANGUAGE`.
"""

import sys
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import DEFAULT_KEYWORDS, extract
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from django.utils.translation.template import templatize

ROOT = Path(__file__).resolve().parents[2]
LOCALE = ROOT / "locale"
APPS = (
    "fixmate",
    "accounts",
    "catalog",
    "technicians",
    "jobs",
    "matching",
    "payments",
    "reviews",
    "disputes",
    "notifications",
)
_NOT_ABOUT_PEOPLE = {"tests", "migrations", "console"}  # Django's own catalogue has the words of the console
_LAZY = {"gettext_lazy": None, "ngettext_lazy": (1, 2), "pgettext_lazy": ((1, "c"), 2)}
KEYWORDS = {**DEFAULT_KEYWORDS, **_LAZY}


def sources() -> Iterator[Path]:
    for app in APPS:
        for path in sorted((ROOT / app).rglob("*")):
            is_read = path.suffix == ".py" or (path.suffix in (".html", ".txt") and "templates" in path.parts)
            if is_read and _NOT_ABOUT_PEOPLE.isdisjoint(path.relative_to(ROOT).parts):
                yield path


def extracted() -> Catalog:
    """Return what templates and code say, untranslated."""
    found = Catalog(project="FixMate", charset="utf-8")
    for path in sources():
        for _line, message, comments, context in extract("python", BytesIO(_as_python(path)), keywords=KEYWORDS):
            found.add(message, locations=[(str(path.relative_to(ROOT)), 0)], auto_comments=comments, context=context)
    return found


def _as_python(path: Path) -> bytes:
    source = path.read_text(encoding="utf-8")
    if path.suffix == ".py":
        return source.encode()
    lines = templatize(source, origin=str(path)).splitlines()
    return "\n".join(line.lstrip() for line in lines).encode()


def renewed(path: Path, template: Catalog) -> Catalog:
    """Return the catalogue of the file with the messages there are now."""
    with path.open("rb") as file:
        catalogue = read_po(file, locale=path.parts[-3])
    template.creation_date = catalogue.creation_date
    catalogue.update(template, no_fuzzy_matching=True, update_header_comment=False)
    return catalogue


def written(catalogue: Catalog) -> bytes:
    """Return the file: without line numbers, which every edit would change, and in the order of the alphabet."""
    out = BytesIO()
    write_po(out, catalogue, sort_output=True, include_lineno=False, ignore_obsolete=True, width=120)
    return out.getvalue()


def catalogues() -> list[Path]:
    return sorted(LOCALE.glob("*/LC_MESSAGES/django.po"))


def main() -> None:
    for path in catalogues():
        catalogue = renewed(path, extracted())
        path.write_bytes(written(catalogue))
        if any(message.id and message.string and any(message.string) for message in catalogue):
            with path.with_suffix(".mo").open("wb") as file:
                write_mo(file, catalogue)
        sys.stdout.write(f"{path.relative_to(ROOT)}: {len(catalogue)} messages\n")


if __name__ == "__main__":
    main()
