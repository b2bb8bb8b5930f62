import pytest
from rest_framework.test import APIClient

from accounts.api.tokens import pair_of
from accounts.tests.factories import UserFactory
from fixmate.tests.matrix.world import session_of
from technicians.tests.factories import TechnicianFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def staff():
    client = APIClient()
    token = pair_of(session_of(UserFactory(admin=True), has_shown_factor=True)).access_token
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {token}")
    return client


@pytest.mark.parametrize(("word", "count"), [("", 1), ("true", 0), ("false", 1), ("True", 0), ("False", 1)])
def test_truth_filters_by_its_two_words(staff, word, count):
    TechnicianFactory(is_online=False)

    response = staff.get("/api/v1/admin/technicians", {"is_online": word})

    assert len(response.json()["results"]) == count


@pytest.mark.parametrize("word", ["yes", "1", "-58800"])
def test_truth_filter_refuses_other_words(staff, word):
    response = staff.get("/api/v1/admin/technicians", {"is_online": word})

    assert (response.status_code, response.json()["error"]["details"]) == (400, {"is_online": ["Give true or false."]})


def test_number_filter_takes_its_bounds():
    statuses = [
        APIClient().get("/api/v1/technicians", {"near": "42.3,-71.0", "radius_km": radius}).status_code
        for radius in ("0.09", "0.1", "200", "200.1")
    ]

    assert statuses == [400, 200, 200, 400]
