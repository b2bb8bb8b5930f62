"""What staff do with a job by hand, over REST and in the console."""

import pytest
from django.test import Client
from django.urls import reverse

from accounts.tests.factories import UserFactory
from fixmate.core.models import AuditEntry
from fixmate.core.tests.http import NOBODY, client_for
from jobs.enums import JobStatus
from jobs.tests.factories import job_completed, job_matching, job_unmatched
from jobs.tests.helpers import nothing_written, stored
from matching.models import Exclusion
from matching.tests.factories import offer_accepted
from technicians.tests.factories import TechnicianFactory

pytestmark = pytest.mark.django_db
WHY = "The customer asked for him on the phone."
ACTS = ("rematch", "exclude", "assign", "transfer")
BY_HAND = ("assign", "transfer")


@pytest.fixture(autouse=True)
def _allowed(settings):
    settings.MANUAL_ASSIGNMENT = True


@pytest.fixture
def admin():
    return UserFactory(admin=True)


def _post(user, job, act, **body):
    return client_for(user).post(f"/api/v1/admin/jobs/{job.pk}/{act}", body)


def _body(act, technician):
    return {"reason": WHY} | ({} if act == "rematch" else {"technician_id": str(technician.pk)})


def _code(answer):
    return answer.status_code, answer.json()["error"]["code"]


# Doors


DOORS = {
    "anonymous": dict.fromkeys(ACTS, 401),
    "customer": dict.fromkeys(ACTS, 403),
    "technician": dict.fromkeys(ACTS, 403),
    "admin": {"rematch": 400, "exclude": 400, "assign": 403, "transfer": 403},
    "dispatcher": dict.fromkeys(ACTS, 400),
}
ACTORS = {
    "anonymous": lambda job: None,
    "customer": lambda job: job.customer,
    "technician": lambda job: job.technician.user,
    "admin": lambda job: UserFactory(admin=True),
    "dispatcher": lambda job: UserFactory(admin=True, is_dispatcher=True),
}


@pytest.mark.parametrize(("actor", "act", "status"), [(who, act, DOORS[who][act]) for who in DOORS for act in ACTS])
def test_permission(actor, act, status):
    job = offer_accepted().job
    user = ACTORS[actor](job)

    with nothing_written():
        answer = _post(user, job, act)

    assert answer.status_code == status


@pytest.mark.parametrize("act", ACTS)
def test_job_that_is_not_there_is_not_found(dispatcher, act):
    answer = client_for(dispatcher).post(f"/api/v1/admin/jobs/{NOBODY}/{act}", _body(act, TechnicianFactory()))

    assert _code(answer) == (404, "NOT_FOUND")


@pytest.mark.parametrize("act", ACTS)
@pytest.mark.parametrize(
    ("change", "field"), [({"reason": ""}, "reason"), ({"reason": "x" * 1_001}, "reason"), ({"force": True}, "force")]
)
def test_bad_body_is_refused(dispatcher, act, change, field):
    job, technician = job_matching(), TechnicianFactory()

    with nothing_written():
        answer = _post(dispatcher, job, act, **_body(act, technician) | change)

    assert (answer.status_code, set(answer.json()["error"]["details"])) == (400, {field})


@pytest.mark.parametrize("act", ["exclude", "assign", "transfer"])
@pytest.mark.parametrize("technician_id", ["x", str(NOBODY)])
def test_unknown_technician_is_refused(dispatcher, act, technician_id):
    job = job_matching()

    with nothing_written():
        answer = _post(dispatcher, job, act, technician_id=technician_id, reason=WHY)

    assert (answer.status_code, set(answer.json()["error"]["details"])) == (400, {"technician_id"})


# Acts


@pytest.mark.parametrize("make", [job_matching, job_unmatched])
def test_rematch_has_a_look_now(admin, make):
    job = make()

    answer = _post(admin, job, "rematch", reason=WHY)

    assert (answer.status_code, answer.json()["status"]) == (200, "MATCHING")
    assert AuditEntry.objects.get().action == "job.rematch"


def test_exclude_answers_201_and_then_200(admin):
    job, technician = job_matching(), TechnicianFactory()

    answers = [_post(admin, job, "exclude", **_body("exclude", technician)) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [201, 200]
    assert answers[0].json() == answers[1].json()
    assert answers[0].json() | {"created_at": None} == {
        "job_id": str(job.pk),
        "technician_id": str(technician.pk),
        "reason": WHY,
        "created_at": None,
    }


def test_exclude_of_who_has_the_job_says_how_else(admin):
    job = offer_accepted().job

    with nothing_written():
        answer = _post(admin, job, "exclude", **_body("exclude", job.technician))

    assert _code(answer) == (409, "TECHNICIAN_HAS_JOB")
    assert answer.json()["error"]["message"] == "The job is his. Transfer it to somebody else instead."


@pytest.mark.parametrize(("act", "make"), [("assign", job_matching), ("transfer", lambda: offer_accepted().job)])
def test_by_hand_answers_the_job(dispatcher, act, make):
    job, technician = make(), TechnicianFactory()

    answer = _post(dispatcher, job, act, **_body(act, technician))

    assert (answer.status_code, answer.json()["status"]) == (200, "ASSIGNED")
    assert answer.json()["technician"]["id"] == str(technician.pk)


@pytest.mark.parametrize("act", BY_HAND)
def test_by_hand_is_a_conflict_where_it_is_switched_off(settings, dispatcher, act):
    settings.MANUAL_ASSIGNMENT = False
    job, technician = job_matching(), TechnicianFactory()

    with nothing_written():
        answer = _post(dispatcher, job, act, **_body(act, technician))

    assert _code(answer) == (409, "MANUAL_ASSIGNMENT_OFF")


@pytest.mark.parametrize("act", BY_HAND)
def test_by_hand_of_a_closed_job_is_a_conflict(dispatcher, act):
    job, technician = job_completed(), TechnicianFactory()

    with nothing_written():
        answer = _post(dispatcher, job, act, **_body(act, technician))

    assert _code(answer) == (409, "ILLEGAL_TRANSITION")


# The console


def _console(user):
    client = Client()
    client.force_login(user)
    return client


def _act(job, name):
    return reverse("admin:jobs_job_act", args=[job.pk, name])


def test_console_shows_the_acts_on_the_jobs_page(admin):
    page = _console(admin).get(reverse("admin:jobs_job_change", args=[job_matching().pk])).text

    for label in ("Search again", "Keep a technician from it", "Give it by hand", "Move it by hand"):
        assert label in page


def test_console_keeps_a_technician_from_a_job(admin):
    job, technician = job_matching(), TechnicianFactory()

    _console(admin).post(_act(job, "exclude"), {"technician_id": str(technician.pk), "reason": WHY})

    assert (Exclusion.objects.get().technician_id, AuditEntry.objects.get().source) == (technician.pk, "CONSOLE")


def test_console_gives_and_moves_by_hand(dispatcher):
    job, first, second = job_matching(), TechnicianFactory(), TechnicianFactory()
    client = _console(dispatcher)

    client.post(_act(job, "assign"), {"technician_id": str(first.pk), "reason": WHY})
    given_to = stored(job).technician_id
    client.post(_act(job, "transfer"), {"technician_id": str(second.pk), "reason": WHY})

    assert (given_to, stored(job).technician_id) == (first.pk, second.pk)


def test_console_refuses_who_is_no_dispatcher(admin):
    job, technician = job_matching(), TechnicianFactory()

    with nothing_written():
        page = _console(admin).post(
            _act(job, "assign"), {"technician_id": str(technician.pk), "reason": WHY}, follow=True
        )

    assert "PERMISSION_DENIED" in page.text
    assert stored(job).status == JobStatus.MATCHING


def test_console_asks_for_the_technician(dispatcher):
    job = job_matching()

    with nothing_written():
        page = _console(dispatcher).post(_act(job, "assign"), {"technician_id": "x", "reason": WHY})

    assert (page.status_code, "Enter a valid UUID." in page.text) == (200, True)


def test_console_lists_exclusions(admin):
    job, technician = job_matching(), TechnicianFactory()
    _post(admin, job, "exclude", **_body("exclude", technician))

    page = _console(admin).get(reverse("admin:matching_exclusion_changelist"))

    assert WHY in page.text
