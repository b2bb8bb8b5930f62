"""What no caller may set: every column of every model, and what callers like to try, sent along with a right body."""

from collections.abc import Iterator
from copy import deepcopy

import pytest

from fixmate.tests.matrix.allowed import COLUMNS, TRIED, bodies_of, fields_of, lines_of, rows_of_all_tables
from fixmate.tests.matrix.asking import ask_and_keep
from fixmate.tests.matrix.bodies import body_of, format_of, prepare, takes_body
from fixmate.tests.matrix.golden import as_written
from fixmate.tests.matrix.table import WRITES
from fixmate.tests.matrix.world import undone

pytestmark = pytest.mark.django_db
FILE = "bodies.txt"
WITH_BODY = [row for row in WRITES if takes_body(row)]
MEDIA_TYPES = {"json": "application/json", "multipart": "multipart/form-data"}


def sent(world, row, body, form=""):
    """Send it as the last of those the row lets in."""
    with undone():
        prepare(row, world)
        return ask_and_keep(world, row.actors_let_in()[-1], row, body, form=form)


def test_bodies_have_the_fields_that_the_list_says():
    """A field that is added to a body is seen by whoever reviews the list."""
    lines = [line for row in WRITES for line in lines_of(row)]

    assert lines == as_written(FILE, lines)


def test_what_is_tried_is_what_there_is():
    assert {"role", "is_dispatcher", "technician_id", "platform_fee_minor", "rating_sum", "status"} <= COLUMNS


@pytest.mark.parametrize("row", WITH_BODY, ids=str)
def test_fields_of_models_are_refused_by_name(world, row):
    body, documented = body_of(row, world), bodies_of(row)  # OpenAPI knows no body of a DELETE
    known = fields_of(documented[MEDIA_TYPES[format_of(row)]]) if documented else set(body)
    unknown = set(TRIED) - known

    answer = sent(world, row, {**dict.fromkeys(unknown, "1"), **body})

    assert str(answer) == "400 VALIDATION_ERROR"
    assert set(answer.error["details"]) == unknown
    assert not answer.has_written


def _with_one_more_inside(body) -> Iterator[tuple[dict, str]]:
    """Yield the body with an unknown field in each object inside it."""
    for key, value in body.items():
        inner = value[0] if isinstance(value, list) and value else value
        if isinstance(inner, dict):
            changed = deepcopy(body)
            target = changed[key][0] if isinstance(value, list) else changed[key]
            target["role"] = "ADMIN"
            yield changed, key


NESTED = {"POST /api/v1/services", "PATCH /api/v1/services/{service}", "POST /api/v1/jobs/{job}/complete"}
NESTED |= {"PUT /api/v1/technicians/me/availability", "POST /api/v1/admin/policies"}
NESTED |= {"POST /api/v1/payments/{payment_taken}/refunds", "POST /api/v1/jobs/{job}/quotes"}


@pytest.mark.parametrize("row", WITH_BODY, ids=str)
def test_unknown_fields_inside_are_refused_too(world, row):
    body = {} if format_of(row) == "multipart" else body_of(row, world)
    tries = list(_with_one_more_inside(body))
    answers = [(sent(world, row, changed), key) for changed, key in tries]

    assert bool(tries) == (str(row) in NESTED)
    for answer, key in answers:
        assert (str(answer), set(answer.error["details"])) == ("400 VALIDATION_ERROR", {key})
        assert not answer.has_written


OTHER_FORMS = [(row, form) for row in WITH_BODY for form in ("multipart", "form") if format_of(row) != form]


@pytest.mark.parametrize(("row", "form"), OTHER_FORMS, ids=str)
def test_other_forms_of_a_body_set_nothing(world, row, form):
    """A form is read where the API's document says so, and there it is held to the same list."""
    answer = sent(world, row, {"role": "ADMIN", "status": "ACTIVE"}, form=form)
    takes_form = "application/x-www-form-urlencoded" in bodies_of(row) and form == "form"

    assert str(answer) == ("400 VALIDATION_ERROR" if takes_form else "415 UNSUPPORTED_MEDIA_TYPE")
    assert not answer.has_written


def test_all_of_it_together_leaves_every_table_as_it_was(world):
    """What the answers say of statements, held against the rows themselves."""
    before = rows_of_all_tables()
    with undone():
        for row in WITH_BODY:
            body = {**body_of(row, world), **dict.fromkeys(_TAKEOVER, "ADMIN")}
            ask_and_keep(world, row.actors_let_in()[-1], row, body)
        after = rows_of_all_tables()

    assert sum(len(rows) for rows in before.values()) > 100
    assert after == before


_TAKEOVER = ("is_staff", "is_superuser", "user_id", "platform_fee_minor", "verified_at")
