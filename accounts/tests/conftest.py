import re

import pytest

from accounts.tests.factories import PASSWORD, UserFactory
from fixmate.core.tests.http import client_for

_CODE = re.compile(r"^\d{6}$", re.MULTILINE)


@pytest.fixture(autouse=True)
def _fast_hashes(settings):
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture
def mailed_code(drain, mailoutbox):
    """Return the call that works off the outbox and reads the code in the newest mail that has one."""

    def read() -> str:
        drain()
        (code,) = _CODE.findall([mail.body for mail in mailoutbox if mail.subject == "Your FixMate code"][-1])
        return code

    return read


@pytest.fixture
def login():
    """Return the call that logs a user in over HTTP and gives the answer's body."""

    def call(user, password=PASSWORD, **headers):
        answer = client_for().post("/api/v1/auth/login", {"email": user.email, "password": password}, headers=headers)
        assert answer.status_code == 200, answer.json()
        return answer.json()

    return call


@pytest.fixture
def user():
    """A working account with `PASSWORD`."""
    return UserFactory(email="ada@example.com", password=PASSWORD)
