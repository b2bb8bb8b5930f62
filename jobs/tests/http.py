"""How the tests of the API ask, and how they read the answers."""

from django.utils import timezone

from accounts.enums import UserStatus
from accounts.tests.factories import UserFactory
from fixmate.core.tests.http import client_for
from jobs.tests.factories import job_assigned
from jobs.tests.helpers import north_of, put
from technicians.tests.factories import TechnicianFactory

JOBS = "/api/v1/jobs"
JOB_KEYS = {
    "id",
    "status",
    "service",
    "description",
    "address",
    "latitude",
    "longitude",
    "scheduled_for",
    "duration_minutes",
    "created_at",
    "assigned_at",
    "started_at",
    "completed_at",
    "cancelled_at",
    "cancel_reason",
    "cancelled_by",
    "work_summary",
    "price",
    "technician",
    "customer",
    "start_code",
    "photos",
    "options",
}
EVENT_KEYS = {"id", "kind", "status", "at", "actor_role", "actor_name", "note"}
ACTORS = {
    "anonymous": lambda job: None,
    "unverified": lambda job: UserFactory(status=UserStatus.PENDING),
    "stranger customer": lambda job: UserFactory(),
    "stranger technician": lambda job: TechnicianFactory().user,
    "owner": lambda job: job.customer,
    "assigned technician": lambda job: job.technician.user,
    "admin": lambda job: UserFactory(admin=True),
}


def url_of(job, act=""):
    return f"{JOBS}/{job.pk}{act and '/'}{act}"


def get(user, job, act=""):
    return client_for(user).get(url_of(job, act))


def post(user, job, act, body=None):
    return client_for(user).post(url_of(job, act), body or {})


def code_of(answer):
    return answer.status_code, answer.json()["error"]["code"]


def details_of(answer):
    assert code_of(answer) == (400, "VALIDATION_ERROR")
    return set(answer.json()["error"]["details"])


def at_the_door(**kwargs):
    job = job_assigned(**kwargs)
    put(job.technician, north_of(job, 0), timezone.now())
    return job
