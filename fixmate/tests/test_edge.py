"""What stands around every view stands around each one there is, and what acts on the edge does so with real views."""

import pytest
from django.test import RequestFactory
from django.urls import get_resolver

from accounts.tests.factories import UserFactory
from catalog.tests.factories import ServiceFactory
from fixmate.core.api.edge import Edge
from fixmate.core.api.idempotency import HEADER, REPLAYED
from fixmate.core.models import IdempotencyClaim
from fixmate.core.tallies import tallied
from fixmate.core.tests.http import client_for
from fixmate.ops.api.views import SchemaView
from fixmate.wsgi import application
from jobs.models import Job
from jobs.rules import start_code
from jobs.tests.factories import JobFactory
from matching.errors import ACCEPT_CONFLICT
from matching.models import Offer
from matching.services import matching_run_pass, offer_accept, offer_reject
from technicians.tests.factories import BASE_LATITUDE, BASE_LONGITUDE, technician_ready

pytestmark = pytest.mark.django_db
KEY = {HEADER: "key-1"}
HERE = {"latitude": BASE_LATITUDE, "longitude": BASE_LONGITUDE}


def views():
    """Return every view class of the API, from the resolver."""

    def found(patterns, prefix=""):
        for pattern in patterns:
            path = prefix + str(pattern.pattern)
            if hasattr(pattern, "url_patterns"):
                yield from found(pattern.url_patterns, path)
            elif path.startswith("api/v1/"):
                yield getattr(pattern.callback, "cls", pattern.callback)

    return set(found(get_resolver().url_patterns))


def test_every_view_of_the_api_has_the_edge_around_it():
    bare = {view.__name__ for view in views() if not issubclass(view, Edge)}

    assert bare == {SchemaView.__name__}


def test_no_view_has_a_limit_that_is_not_set(settings):
    named = {name for view in views() for name in getattr(view, "limits", {}).values()}

    assert named <= set(settings.RATES)


def post(user, path, body=None, key="k-1"):
    return client_for(user).post(f"/api/v1/{path}", body or {}, headers={"Idempotency-Key": key})


@pytest.fixture
def offer():
    service = ServiceFactory()
    technician_ready(service)
    job = JobFactory(service=service)
    matching_run_pass(job_id=job.pk)
    return Offer.objects.select_related("job__customer", "technician__user").get(job=job)


@pytest.fixture
def assigned(offer):
    offer_accept(offer_id=offer.pk, actor=offer.technician.user)
    return Job.objects.get(pk=offer.job_id)


def test_an_order_that_is_repeated_is_one_order():
    service, customer = ServiceFactory(), UserFactory()
    body = {"service_id": str(service.pk), "description": "The tap drips.", "address": "12 Beacon Street", **HERE}

    first, again = (post(customer, "jobs", body) for _ in range(2))

    assert (first.status_code, again.status_code, again.content) == (201, 201, first.content)
    assert Job.objects.count() == 1


def test_wrong_start_codes_count_with_a_key_too_and_the_right_one_is_kept(offer, assigned):
    wrong = {"start_code": "0000" if start_code(assigned) != "0000" else "0001", **HERE}
    right = {"start_code": start_code(assigned), **HERE}
    path, technician = f"jobs/{assigned.pk}/start", offer.technician.user

    left = [post(technician, path, wrong).json()["error"]["details"]["tries_left"] for _ in range(2)]
    started = [post(technician, path, right) for _ in range(2)]

    assert left == [4, 3]
    assert [answer.status_code for answer in started] == [200, 200]
    assert started[1].content == started[0].content
    assert Job.objects.get(pk=assigned.pk).start_code_failures == 2


def test_a_new_start_code_is_never_stored(assigned):
    path = f"jobs/{assigned.pk}/renew-start-code"

    answers = [post(assigned.customer, path) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [200, 200]
    code = start_code(Job.objects.get(pk=assigned.pk))
    assert answers[1].json()["start_code"] == code
    assert IdempotencyClaim.objects.count() == 0


def test_a_refused_accept_is_tallied_with_a_key_too(offer):
    offer_reject(offer_id=offer.pk, actor=offer.technician.user, reason="BUSY")

    refused = post(offer.technician.user, f"offers/{offer.pk}/accept")

    code = refused.json()["error"]["code"]
    assert refused.status_code == 409
    assert tallied(f"{ACCEPT_CONFLICT}{code}") == 1
    assert IdempotencyClaim.objects.count() == 0


def test_offers_are_not_tagged_and_jobs_are(offer):
    technician = client_for(offer.technician.user)

    assert "ETag" not in technician.get(f"/api/v1/offers/{offer.pk}")
    assert "ETag" in client_for(offer.job.customer).get(f"/api/v1/jobs/{offer.job_id}")
    assert "ETag" in client_for().get("/api/v1/services")


def test_a_login_ignores_the_key():
    body = {"email": "ada@example.com", "password": "wrong password"}

    answers = [post(None, "auth/login", body, key="not a key") for _ in range(2)]

    assert [answer.status_code for answer in answers] == [401, 401]
    assert IdempotencyClaim.objects.count() == 0


def test_a_registration_that_is_repeated_sends_one_code():
    body = {"email": "a@example.com", "password": "correct horse battery", "role": "CUSTOMER"}
    body |= {"first_name": "Ada", "last_name": "Lovelace"}

    answers = [post(None, "auth/register", body) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [202, 202]
    assert answers[1]["Idempotent-Replayed"] == "true"
    stored = IdempotencyClaim.objects.get()
    assert "horse" not in f"{stored.scope}{stored.body}{stored.headers}"


def test_the_console_runs_no_script_but_its_own(client):
    answer = client.get("/admin/login/")

    assert answer.status_code == 200
    assert "script-src" not in answer["Content-Security-Policy"]
    assert answer["Content-Security-Policy"].startswith("default-src 'self';")
    assert b"<script>" not in answer.content


def test_a_refusal_that_echoes_much_is_not_kept():
    customer = client_for(UserFactory())
    body = {f"field-{number}": 1 for number in range(2_000)}

    answers = [customer.post("/api/v1/jobs", body, format="json", headers=KEY) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [400, 400]
    assert not any(REPLAYED in answer.headers for answer in answers)
    assert IdempotencyClaim.objects.count() == 0


def test_a_path_no_database_takes_is_refused_with_a_key_too():
    answer = client_for(UserFactory()).post("/api/v1/jobs/%00/cancel", {}, format="json", headers=KEY)

    assert answer.status_code == 400


@pytest.mark.parametrize("charset", ["hex", "undefined", "punycode", "nonsense", "utf-16"])
def test_a_charset_that_the_client_names_breaks_nothing(charset):
    named = {"PATH_INFO": "/healthz", "QUERY_STRING": "x=1", "CONTENT_TYPE": f"a/b; charset={charset}"}
    environ = RequestFactory()._base_environ(**named)
    begun = []

    body = b"".join(application(environ, lambda status, headers: begun.append(status)))

    assert (begun, bool(body)) == (["200 OK"], True)
