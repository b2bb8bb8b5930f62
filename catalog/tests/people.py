"""Accounts for the tests of an app that stands beside accounts and may not import it."""

from django.contrib.auth import get_user_model
from django.utils import timezone


def person(role="CUSTOMER", status="ACTIVE"):
    users = get_user_model()._default_manager
    return users.create(
        email=f"{role}.{status}.{users.count()}@example.com".lower(),
        first_name="Ada",
        last_name="Lovelace",
        role=role,
        status=status,
        verified_at=timezone.now(),
    )


def staff():
    return person("ADMIN")
