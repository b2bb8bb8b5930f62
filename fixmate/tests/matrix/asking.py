"""How the matrix asks, and what two answers have to have in common to tell the asker nothing."""

import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.db import connection
from django.test.utils import CaptureQueriesContext

from fixmate.core.models import AuditEntry
from fixmate.tests.matrix.bodies import Body, body_of, format_of, prepare, takes_body
from fixmate.tests.matrix.rules import OK
from fixmate.tests.matrix.table import Row
from fixmate.tests.matrix.world import World, undone

NOPE: Body = {"nope": "1"}
_WRITES = ("INSERT", "UPDATE", "DELETE")
_AUDITS = f'INSERT INTO "{AuditEntry._meta.db_table}" '
_PASSING = ("X-Request-ID", "Date", "Content-Length")  # the last goes with the body, which is compared


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes
    queries: int
    has_written: bool
    audited: int  # how many audit entries it left

    def __str__(self) -> str:
        """Say it as the table does: the status, and the code of a refusal."""
        return f"{self.status} {self.code}".strip()

    @property
    def data(self) -> Any:
        is_json = self.headers.get("Content-Type", "").startswith("application/json")
        return json.loads(self.body) if is_json and self.body else None

    @property
    def error(self) -> dict[str, Any]:
        data = self.data
        return data.get("error", {}) if isinstance(data, dict) else {}

    @property
    def code(self) -> str:
        return self.error.get("code", OK)

    @property
    def masked(self) -> dict[str, Any]:
        """The answer without what differs between any two: path, moment and id of the request."""
        body = self.data or {}
        error = {name: value for name, value in self.error.items() if name not in ("path", "timestamp", "request_id")}
        headers = {name: value for name, value in self.headers.items() if name not in _PASSING}
        rest = {name: value for name, value in body.items() if name != "error"}
        return {"status": self.status, "headers": headers, "error": error, "rest": rest, "queries": self.queries}


def ask(world: World, actor: str, row: Row, body: Body | None = None, *, path: str = "") -> Answer:
    """Ask as the actor, and take back whatever came of it."""
    with undone():
        prepare(row, world)
        return ask_and_keep(world, actor, row, body, path=path)


def ask_and_keep(
    world: World, actor: str, row: Row, body: Body | None = None, *, path: str = "", form: str = ""
) -> Answer:
    call = getattr(world.client(actor), row.verb.lower())
    sent = {} if row.is_read or body is None else _sent(body, form or format_of(row))
    with CaptureQueriesContext(connection) as queries:
        response = call(path or world.address(row), **sent)
        content = response.getvalue() if response.streaming else response.content
    written = [query["sql"] for query in queries if query["sql"].startswith(_WRITES)]
    audited = sum(sql.startswith(_AUDITS) for sql in written)  # each is written by itself, behind the one before
    return Answer(response.status_code, dict(response.headers), content, len(queries), bool(written), audited)


def _sent(body: Body, form: str) -> dict[str, Any]:
    if form == "form":
        return {"data": urlencode(body), "content_type": "application/x-www-form-urlencoded"}
    return {"data": body, "format": form}


def ask_rightly(world: World, actor: str, row: Row) -> Answer:
    """Ask with a right body; once in a world is enough, as nothing stays of it."""
    asked = (actor, str(row))
    if asked not in world.answers:
        world.answers[asked] = ask(world, actor, row, body_of(row, world))
    answer: Answer = world.answers[asked]
    return answer


def ask_wrongly(world: World, actor: str, row: Row) -> Answer:
    """Ask with a body that names a field nobody knows."""
    return ask(world, actor, row, NOPE if takes_body(row) else None)
