"""A client of the API for tests."""

from uuid import UUID

from rest_framework.test import APIClient

NOBODY = UUID("0198f0c4-7a51-7c3e-9d0a-3f1f6f0f2b11")  # an id nothing has; fixed, so that test names are


def client_for(user=None) -> APIClient:
    """Return a client logged in as the user, or as nobody."""
    client = APIClient()
    if user is not None:
        client.force_authenticate(user)
    return client
