import pytest
from django.contrib.auth import get_user_model

from fixmate.core.tests.http import client_for

pytestmark = pytest.mark.urls("fixmate.core.tests.urls")


@pytest.mark.parametrize(
    ("actor", "path", "status"),
    [
        (None, "/logged-in", 401),
        (None, "/verified", 401),
        (None, "/staff", 401),
        ({"status": "PENDING"}, "/logged-in", 200),
        ({"status": "PENDING"}, "/verified", 403),
        ({"status": "PENDING", "role": "ADMIN"}, "/staff", 403),
        ({"role": "CUSTOMER"}, "/verified", 200),
        ({"role": "CUSTOMER"}, "/staff", 403),
        ({"role": "TECHNICIAN"}, "/staff", 200),
        ({"role": "ADMIN"}, "/staff", 200),
    ],
)
def test_the_door_asks_who_then_verified_then_role(actor, path, status):
    facts = {"status": "ACTIVE", "role": "CUSTOMER", **(actor or {})}
    user = get_user_model()(email="a@example.com", **facts) if actor else None

    response = client_for(user).get(path)

    assert response.status_code == status
    if status == 403:
        expected = "EMAIL_NOT_VERIFIED" if facts["status"] == "PENDING" else "PERMISSION_DENIED"
        assert response.json()["error"]["code"] == expected
