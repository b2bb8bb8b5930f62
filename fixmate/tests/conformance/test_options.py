import pytest
from rest_framework.test import APIClient

from accounts.api.tokens import pair_of
from accounts.tests.factories import UserFactory
from fixmate.tests.matrix.world import session_of

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("path", ["uploads", "technicians/me/availability", "technicians/me/location"])
def test_options_answers_where_a_view_has_no_one_serializer(path):
    token = pair_of(session_of(UserFactory(technician=True))).access_token

    response = APIClient().options(f"/api/v1/{path}", HTTP_AUTHORIZATION=f"Bearer {token}")

    assert (response.status_code, "actions" in response.json()) == (200, False)
    assert response["Allow"].endswith("OPTIONS")
