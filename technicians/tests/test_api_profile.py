from datetime import timedelta

import pytest

from accounts.enums import Role, UserStatus
from accounts.tests.factories import UserFactory
from catalog.tests.factories import ServiceFactory
from fixmate.core.ids import uuid7
from fixmate.core.tests.http import NOBODY, client_for
from technicians.models import Position, Technician
from technicians.tests.answers import refusal
from technicians.tests.factories import TechnicianFactory, technician_ready

pytestmark = pytest.mark.django_db
ME = "/api/v1/technicians/me"


def application(*services):
    return {
        "bio": "Pipes.",
        "years_experience": 12,
        "service_ids": [str(service.pk) for service in services],
        "latitude": 42.36,
        "longitude": -71.06,
        "travel_radius_km": 15,
    }


# Applying and the profile


def test_apply_answers_the_profile(noon):
    technician, service = TechnicianFactory(fresh=True), ServiceFactory()

    answer = client_for(technician.user).post("/api/v1/technicians/apply", application(service))

    assert answer.status_code == 200
    assert answer.json() == {
        "id": str(technician.pk),
        "first_name": "Ada",
        "last_name": "Lovelace",
        "bio": "Pipes.",
        "years_experience": 12,
        "services": [{"id": str(service.pk), "slug": service.slug, "name": service.name}],
        "rating": None,
        "rating_count": 0,
        "aspects": {"punctual": None, "quality": None, "price": None, "conduct": None},
        "jobs_completed": 0,
        "verification": "PENDING",
        "tier": "STANDARD",
        "applied_at": "2026-03-02T12:00:00Z",
        "verified_at": None,
        "base": {"latitude": 42.36, "longitude": -71.06},
        "travel_radius_km": 15.0,
        "time_zone": "UTC",
        "is_online": False,
        "online_since": None,
        "cooldown_until": None,
        "paused_until": None,
        "position": None,
        "acceptance_rate": None,
        "completion_rate": None,
        "punctuality_rate": None,
        "rework_rate": None,
        "documents_missing": ["IDENTITY"],
    }


def test_my_profile_shows_where_i_am_and_nothing_missing(noon):
    technician = technician_ready(ServiceFactory())

    body = client_for(technician.user).get(ME).json()

    assert (body["is_online"], body["documents_missing"]) == (True, [])
    assert body["position"] == {
        "latitude": 42.36,
        "longitude": -71.06,
        "accuracy_m": 10.0,
        "recorded_at": "2026-03-02T11:59:59Z",
        "location_at": "2026-03-02T12:00:00Z",
    }


def test_my_profile_is_changed_in_part():
    technician = TechnicianFactory(bio="Old.")

    answer = client_for(technician.user).patch(ME, {"travel_radius_km": 7.5, "time_zone": "America/New_York"})

    body = answer.json()
    assert (answer.status_code, body["bio"], body["travel_radius_km"]) == (200, "Old.", 7.5)
    assert body["time_zone"] == "America/New_York"


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"latitude": 91}, "latitude"),
        ({"longitude": "nan"}, "longitude"),
        ({"travel_radius_km": 101}, "travel_radius_km"),
        ({"travel_radius_km": "nan"}, "travel_radius_km"),
        ({"years_experience": -1}, "years_experience"),
        ({"service_ids": []}, "service_ids"),
        ({"service_ids": ["x"]}, "service_ids"),
        ({"service_ids": [str(uuid7())]}, "service_ids"),
        ({"time_zone": "Boston"}, "time_zone"),
        ({"verification": "VERIFIED"}, "verification"),
        ({"rating_sum": 5}, "rating_sum"),
        ({"is_online": True}, "is_online"),
        ({"user_id": 1}, "user_id"),
    ],
)
def test_a_bad_application_is_refused_by_field(change, field):
    technician = TechnicianFactory(fresh=True)

    answers = [
        client_for(technician.user).post("/api/v1/technicians/apply", {**application(ServiceFactory()), **change}),
        client_for(technician.user).patch(ME, {**application(ServiceFactory()), **change}),
    ]

    assert [answer.json()["error"]["code"] for answer in answers] == ["VALIDATION_ERROR"] * 2
    assert all(field in answer.json()["error"]["details"] for answer in answers)
    after = Technician.objects.get()
    assert (after.verification, after.applied_at, after.bio, after.is_online) == ("PENDING", None, "", False)


def test_apply_wants_everything():
    answer = client_for(TechnicianFactory(fresh=True).user).post("/api/v1/technicians/apply", {})

    assert refusal(answer) == (400, "VALIDATION_ERROR", sorted(application()))


def test_apply_once_verified_is_the_wrong_moment():
    answer = client_for(TechnicianFactory().user).post("/api/v1/technicians/apply", application(ServiceFactory()))

    assert refusal(answer) == (409, "ILLEGAL_TRANSITION", ["action", "state"])


# Position, online, offline


def test_location_answers_204_new_or_old(noon):
    technician = TechnicianFactory()
    client = client_for(technician.user)
    old = (noon - timedelta(hours=1)).isoformat()

    statuses = [
        client.put(f"{ME}/location", {"latitude": 1, "longitude": 2, "accuracy_m": 5}).status_code,
        client.put(f"{ME}/location", {"latitude": 3, "longitude": 4, "recorded_at": old}).status_code,
    ]

    assert statuses == [204, 204]
    assert Position.objects.values_list("latitude", "longitude").get() == (1, 2)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"latitude": "nan"}, "latitude"),
        ({"longitude": -181}, "longitude"),
        ({"accuracy_m": -1}, "accuracy_m"),
        ({"accuracy_m": "inf"}, "accuracy_m"),
        ({"recorded_at": "2026-03-02T12:01:01Z"}, "recorded_at"),
        ({"recorded_at": "yesterday"}, "recorded_at"),
        ({"speed": 3}, "speed"),
    ],
)
def test_a_bad_location_is_refused(noon, change, field):
    technician = TechnicianFactory()

    answer = client_for(technician.user).put(f"{ME}/location", {"latitude": 1, "longitude": 2, **change})

    assert refusal(answer) == (400, "VALIDATION_ERROR", [field])
    assert Position.objects.count() == 0


def test_online_and_offline():
    technician = TechnicianFactory()
    client = client_for(technician.user)

    online, offline = client.post(f"{ME}/online"), client.post(f"{ME}/offline")

    assert (online.status_code, online.json()["is_online"]) == (200, True)
    assert (offline.status_code, offline.json()["is_online"]) == (200, False)


def test_online_before_approval_is_refused():
    technician = TechnicianFactory(pending=True)

    answer = client_for(technician.user).post(f"{ME}/online")

    assert refusal(answer) == (409, "TECHNICIAN_NOT_VERIFIED", [])
    assert Technician.objects.get().is_online is False


# Who may


ACTORS = {
    "anonymous": lambda: None,
    "customer": UserFactory,
    "unverified": lambda: TechnicianFactory(fresh=True, user__status=UserStatus.PENDING).user,
    "technician": lambda: TechnicianFactory(fresh=True).user,
    "staff": lambda: UserFactory(role=Role.ADMIN),
}
MINE = {"anonymous": 401, "customer": 403, "unverified": 403, "staff": 403}


@pytest.mark.parametrize(
    ("method", "url", "technician"),
    [
        ("post", "/api/v1/technicians/apply", 400),
        ("get", ME, 200),
        ("patch", ME, 200),
        ("put", f"{ME}/location", 400),
        ("post", f"{ME}/online", 409),
        ("post", f"{ME}/offline", 200),
        ("get", f"{ME}/documents", 200),
        ("post", f"{ME}/documents", 415),
        ("get", f"{ME}/availability", 200),
        ("put", f"{ME}/availability", 400),
        ("get", f"{ME}/time-off", 200),
        ("post", f"{ME}/time-off", 400),
        ("delete", f"{ME}/time-off/{NOBODY}", 404),
    ],
)
@pytest.mark.parametrize("actor", ACTORS)
def test_my_pages_are_for_technicians(actor, method, url, technician):
    client = client_for(ACTORS[actor]())

    answer = getattr(client, method)(url, None if method == "get" else {})

    assert answer.status_code == {**MINE, "technician": technician}[actor]


@pytest.mark.parametrize(
    ("actor", "status"),
    [("anonymous", 401), ("customer", 403), ("unverified", 403), ("technician", 404), ("staff", 404)],
)
def test_a_document_is_for_its_owner_and_staff(actor, status):
    answer = client_for(ACTORS[actor]()).get(f"{ME}/documents/{uuid7()}/file")

    assert answer.status_code == status


def test_a_technician_without_a_profile_is_not_found():
    answer = client_for(UserFactory(technician=True)).get(ME)

    assert refusal(answer) == (404, "NOT_FOUND", [])
