import pytest

from accounts.enums import UserStatus
from catalog.tests.factories import ServiceFactory
from fixmate.core.tests.http import client_for
from technicians.tests.answers import refusal
from technicians.tests.factories import TechnicianFactory, skill_add

pytestmark = pytest.mark.django_db
ME = "/api/v1/technicians/me"


# What anybody sees


def test_a_technician_is_shown_without_contact_and_place(noon):
    technician, service = TechnicianFactory(bio="Pipes.", rating_sum=9, rating_count=2), ServiceFactory()
    skill_add(technician, service)

    answer = client_for().get(f"/api/v1/technicians/{technician.pk}")

    assert answer.status_code == 200
    assert answer.json() == {
        "id": str(technician.pk),
        "first_name": "Ada",
        "bio": "Pipes.",
        "years_experience": 0,
        "services": [{"id": str(service.pk), "slug": service.slug, "name": service.name}],
        "rating": 4.5,
        "rating_count": 2,
        "aspects": {"punctual": None, "quality": None, "price": None, "conduct": None},
        "jobs_completed": 0,
        "completion_rate": None,
        "punctuality_rate": None,
        "rework_rate": None,
    }


def test_a_technician_is_shown_with_what_is_enough_to_tell(noon):
    technician = TechnicianFactory(
        punctual_sum=9,
        punctual_count=2,
        offers_decided=9,
        offers_accepted=3,
        jobs_completed=9,
        jobs_released=1,
        visits_begun=4,
        visits_punctual=4,
        jobs_reworked=3,
    )

    answer = client_for().get(f"/api/v1/technicians/{technician.pk}").json()

    assert (answer["aspects"]["punctual"], answer["completion_rate"]) == (4.5, 0.9)
    assert (answer["punctuality_rate"], answer["rework_rate"]) == (None, 0.33)
    assert "acceptance_rate" not in answer
    assert client_for(technician.user).get("/api/v1/technicians/me").json()["acceptance_rate"] == 0.33


@pytest.mark.parametrize(
    "hidden",
    [
        {"fresh": True},
        {"pending": True},
        {"rejected": True},
        {"suspended": True},
        {"user__status": UserStatus.SUSPENDED},
        {"deleted": True},
    ],
)
def test_who_may_not_work_is_not_shown(noon, hidden):
    facts = {"deleted_at": noon} if "deleted" in hidden else hidden
    technician = TechnicianFactory(**facts)

    answers = client_for().get("/api/v1/technicians"), client_for().get(f"/api/v1/technicians/{technician.pk}")

    assert (answers[0].json()["results"], answers[1].status_code) == ([], 404)


@pytest.fixture
def crowd():
    """Three technicians by name: Near in Boston, Far in Worcester 62 km west, East beyond the date line."""
    tap = ServiceFactory()

    def one(name, longitude, latitude=42.36, stars=0, reviews=0):
        technician = TechnicianFactory(
            user__first_name=name,
            base_latitude=latitude,
            base_longitude=longitude,
            rating_sum=stars,
            rating_count=reviews,
        )
        skill_add(technician, ServiceFactory(), *([tap] if name == "Near" else []))

    one("Near", -71.06, stars=9, reviews=2)
    one("Far", -71.81, stars=15, reviews=3)
    one("East", -179.99, latitude=0.0)
    return tap


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", ["East", "Far", "Near"]),
        ("service={tap}", ["Near"]),
        ("near=42.36,-71.0", ["Near"]),
        ("near=42.36,-71.0&radius_km=4", []),
        ("near=42.36, -71.0&radius_km=5", ["Near"]),
        ("near=42.36,-71.0&radius_km=70", ["Far", "Near"]),
        ("near=0,179.99&radius_km=3", ["East"]),
        ("near=0,179.99&radius_km=2", []),
        ("radius_km=1", ["East", "Far", "Near"]),
        ("min_rating=4.5", ["Far", "Near"]),
        ("min_rating=4.6", ["Far"]),
        ("service={tap}&min_rating=4.6", []),
        ("ordering=created_at", ["Near", "Far", "East"]),
    ],
)
def test_technicians_are_filtered(crowd, query, expected):
    answer = client_for().get(f"/api/v1/technicians?{query.format(tap=crowd.pk)}")

    assert [row["first_name"] for row in answer.json()["results"]] == expected


@pytest.mark.parametrize(
    "query",
    [
        "service=tap",
        "near=42.36",
        "near=a,b",
        "near=nan,0",
        "near=91,0",
        "near=0,181",
        "radius_km=0",
        "radius_km=201",
        "radius_km=nan",
        "min_rating=6",
        "ordering=rating",
    ],
)
def test_a_filter_that_makes_no_sense_is_refused(query):
    answer = client_for().get(f"/api/v1/technicians?{query}")

    assert refusal(answer) == (400, "VALIDATION_ERROR", [query.split("=")[0]])


@pytest.mark.parametrize("item_count", [1, 3])
def test_technicians_take_two_queries(item_count, django_assert_num_queries):
    for technician in TechnicianFactory.create_batch(item_count):
        skill_add(technician, ServiceFactory(), ServiceFactory())

    with django_assert_num_queries(2):
        answer = client_for().get("/api/v1/technicians")

    assert [len(row["services"]) for row in answer.json()["results"]] == [2] * item_count


def test_technicians_are_paged():
    TechnicianFactory.create_batch(3)

    first = client_for().get("/api/v1/technicians?page_size=2").json()
    second = client_for().get(first["next"]).json()

    assert (len(first["results"]), len(second["results"]), second["next"]) == (2, 1, None)
