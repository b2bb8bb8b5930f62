"""How made-up requests are sent: as somebody, about things that are there, and so that nothing stays of them."""

import re
from uuid import UUID

from accounts.api.tokens import pair_of
from fixmate.tests.conformance.exceptions import excluded_checks
from fixmate.tests.matrix.rules import role_of
from fixmate.tests.matrix.table import TABLE
from fixmate.tests.matrix.world import session_of, undone

# Who asks, by the names of the matrix.
ANONYMOUS, CUSTOMER, TECHNICIAN, STAFF = ACTORS = ("anonymous", "owner", "assigned", "admin")
PLAIN = {"Accept-Encoding": "identity"}  # nobody unpacks what is packed on the way
_ROWS = {(row.verb, re.sub(r"{\w+}", "{}", row.path)): row for row in TABLE}
_NAMED = {
    "job_id": "job",
    "service_id": "service",
    "service_ids": "service",
    "category_id": "category",
    "technician_id": "technician",
    "version_id": "version",
    "photos": "upload",
    "evidence": "upload",
}


def row_of(operation):
    """Return the operation's line in the permission matrix."""
    return _ROWS[operation.method.upper(), re.sub(r"{\w+}", "{}", operation.path)]


def gets_furthest(operation, actor):
    """Tell whether nobody is let in further than the actor: each operation is one actor's."""
    row = row_of(operation)
    return actor == next((one for one in ACTORS if row.lets_in(one)), ANONYMOUS)


def headers_of(world, actor):
    """Return what shows who asks, by a login of this moment."""
    if actor == ANONYMOUS:
        return PLAIN
    session = session_of(world.people[actor], has_shown_factor=role_of(actor) == "A")
    return PLAIN | {"Authorization": f"Bearer {pair_of(session).access_token}"}


def ask(case, world, actor):
    """Send it, hold the answer to the document, and undo what it did."""
    with undone():
        refer(case, world)
        headers = headers_of(world, actor)
        response = case.call(headers=headers)
        case.validate_response(response, headers=headers, excluded_checks=excluded_checks(case, response))


def refer(case, world, known=frozenset()):
    """Put ids of things that are there where the request has made-up ones; those of the known names are not."""
    for name, thing in zip(re.findall(r"{(\w+)}", case.operation.path), row_of(case.operation).things, strict=True):
        parts = case.path_parameters or {}
        if name not in known and thing in world.ids and _is_id(parts.get(name), world.ids[thing]):
            parts[name] = str(world.ids[thing])
    if isinstance(case.body, dict):
        _refer_in(case.body, world, known)


def _refer_in(body, world, names_known):
    for name, thing in _NAMED.items():
        if name in names_known:
            continue
        value, known = body.get(name), world.ids[thing]
        if _is_id(value, known):
            body[name] = known if isinstance(known, int) else str(known)
        elif isinstance(value, list) and value and all(_is_id(one, known) for one in value):
            body[name] = [str(known)]


def _is_id(value, known):
    """Tell whether the value is made as the known id is."""
    if isinstance(known, int):
        return str(value).isdigit() and 0 < int(value) < 2**31
    try:
        return bool(UUID(value))
    except (AttributeError, TypeError, ValueError):
        return False
