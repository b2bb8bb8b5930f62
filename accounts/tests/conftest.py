import re

import pytest

from accounts.tests.factories import PASSWORD, UserFactory
from accounts.tests.helpers import PHONE
from accounts.tests.providers import CLIENT_IDS, key_set
from accounts.tests.second_factors import code_of, console_login, staff_with_factor
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
        (code,) = _CODE.findall([mail.body for mail in mailoutbox if mail.subject.startswith("Your FixMate code")][-1])
        return code

    return read


@pytest.fixture(autouse=True)
def _messages_apart(settings, tmp_path):
    settings.SMS_FILE_PATH = tmp_path / "sms"


@pytest.fixture
def texts(drain, settings):
    """Return the call that works off the outbox and reads all SMS, oldest first, as pairs of number and text."""

    def read() -> list[tuple[str, str]]:
        drain()
        messages = [path.read_text() for path in sorted(settings.SMS_FILE_PATH.glob("*.txt"))]
        return [(to.removeprefix("To: "), text) for to, _, text in (message.split("\n", 2) for message in messages)]

    return read


@pytest.fixture
def texted_code(texts):
    """Return the call that reads the code in the newest SMS that has one."""

    def read() -> str:
        return [found[0] for _, text in texts() if (found := re.findall(r"\b\d{6}\b", text))][-1]

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


@pytest.fixture
def providers(settings):
    """Both providers are set up, with keys that stand in the settings."""
    settings.GOOGLE_CLIENT_IDS = [CLIENT_IDS["GOOGLE"], "another.apps.googleusercontent.com"]
    settings.APPLE_CLIENT_IDS = [CLIENT_IDS["APPLE"]]
    settings.GOOGLE_KEYS = settings.APPLE_KEYS = key_set("k1", "ec1")


@pytest.fixture
def phone_user():
    return UserFactory(email=None, phone=PHONE)


# The second factor of staff


@pytest.fixture
def staff():
    return UserFactory(admin=True, email="sam@example.com", password=PASSWORD)


@pytest.fixture
def holder():
    """Staff with a second factor; the code of the present step is still good."""
    return staff_with_factor(email="sam@example.com")


@pytest.fixture
def device(holder):
    return holder.authenticator


@pytest.fixture
def console(client, holder):
    answer = console_login(client, holder, code_of(holder.authenticator))
    assert answer.status_code == 302
    return client
