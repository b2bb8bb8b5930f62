"""No door tells who has an account: one table of what people are, one of doors, and every answer the same."""

import pytest

from accounts.enums import UserStatus
from accounts.services import code_request, password_forgotten, user_erase, user_suspend
from accounts.tests.factories import PASSWORD, UserFactory
from accounts.tests.helpers import masked, post
from fixmate.core.api.idempotency import HEADER

pytestmark = pytest.mark.django_db
NOT_THE_PASSWORD, NOT_THE_CODE = "not the password", "000000"
UNKNOWN = "unknown"
STATES = [UNKNOWN, "active", "pending", "suspended", "restricted", "deleted", "staff", "technician", "no password"]
STATES += ["code waits", "reset waits", "tried too often"]


def address(state: str, kind: str) -> str:
    """An address of one length, whoever has it."""
    number = STATES.index(state)
    return f"person-{number:02}@example.com" if kind == "email" else f"+120255501{number:02}"


def make(state: str, kind: str) -> None:
    """Have an account in the state, proven under the address; of an unknown one nothing."""
    if state == UNKNOWN:
        return
    facts = {"email": None, "phone": None, kind: address(state, kind), "password": PASSWORD, **FACTS.get(state, {})}
    user = UserFactory(**facts)
    if state in LIVES:
        LIVES[state](user, {kind: address(state, kind)})


def tried_too_often(_user, whose) -> None:
    code_request(**whose)
    for _ in range(4):
        post("login", {**whose, "code": NOT_THE_CODE})


FACTS = {
    "pending": {"status": UserStatus.PENDING, "verified_at": None},
    "restricted": {"status": UserStatus.RESTRICTED},
    "staff": {"role": "ADMIN"},
    "technician": {"role": "TECHNICIAN"},
    "no password": {"password": None},
}
LIVES = {
    "suspended": lambda user, _whose: user_suspend(user_id=user.pk, actor=UserFactory(admin=True), reason="Abuse"),
    "deleted": lambda user, _whose: user_erase(user_id=user.pk),
    "code waits": lambda _user, whose: code_request(**whose),
    "reset waits": lambda _user, whose: password_forgotten(**whose),
    "tried too often": tried_too_often,
}
DOORS = {
    "log in with a wrong password": ("login", {"password": NOT_THE_PASSWORD}),
    "log in with a wrong code": ("login", {"code": NOT_THE_CODE}),
    "ask for a code": ("send-otp", {}),
    "verify with a wrong code": ("verify-otp", {"code": NOT_THE_CODE}),
    "forget the password": ("forgot-password", {}),
    "reset with a wrong code": ("reset-password", {"code": NOT_THE_CODE, "new_password": "staple of another kind"}),
    "register": (
        "register",
        {"password": "staple of another kind", "role": "CUSTOMER", "first_name": "Eve", "last_name": "Eavesdrop"},
    ),
    "reset to a weak password": ("reset-password", {"code": NOT_THE_CODE, "new_password": "password"}),
    "register with a weak password": (
        "register",
        {"password": "password", "role": "CUSTOMER", "first_name": "Eve", "last_name": "Eavesdrop"},
    ),
}


def answer_at(door: str, state: str, kind: str, **headers: str) -> str:
    """The whole answer as text, with the address itself taken out of it."""
    path, body = DOORS[door]
    given = masked(post(path, {kind: address(state, kind), **body}, headers=headers))
    return repr(given).replace(address(state, kind), "ADDRESS")


@pytest.fixture(autouse=True)
def _many_questions(settings):
    settings.RATES = dict.fromkeys(settings.RATES, "")


@pytest.mark.parametrize("kind", ["email", "phone"])
@pytest.mark.parametrize("door", DOORS)
def test_a_door_answers_alike_whoever_is_asked_about(door, kind):
    for state in STATES:
        make(state, kind)

    answers = {state: answer_at(door, state, kind) for state in STATES}

    assert {state: answer for state, answer in answers.items() if answer != answers[UNKNOWN]} == {}


@pytest.mark.parametrize("door", ["register", "ask for a code", "forget the password"])
def test_a_door_that_takes_a_key_replays_alike(door):
    for state in STATES:
        make(state, "email")

    first = {state: answer_at(door, state, "email", **{HEADER: "k-1"}) for state in STATES}
    again = {state: answer_at(door, state, "email", **{HEADER: "k-1"}) for state in STATES}

    assert set(first.values()) == {first[UNKNOWN]}
    assert set(again.values()) == {again[UNKNOWN]}


def test_the_right_password_alone_tells_of_a_suspension():
    """The control: the doors are not merely shut."""
    for state in ("active", "suspended"):
        make(state, "email")
    right = {"password": PASSWORD}

    answers = [post("login", {"email": address(state, "email"), **right}) for state in ("active", "suspended")]

    assert [answer.status_code for answer in answers] == [200, 403]
