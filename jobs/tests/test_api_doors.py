"""Who may call what."""

import pytest

from accounts.tests.factories import UserFactory
from fixmate.core.tests.http import client_for
from jobs.tests.factories import (
    job_assigned,
)
from jobs.tests.helpers import nothing_written
from jobs.tests.http import ACTORS, JOBS, at_the_door, code_of, url_of
from technicians.tests.factories import TechnicianFactory

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("api_rules")]


ROUTES = {
    "list": ("get", ""),
    "request": ("post", ""),
    "read": ("get", "{id}"),
    "start": ("post", "{id}/start"),
    "complete": ("post", "{id}/complete"),
    "cancel": ("post", "{id}/cancel"),
    "preview": ("get", "{id}/cancel-preview"),
    "rematch": ("post", "{id}/rematch"),
    "renew": ("post", "{id}/renew-start-code"),
    "timeline": ("get", "{id}/timeline"),
    "note": ("post", "{id}/timeline"),
}
# An empty body: 400 and 409 say that the door is open.
DOORS = {
    "anonymous": dict.fromkeys(ROUTES, 401),
    "unverified": dict.fromkeys(ROUTES, 403),
    "stranger customer": {
        "list": 200,
        "request": 400,
        "read": 404,
        "start": 403,
        "complete": 403,
        "cancel": 404,
        "preview": 404,
        "rematch": 404,
        "renew": 404,
        "timeline": 404,
        "note": 404,
    },
    "stranger technician": {
        "list": 200,
        "request": 403,
        "read": 404,
        "start": 404,
        "complete": 404,
        "cancel": 404,
        "preview": 403,
        "rematch": 403,
        "renew": 403,
        "timeline": 404,
        "note": 404,
    },
    "owner": {
        "list": 200,
        "request": 400,
        "read": 200,
        "start": 403,
        "complete": 403,
        "cancel": 400,
        "preview": 200,
        "rematch": 409,
        "renew": 200,
        "timeline": 200,
        "note": 400,
    },
    "assigned technician": {
        "list": 200,
        "request": 403,
        "read": 200,
        "start": 400,
        "complete": 400,
        "cancel": 400,
        "preview": 403,
        "rematch": 403,
        "renew": 403,
        "timeline": 200,
        "note": 400,
    },
    "admin": {
        "list": 200,
        "request": 403,
        "read": 200,
        "start": 403,
        "complete": 403,
        "cancel": 400,
        "preview": 200,
        "rematch": 400,
        "renew": 403,
        "timeline": 200,
        "note": 400,
    },
}


@pytest.mark.parametrize(
    ("actor", "route", "status"), [(actor, route, status) for actor in DOORS for route, status in DOORS[actor].items()]
)
def test_permission(actor, route, status):
    job = at_the_door()
    method, path = ROUTES[route]
    url = f"{JOBS}/{path.format(id=job.pk)}".rstrip("/")

    answer = getattr(client_for(ACTORS[actor](job)), method)(url, {} if method == "post" else None)

    assert answer.status_code == status


@pytest.mark.parametrize("route", [name for name, (_, path) in ROUTES.items() if path])
@pytest.mark.parametrize("pk", ["00000000-0000-7000-8000-000000000000", "not-an-id"])
def test_what_does_not_exist_looks_like_what_is_not_ones_own(route, pk):
    job = job_assigned()
    method, path = ROUTES[route]
    user = TechnicianFactory().user if route in ("start", "complete") else UserFactory()

    unknown, hidden = (
        getattr(client_for(user), method)(f"{JOBS}/{path.format(id=one)}").json()["error"] for one in (pk, job.pk)
    )

    for name in ("path", "timestamp", "request_id"):
        del unknown[name], hidden[name]
    assert unknown == hidden


@pytest.mark.parametrize("method", ["put", "patch", "delete"])
def test_job_cannot_be_edited_or_deleted(method, admin):
    job = job_assigned()

    with nothing_written():
        answer = getattr(client_for(admin), method)(url_of(job), {"status": "COMPLETED"})

    assert code_of(answer) == (405, "METHOD_NOT_ALLOWED")
