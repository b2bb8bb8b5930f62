"""The checklist of docs/security.md says what is so: each line names its proof, and each proof is there."""

import re

import pytest
from django.conf import settings

from fixmate.tests.chaos.catalogue import BY_ID

PAGE = (settings.BASE_DIR / "docs" / "security.md").read_text(encoding="utf-8")
# What has to have a line, whatever else there is.
ITEMS = [
    "BOLA", "Function level", "Permission change", "Mass assignment", "Excess data", "JWT", "Refresh reuse", "codes",
    "Enumeration", "Passwords", "provider", "Uploads", "SSRF", "Unsafe consumption", "Second factor",
    "Session fixation", "CSV injection", "Payment races", "Anti-automation", "client address", "Log injection", "Audit",
    "Errors", "Misconfiguration", "Inventory", "Deserialisation", "Change of credentials",
]  # fmt: skip


def rows() -> list[list[str]]:
    table = PAGE.partition("## The checklist")[2]
    lines = [line for line in table.splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in line.strip("| ").split(" | ")] for line in lines[1:]]


def names_of_tests() -> set[str]:
    files = [path for path in settings.BASE_DIR.rglob("test_*.py") if ".venv" not in path.parts]
    return {name for path in files for name in re.findall(r"^def (test_\w+)", path.read_text(encoding="utf-8"), re.M)}


def targets_there_are() -> set[str]:
    return set(re.findall(r"^([a-z-]+):", (settings.BASE_DIR / "Makefile").read_text(encoding="utf-8"), re.M))


@pytest.mark.parametrize("row", rows(), ids=lambda row: row[0])
def test_a_line_says_what_how_and_by_which_test(row):
    what, reference, how, proof = row

    assert what
    assert re.match(r"(API\d+|\d+\.\d+\.\d+)", reference)
    assert how
    assert re.search(r"`test_\w+`", proof)
    assert len(how.partition("n/a")[2]) > 10 or "n/a" not in how


@pytest.mark.parametrize("item", ITEMS)
def test_every_item_has_its_line(item):
    assert len([row for row in rows() if item in row[0]]) == 1


def test_every_test_that_is_named_is_there():
    named = set(re.findall(r"`(test_\w+)`", PAGE))

    assert len(named) > 80
    assert named - names_of_tests() == set()


def test_every_experiment_and_target_that_is_named_is_there():
    assert set(re.findall(r"\b(C\d+)\b", PAGE)) <= set(BY_ID)
    assert set(re.findall(r"`make ([a-z-]+)`", PAGE)) <= targets_there_are()
