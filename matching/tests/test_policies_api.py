import pytest
from django.urls import reverse

from accounts.tests.factories import UserFactory
from catalog.tests.factories import ServiceFactory
from fixmate.core.models import AuditEntry
from fixmate.core.tests.http import NOBODY, client_for
from jobs.tests.factories import JobFactory
from matching.enums import RolloutMode
from matching.models import MatchingPass, PolicyRollout, PolicyVersion
from matching.policies import POLICIES
from matching.policies.index import IndexPolicy
from matching.services import matching_run_pass
from matching.services.rollouts import version_ensure
from technicians.tests.factories import technician_ready

pytestmark = pytest.mark.django_db
POLICIES_URL, ROLLOUTS_URL = "/api/v1/admin/policies", "/api/v1/admin/policies/rollouts"
REASON = {"reason": "A look at it."}
DEARER = {**IndexPolicy.defaults, "offer_cost": 8.0}


@pytest.fixture
def staff():
    return client_for(UserFactory(admin=True))


@pytest.fixture
def version(noon):
    return version_ensure(POLICIES["nearest"])


@pytest.fixture
def rollout(version, noon):
    return PolicyRollout.objects.create(version=version, mode=RolloutMode.SHADOW, started_at=noon)


def results(answer):
    return answer.json()["results"]


# Who may


@pytest.mark.parametrize(("kind", "status"), [(None, 401), ({}, 403), ({"technician": True}, 403)])
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("get", POLICIES_URL),
        ("post", POLICIES_URL),
        ("get", ROLLOUTS_URL),
        ("post", ROLLOUTS_URL),
        ("post", f"{ROLLOUTS_URL}/1/end"),
    ],
)
def test_only_staff_may(kind, status, method, path):
    client = client_for(None if kind is None else UserFactory(**kind))

    assert getattr(client, method)(path, {}).status_code == status
    assert (PolicyVersion.objects.count(), PolicyRollout.objects.count()) == (0, 0)


# Versions


def test_version_is_added_once(staff, noon):
    body = {"key": "index", "params": DEARER, "note": "dearer", **REASON}

    added, again = staff.post(POLICIES_URL, body), staff.post(POLICIES_URL, body)

    assert (added.status_code, again.status_code) == (201, 200)
    assert added.json() == again.json()
    version = PolicyVersion.objects.get()
    assert added.json() == {
        "id": version.pk,
        "key": "index",
        "params": DEARER,
        "version": version.version,
        "note": "dearer",
        "created_at": "2026-03-02T12:00:00Z",
        "created_by_id": str(version.created_by_id),
    }
    assert AuditEntry.objects.count() == 1


@pytest.mark.parametrize(
    ("change", "details"),
    [
        ({"reason": ""}, {"reason": ["This field may not be blank."]}),
        ({"key": "astrology"}, {"key": ['"astrology" is not a valid choice.']}),
        ({"params": []}, {"params": ['Expected a dictionary of items but got type "list".']}),
        ({"params": {**DEARER, "offer_cost": "8"}}, {"params": {"offer_cost": ["A finite number is required."]}}),
        ({"params": {**DEARER, "charm": 1}}, {"params": {"charm": ["This parameter is not known."]}}),
        ({"colour": "red"}, {"colour": ["This field is not known."]}),
    ],
)
def test_version_that_makes_no_sense_is_refused_by_the_field(staff, change, details):
    answer = staff.post(POLICIES_URL, {"key": "index", "params": DEARER, **REASON, **change})

    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "VALIDATION_ERROR")
    assert answer.json()["error"]["details"] == details
    assert (PolicyVersion.objects.count(), AuditEntry.objects.count()) == (0, 0)


def test_versions_are_listed_and_filtered(staff, version):
    other = version_ensure(POLICIES["random"])

    everybody, nearest = staff.get(POLICIES_URL), staff.get(POLICIES_URL, {"key": "nearest"})

    assert {row["id"] for row in results(everybody)} == {version.pk, other.pk}
    assert [row["id"] for row in results(nearest)] == [version.pk]
    assert staff.get(POLICIES_URL, {"key": "astrology"}).status_code == 400


# Rollouts


def test_rollout_begins_and_ends(staff, version):
    service = ServiceFactory()
    body = {"version_id": version.pk, "mode": "SHARE", "percent": 10, "service_id": str(service.pk), **REASON}

    begun = staff.post(ROLLOUTS_URL, body)
    ended = staff.post(f"{ROLLOUTS_URL}/{begun.json()['id']}/end", REASON)

    rollout = PolicyRollout.objects.get()
    assert begun.status_code == 201
    assert begun.json() == {
        "id": rollout.pk,
        "version_id": version.pk,
        "key": "nearest",
        "version": version.version,
        "service_id": str(service.pk),
        "mode": "SHARE",
        "percent": 10,
        "started_at": "2026-03-02T12:00:00Z",
        "ended_at": None,
        "indexed_at": None,
    }
    assert (ended.status_code, ended.json()) == (200, {**begun.json(), "ended_at": "2026-03-02T12:00:00Z"})
    assert list(AuditEntry.objects.values_list("action", flat=True).order_by("sequence")) == [
        "matching.rollout.start",
        "matching.rollout.end",
    ]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"version_id": 999}, "version_id"),
        ({"version_id": 0}, "version_id"),
        ({"service_id": str(NOBODY)}, "service_id"),
        ({"mode": "NOW"}, "mode"),
        ({"percent": 0}, "percent"),
        ({"percent": 5}, "percent"),
        ({"reason": " "}, "reason"),
    ],
)
def test_rollout_that_makes_no_sense_is_refused_by_the_field(staff, version, change, field):
    answer = staff.post(ROLLOUTS_URL, {"version_id": version.pk, "mode": "DEFAULT", **REASON, **change})

    assert (answer.status_code, list(answer.json()["error"]["details"])) == (400, [field])
    assert (PolicyRollout.objects.count(), AuditEntry.objects.count()) == (0, 0)


def test_the_same_rollout_twice_is_a_conflict(staff, rollout):
    answer = staff.post(ROLLOUTS_URL, {"version_id": rollout.version_id, "mode": "SHADOW", **REASON})

    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "ROLLOUT_RUNNING")
    assert PolicyRollout.objects.count() == 1


def test_what_has_ended_or_is_not_there_cannot_end(staff, rollout):
    staff.post(f"{ROLLOUTS_URL}/{rollout.pk}/end", REASON)

    again = staff.post(f"{ROLLOUTS_URL}/{rollout.pk}/end", REASON)
    missing = staff.post(f"{ROLLOUTS_URL}/{rollout.pk + 1}/end", REASON)

    assert (again.status_code, again.json()["error"]["code"]) == (409, "ROLLOUT_ENDED")
    assert missing.status_code == 404
    assert AuditEntry.objects.count() == 1


def test_rollouts_are_filtered(staff, rollout, noon):
    ended = PolicyRollout.objects.create(
        version=version_ensure(POLICIES["random"]), mode=RolloutMode.SHARE, started_at=noon, ended_at=noon
    )

    def found(**query):
        return {row["id"] for row in results(staff.get(ROLLOUTS_URL, query))}

    assert found() == {rollout.pk, ended.pk}
    assert found(is_running="true") == found(mode="SHADOW") == {rollout.pk}
    assert found(service=str(NOBODY)) == set()


@pytest.mark.parametrize("item_count", [1, 3])
def test_lists_take_a_constant_number_of_queries(staff, noon, item_count, django_assert_num_queries):
    for key in ("nearest", "random", "index")[:item_count]:
        PolicyRollout.objects.create(version=version_ensure(POLICIES[key]), mode=RolloutMode.SHADOW, started_at=noon)

    with django_assert_num_queries(1):
        staff.get(POLICIES_URL)
    with django_assert_num_queries(1):
        staff.get(ROLLOUTS_URL)


# The console


@pytest.fixture
def console(client):
    client.force_login(UserFactory(admin=True))
    return client


def act(console, row, name, **data):
    return console.post(
        reverse(f"admin:matching_{row._meta.model_name}_act", args=[row.pk, name]), {**REASON, **data}, follow=True
    ).content.decode()


def test_console_adds_begins_and_ends(console, version):
    index = version_ensure(POLICIES["index"])

    act(console, index, "add", params=str(DEARER).replace("'", '"'), note="dearer")
    added = PolicyVersion.objects.get(note="dearer")
    act(console, added, "start", mode="SHADOW", percent="100")
    rollout = PolicyRollout.objects.get()
    act(console, rollout, "end")

    assert (added.key, added.params) == ("index", DEARER)
    assert (rollout.version, rollout.mode, rollout.service) == (added, "SHADOW", None)
    assert PolicyRollout.objects.get().ended_at is not None
    assert AuditEntry.objects.filter(source="CONSOLE").count() == 3


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("add", {"params": "[1, 2]", "note": ""}),
        ("add", {"params": '{"charm": 1}', "note": ""}),
        ("start", {"mode": "DEFAULT", "percent": "5"}),
    ],
)
def test_console_shows_what_is_refused(console, version, name, data):
    page = act(console, version, name, **data)

    assert "VALIDATION_ERROR" in page
    assert (PolicyVersion.objects.count(), PolicyRollout.objects.count(), AuditEntry.objects.count()) == (1, 0, 0)


@pytest.mark.parametrize("model", [PolicyVersion, PolicyRollout])
def test_console_lists_and_shows_and_changes_nothing(console, rollout, model):
    row, name = model.objects.get(), model._meta.model_name
    shown = reverse(f"admin:matching_{name}_change", args=[row.pk])

    assert "nearest" in console.get(reverse(f"admin:matching_{name}_changelist")).content.decode()
    assert console.get(shown).status_code == 200
    assert console.post(shown, {}).status_code == 403


def test_console_shows_the_shadows_of_a_pass(console, rollout, noon):
    job = JobFactory(created_at=noon)
    technician_ready(job.service)
    matching_run_pass(job_id=job.pk)

    page = console.get(reverse("admin:matching_matchingpass_change", args=[MatchingPass.objects.get().pk]))

    assert rollout.version.version in page.content.decode()
