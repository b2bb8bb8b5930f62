import io
import sys

import pytest
from django.core.management import CommandError, call_command

from accounts.enums import Role, UserStatus
from accounts.management.commands import create_staff
from accounts.models import User
from accounts.tests.factories import PASSWORD, UserFactory
from accounts.tests.second_factors import staff_with_factor
from fixmate.core.models import AuditEntry

pytestmark = pytest.mark.django_db
EMAIL = "staff@fixmate.example"


@pytest.fixture(autouse=True)
def _password(monkeypatch):
    monkeypatch.setenv("FIXMATE_STAFF_PASSWORD", PASSWORD)


def run(*flags: str, email: str = EMAIL) -> str:
    out = io.StringIO()
    call_command("create_staff", "--email", email, *flags, stdout=out)
    return out.getvalue()


def test_create_staff_makes_staff_and_is_audited_as_a_command():
    said = run("--first-name", "Sam", "--last-name", "Field", "--password-env", "FIXMATE_STAFF_PASSWORD")

    user, entry = User.objects.get(), AuditEntry.objects.get()
    assert said == f"Staff account {EMAIL} made.\n"
    assert (user.email, user.full_name, user.role, user.status) == (EMAIL, "Sam Field", Role.ADMIN, UserStatus.ACTIVE)
    assert user.check_password(PASSWORD)
    assert (entry.action, entry.source, entry.actor_label) == ("accounts.staff.create", "COMMAND", "COMMAND")


def test_create_staff_if_missing_can_be_repeated():
    flags = ("--password-env", "FIXMATE_STAFF_PASSWORD", "--if-missing")
    run(*flags)
    before = User.objects.values().get()

    said = run(*flags)

    assert said == f"Staff account {EMAIL} is there already; left as it is.\n"
    assert User.objects.values().get() == before
    assert AuditEntry.objects.count() == 1


def test_create_staff_makes_a_dispatcher():
    said = run("--password-env", "FIXMATE_STAFF_PASSWORD", "--dispatcher")

    assert said == f"Staff account {EMAIL} made.\n{EMAIL} is a dispatcher.\n"
    assert User.objects.get().is_dispatcher is True
    assert set(AuditEntry.objects.values_list("action", "source")) == {
        ("accounts.staff.create", "COMMAND"),
        ("accounts.staff.dispatcher", "COMMAND"),
    }


def test_create_staff_makes_a_dispatcher_of_staff_that_is_there():
    UserFactory(email=EMAIL, admin=True)

    said = run("--if-missing", "--dispatcher")

    assert said == f"Staff account {EMAIL} is there already; left as it is.\n{EMAIL} is a dispatcher.\n"
    assert User.objects.get().is_dispatcher is True


def test_create_staff_reads_the_password_from_stdin(monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.StringIO(f"{PASSWORD}\nmore\n"))

    run("--password-stdin")

    assert User.objects.get().check_password(PASSWORD)


def test_create_staff_asks_twice_at_a_terminal(monkeypatch):
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True, raising=False)
    monkeypatch.setattr(create_staff, "getpass", lambda _prompt: PASSWORD)

    run()

    assert User.objects.get().check_password(PASSWORD)


def test_create_staff_refuses_two_different_answers(monkeypatch):
    answers = iter([PASSWORD, "another phrase"])
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True, raising=False)
    monkeypatch.setattr(create_staff, "getpass", lambda _prompt: next(answers))

    with pytest.raises(CommandError, match=r"^The two are not the same\.$"):
        run()

    assert User.objects.count() == 0


@pytest.mark.parametrize(
    ("flags", "email", "said"),
    [
        (["--password-env", "NOT_SET"], EMAIL, "No password in NOT_SET."),
        (["--password-env", "FIXMATE_STAFF_PASSWORD"], "nobody", "'nobody' is not an e-mail address."),
        (["--password-env", "WEAK"], EMAIL, "Some fields are not valid. This password is too common."),
    ],
)
def test_create_staff_says_what_is_wrong(flags, email, said, monkeypatch):
    monkeypatch.setenv("WEAK", "password1")

    with pytest.raises(CommandError) as refusal:
        run(*flags, email=email)

    assert str(refusal.value) == said
    assert (User.objects.count(), AuditEntry.objects.count()) == (0, 0)


def test_create_staff_needs_a_terminal_or_a_source(monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.StringIO())

    with pytest.raises(CommandError, match="use --password-stdin or --password-env"):
        run()

    assert User.objects.count() == 0


@pytest.mark.parametrize(
    ("role", "flags", "said"),
    [
        (
            Role.ADMIN,
            [],
            f"An account with this address exists. {EMAIL} is staff; --if-missing accepts that.",
        ),
        (Role.CUSTOMER, [], f"{EMAIL} has an account that is not staff; an account keeps its role."),
        (Role.CUSTOMER, ["--if-missing"], f"{EMAIL} has an account that is not staff; an account keeps its role."),
    ],
)
def test_create_staff_leaves_an_account_that_is_there(role, flags, said):
    UserFactory(email=EMAIL, role=role)

    with pytest.raises(CommandError) as refusal:
        run(*flags, email="Staff@FixMate.example")

    assert str(refusal.value) == said
    assert User.objects.get().role == role
    assert AuditEntry.objects.count() == 0


# A lost phone


def reset(*flags: str, email: str = EMAIL) -> str:
    out = io.StringIO()
    call_command("reset_second_factor", email, "--reason", "Lost phone, known by voice", *flags, stdout=out)
    return out.getvalue()


def test_reset_takes_the_second_factor_away_and_is_audited_as_a_command():
    user = staff_with_factor(email=EMAIL)

    assert reset("--dry-run") == f"{EMAIL} has a second factor.\n"
    assert User.objects.get().authenticator == user.authenticator
    assert reset() == f"{EMAIL} has no second factor any more, and is logged out everywhere.\n"

    entry = AuditEntry.objects.get()
    assert User.objects.get().authenticator is None
    assert (entry.source, entry.reason) == ("COMMAND", "Lost phone, known by voice")
    assert reset("--dry-run") == f"{EMAIL} has no second factor.\n"
    with pytest.raises(CommandError, match="There is no second factor yet"):
        reset()


def test_reset_of_nobody_is_refused():
    with pytest.raises(CommandError, match="There is no such account"):
        reset(email="nobody@example.com")


@pytest.mark.parametrize("name", ["STAFF_CONSOLE_2FA", "STAFF_REST_2FA"])
def test_create_staff_says_what_to_do_next(settings, name):
    setattr(settings, name, True)

    assert "Next: log in to the console at /admin/" in run("--password-env", "FIXMATE_STAFF_PASSWORD")
