"""Registrations that nobody has proven in time."""

from datetime import timedelta

import pytest

from accounts.enums import SecurityEventKind, SessionEnd, UserStatus
from accounts.models import CodeChallenge, RegistrationEntry, Session, User
from accounts.selectors import user_find_lapsed_locked, user_ids_lapsed, user_owns_anything
from accounts.services import lapse, registrations_lapse, session_open, user_register
from accounts.tasks import lapse_registrations
from accounts.tests.factories import UserFactory
from accounts.tests.helpers import PHONE, REGISTRATION, error, kinds, post
from fixmate.core.enums import UploadPurpose
from fixmate.core.models import Upload

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)
LONG = timedelta(days=30)


@pytest.fixture(autouse=True)
def _kept(settings):
    settings.PENDING_KEPT = LONG


def aged(by):
    """Let all that was registered have happened so much earlier."""
    for model in (User, CodeChallenge, RegistrationEntry):
        for row in model.objects.all():
            model.objects.filter(pk=row.pk).update(created_at=row.created_at - by)


def pending(email="ada@example.com", **changes):
    user_register(**{**REGISTRATION, "email": email, **changes})
    return User.objects.get(email=email)


def own_something(user):
    facts = {"file": "uploads/x.png", "content_type": "image/png", "size_bytes": 1, "sha256": "0" * 64}
    Upload.objects.create(owner=user, purpose=UploadPurpose.JOB_PHOTO, **facts)


def test_an_account_nobody_has_proven_is_taken_back_with_all_that_was_typed(noon):
    user = pending(phone=PHONE)
    session = session_open(email=user.email, password=REGISTRATION["password"])
    aged(LONG)
    User.objects.update(created_at=noon - LONG)

    lapse_registrations()

    held = User.objects.get()
    assert (held.status, held.deleted_at, held.email, held.phone) == (UserStatus.DELETED, noon, None, None)
    assert (held.full_name, held.has_usable_password()) == ("Deleted user", False)
    assert RegistrationEntry.objects.count() == 0
    assert list(CodeChallenge.objects.values_list("address", "asked_from", "closed_at")) == [("", "", noon)]
    assert Session.objects.get(pk=session.pk).end_reason == SessionEnd.DELETED
    assert kinds(user)[-1] == SecurityEventKind.ACCOUNT_DELETED
    assert registrations_lapse() == 0


def test_its_address_is_free_and_its_code_is_void(mailed_code):
    pending()
    code = mailed_code()
    aged(LONG)
    registrations_lapse()

    assert error(post("verify-otp", {"email": "ada@example.com", "code": code})) == (400, "CODE_INVALID")
    again = pending()
    assert post("verify-otp", {"email": "ada@example.com", "code": mailed_code()}).json()["status"] == "ACTIVE"
    assert User.objects.get(pk=again.pk).status == UserStatus.ACTIVE


def test_a_technicians_profile_goes_with_it():
    pending(role="TECHNICIAN")
    aged(LONG)

    assert registrations_lapse() == 1
    assert User.objects.get().technician.deleted_at is not None


@pytest.mark.parametrize("model", [User, CodeChallenge, RegistrationEntry])
def test_within_the_time_it_stays(model):
    user = pending()
    aged(LONG)
    model.objects.update(created_at=user.created_at + DAY)

    assert registrations_lapse() == 0
    assert User.objects.get().email == "ada@example.com"


def test_one_that_was_proven_stays(mailed_code):
    user = UserFactory()
    aged(LONG)

    assert registrations_lapse() == 0
    assert User.objects.get() == user


def test_one_that_owns_something_stays_and_holds_up_no_other(monkeypatch):
    monkeypatch.setattr(lapse, "PURGE_BATCH", 1)
    held, free = pending(), pending("bob@example.com")
    own_something(held)
    aged(LONG)

    assert registrations_lapse() == 1
    assert User.objects.get(pk=held.pk).status == UserStatus.PENDING
    assert User.objects.get(pk=free.pk).status == UserStatus.DELETED


def test_a_profile_alone_is_nothing_owned():
    user = pending(role="TECHNICIAN")

    before = user_owns_anything(user)
    own_something(user)

    assert (before, user_owns_anything(user)) == (False, True)


@pytest.mark.parametrize("status", [UserStatus.ACTIVE, UserStatus.PENDING])
def test_it_is_looked_at_again_under_the_lock(status, noon):
    user = UserFactory(status=status, created_at=noon)

    assert user_find_lapsed_locked(user.pk, before=noon - DAY) is None
    assert (user_find_lapsed_locked(user.pk, before=noon) == user) is (status == UserStatus.PENDING)
    assert lapse._lapse(user.pk, before=noon - DAY) is False


def test_ids_come_some_at_a_time(noon):
    users = sorted(UserFactory(status=UserStatus.PENDING, created_at=noon).pk for _ in range(3))

    assert user_ids_lapsed(before=noon, after=None, limit=2) == users[:2]
    assert user_ids_lapsed(before=noon, after=users[1], limit=2) == users[2:]


# What was typed again


def test_what_the_same_client_has_typed_again_goes_after_a_day():
    for name in ("Ada", "Augusta"):
        pending(first_name=name)
    aged(DAY)
    RegistrationEntry.objects.create(
        user=User.objects.get(),
        password="!",
        first_name="Eve",
        last_name="",
        role="CUSTOMER",
        asked_from="192.0.2.0/24",
        created_at=User.objects.get().created_at,
    )

    registrations_lapse()

    names = RegistrationEntry.objects.order_by("pk").values_list("first_name", flat=True)
    assert list(names) == ["Augusta", "Eve"], "what others typed stays: it tells that a password may be somebody else's"


def test_within_the_day_it_stays():
    for name in ("Ada", "Augusta"):
        pending(first_name=name)
    aged(DAY / 2)

    registrations_lapse()

    assert RegistrationEntry.objects.count() == 2
