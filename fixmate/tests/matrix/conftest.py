from collections.abc import Iterator

import pytest
from django.conf import settings
from django.test import override_settings

from fixmate.tests.matrix.world import World, files_written, undone, world_built

HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture(scope="module")
def built(django_db_setup, django_db_blocker) -> Iterator[World]:
    """Build the world once for a module, without limits: everybody asks everything from one address."""
    plain = {
        "PASSWORD_HASHERS": HASHERS,
        "RATES": dict.fromkeys(settings.RATES, ""),
        "MANUAL_ASSIGNMENT": True,
        "STAFF_REST_2FA": True,
    }
    with override_settings(**plain), django_db_blocker.unblock(), undone():
        yield world_built()


@pytest.fixture
def quiet(settings) -> None:
    """Nothing is limited, and passwords cost nothing: for scenes that a test builds itself."""
    settings.PASSWORD_HASHERS = HASHERS
    settings.RATES = dict.fromkeys(settings.RATES, "")


@pytest.fixture
def world(built: World, tmp_path, settings) -> Iterator[World]:
    """The world for one test, which may do with it what it likes."""
    settings.SMS_FILE_PATH = tmp_path / "sms"
    files_written()
    with undone():
        yield built
