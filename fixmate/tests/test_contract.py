"""The API as callers know it does not change without somebody saying so, in a diff of contract.txt."""

from copy import deepcopy

import pytest
from drf_spectacular.generators import SchemaGenerator

from fixmate.tests.contract import FILE, lines_of

ANEW = "if this is meant, write it down: python -m fixmate.tests.contract, and a line in CHANGELOG.md"


@pytest.fixture(scope="module")
def schema():
    return SchemaGenerator().get_schema(request=None, public=True)


def qualified(lines):
    """Each line with the operation it belongs to, so that the same field of two operations is two."""
    operation, found = "", set()
    for line in lines:
        operation = line if not line.startswith(" ") else operation
        found.add(f"{operation}{'' if line == operation else f': {line.strip()}'}")
    return found


def written():
    return FILE.read_text(encoding="utf-8").splitlines()


def test_nothing_callers_rely_on_is_gone(schema):
    gone = qualified(written()) - qualified(lines_of(schema))

    assert sorted(gone) == [], ANEW


def test_nothing_is_offered_that_is_not_written_down(schema):
    new = qualified(lines_of(schema)) - qualified(written())

    assert sorted(new) == [], ANEW


def test_a_field_or_an_operation_that_goes_is_seen(schema):
    """The control: what is taken out of a copy of the document is what is reported."""
    less = deepcopy(schema)
    del less["paths"]["/api/v1/offers/{id}/accept"]
    del less["components"]["schemas"]["UserOutput"]["properties"]["phone"]

    gone = qualified(lines_of(schema)) - qualified(lines_of(less))

    assert "POST /api/v1/offers/{id}/accept" in gone
    assert any("GET /api/v1/auth/me: phone" in line for line in gone)
