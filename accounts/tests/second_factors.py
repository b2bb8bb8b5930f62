"""Authenticator apps for tests: what they show, and accounts that have one."""

import time

from django.urls import reverse
from django_otp.oath import TOTP

from accounts.devices import Authenticator
from accounts.services import second_factor_begin, second_factor_confirm
from accounts.tests.factories import PASSWORD, UserFactory
from fixmate.core.tests.http import client_for

STEP_S = 30
LOGIN, PAGE, SHOW, INDEX = (
    reverse(f"admin:{name}") for name in ("login", "second_factor", "show_second_factor", "index")
)


def code_of(device: Authenticator, *, steps: int = 0) -> str:
    """What the app shows, now or so many steps of 30 s from now."""
    totp = TOTP(device.bin_key)
    totp.time = time.time() + steps * STEP_S
    return f"{totp.token():06d}"


def wrong_code(device: Authenticator) -> str:
    """A code that is none of those near now."""
    near = {code_of(device, steps=steps) for steps in range(-3, 4)}
    return next(
        code for code in ("000000", "111111", "222222", "333333", "444444", "555555", "666666") if code not in near
    )


def begun(user) -> Authenticator:
    second_factor_begin(user_id=user.pk, current_password=PASSWORD)
    return Authenticator.objects.get(user=user)


def enrol(user) -> list[str]:
    """Give the account a second factor by the code of a step ago; return its recovery codes."""
    codes = second_factor_confirm(user_id=user.pk, otp=code_of(begun(user), steps=-1))
    user.refresh_from_db(fields=["authenticator"])
    return codes


def staff_with_factor(**fields):
    user = UserFactory(admin=True, password=PASSWORD, **fields)
    enrol(user)
    return user


def staff_client(user, *, steps: int = 0):
    """A client that has logged in over HTTP with password and code."""
    body = {"email": user.email, "password": PASSWORD}
    if user.authenticator:
        body["otp"] = code_of(user.authenticator, steps=steps)
    answer = client_for().post("/api/v1/auth/login", body)
    assert answer.status_code == 200, answer.json()
    client = client_for()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {answer.json()['access_token']}")
    return client


def console_login(client, user, otp=""):
    return client.post(LOGIN, {"username": user.email, "password": PASSWORD, "otp": otp, "next": INDEX})


def is_in_console(client) -> bool:
    return client.get(INDEX).status_code == 200
