"""Who may do what: every actor at every route and verb, held against the table."""

from uuid import uuid4

import pytest

from fixmate.tests.matrix import bodies
from fixmate.tests.matrix.asking import ask, ask_rightly, ask_wrongly
from fixmate.tests.matrix.bodies import body_of, takes_body
from fixmate.tests.matrix.routes import ROUTES, VERBS, operations, shape_of
from fixmate.tests.matrix.rules import ACTORS, OK, RULES, STAFF, UNKNOWN
from fixmate.tests.matrix.table import TABLE, WRITES, Row

pytestmark = pytest.mark.django_db
THINGS = [row for row in TABLE if row.things]
WRONG = "400 VALIDATION_ERROR"


# The table is whole


def test_every_route_and_verb_has_its_row():
    assert operations() - {(row.verb, shape_of(row.path)) for row in TABLE} == set()


def test_every_row_has_its_route():
    assert {(row.verb, shape_of(row.path)) for row in TABLE} - operations() == set()


def test_no_route_has_two_rows():
    rows = [(row.verb, shape_of(row.path)) for row in TABLE]

    assert sorted(set(rows)) == sorted(rows)


def test_every_body_has_its_row():
    assert bodies.rows_without_a_route(TABLE) == []


def test_every_staff_act_is_marked_as_audited():
    assert [str(row) for row in WRITES if row.is_staff_act() and not row.is_audited] == []


# Who gets how far


@pytest.mark.parametrize("row", TABLE, ids=str)
def test_actors_are_answered_as_the_table_says(world, row):
    answers = {actor: str(ask_rightly(world, actor, row)) for actor in row.actors}

    assert answers == {actor: row.expected(actor) for actor in row.actors}


@pytest.mark.parametrize("row", [row for row in WRITES if takes_body(row)], ids=str)
def test_a_wrong_body_is_told_to_nobody_who_may_not_send_a_right_one(world, row):
    answers = {actor: str(ask_wrongly(world, actor, row)) for actor in row.actors}

    assert answers == {actor: WRONG if row.judges_first(actor) else row.rule.answer_to(actor) for actor in row.actors}


@pytest.mark.parametrize("route", ROUTES, ids=str)
def test_verbs_without_a_row_do_nothing(world, route):
    rows = {row.verb: row for row in TABLE if shape_of(row.path) == route.shape}
    row = next(iter(rows.values()))
    for verb in set(VERBS) - rows.keys():
        for actor in ("anonymous", "owner", "assigned", "admin"):
            call = getattr(world.client(actor), verb.lower())
            assert call(world.address(row)).status_code in (401, 403, 405)


# What may not be known of answers like what does not exist


@pytest.mark.parametrize("row", THINGS, ids=str)
def test_what_exists_is_refused_like_what_does_not(world, row):
    """The same status, headers, body and number of queries, to whomever it is refused."""
    blind = [actor for actor in ACTORS if _is_refused_blindly(row.rule, actor)]
    body = body_of(row, world)
    seen = {actor: ask_rightly(world, actor, row).masked for actor in blind}
    unseen = {actor: ask(world, actor, row, body, path=world.unknown_address(row)).masked for actor in blind}

    assert seen == unseen


def _is_refused_blindly(rule, actor):
    """Tell whether the refusal comes before the right on the thing is asked for."""
    refusal = rule.answer_to(actor)
    return refusal == UNKNOWN or (refusal != OK and refusal == rule.at_the_door(actor))


@pytest.mark.parametrize("row", THINGS, ids=str)
def test_who_would_be_let_in_finds_nothing_where_nothing_is(world, row):
    """Also where what stands in the address is no id at all."""
    actor = row.actors_let_in()[-1]
    nonsense = row.path.format(**dict.fromkeys(row.things, "no-id"))
    body, paths = body_of(row, world), (world.unknown_address(row), nonsense)
    answers = [ask(world, actor, row, body, path=path) for path in paths]

    assert [str(answer) for answer in answers] == [UNKNOWN, UNKNOWN]


HIDDEN = [
    "/api/v1/services/{service_deleted}",
    "/api/v1/technicians/{benched}",
    "/api/v1/technicians/{barred}",
    "/api/v1/technicians/{applicant}",
    "/api/v1/technicians/{benched}/reviews",
    "/api/v1/technicians/{barred}/reviews",
]


@pytest.mark.parametrize("path", HIDDEN)
def test_what_the_public_does_not_see_is_not_there_for_anybody(world, path):
    row = Row("GET", path, RULES["public"], "404")
    for actor in ACTORS:
        hidden = ask(world, actor, row)
        assert hidden.masked == ask(world, actor, row, path=world.unknown_address(row)).masked
        assert str(hidden) == (row.rule.answer_to(actor) or UNKNOWN)


NAMED_BY_BODY = [  # row, field, thing of another, as a list
    ("POST /disputes", "job_id", "job_done", "customer"),
    ("POST /disputes", "job_id", "job_done", "stranger"),
    ("POST /blocks", "job_id", "job_done", "customer"),
    ("POST /blocks", "job_id", "job_done", "released"),
    ("POST /jobs", "photos", "upload", "customer"),
    ("POST /jobs", "service_id", "service_deleted", "customer"),
]


@pytest.mark.parametrize(("name", "key", "thing", "actor"), NAMED_BY_BODY)
def test_what_a_body_names_is_refused_like_what_does_not_exist(world, name, key, thing, actor):
    row = next(row for row in TABLE if str(row) == name.replace(" ", " /api/v1"))
    answers = []
    for pk in (str(world.ids[thing]), str(uuid4())):
        answer = ask(world, actor, row, {**body_of(row, world), key: [pk] if key == "photos" else pk}).masked
        answers.append({**answer, "error": str(answer["error"]).replace(pk, ""), "queries": None})

    assert answers[0] == answers[1]
    assert answers[0]["status"] in (400, 404, 409)


# Acts of staff are on record


@pytest.mark.parametrize("row", WRITES, ids=str)
def test_what_staff_do_leaves_one_audit_entry_and_what_others_do_none(world, row):
    written = {actor: ask_rightly(world, actor, row).audited for actor in row.actors}

    assert written == {actor: int(_is_staff_act(row, actor)) for actor in row.actors}


def _is_staff_act(row, actor):
    return row.is_audited and actor in STAFF and row.expected(actor).startswith("2")
