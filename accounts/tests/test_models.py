import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts.enums import Role, UserStatus
from accounts.models import AddressNotice, CodeChallenge, RegistrationEntry, SecurityEvent, Session, User
from accounts.tests.factories import UserFactory
from fixmate.core.errors import IllegalTransition

EDGES = {
    (UserStatus.PENDING, "verify"): UserStatus.ACTIVE,
    (UserStatus.ACTIVE, "suspend"): UserStatus.SUSPENDED,
    (UserStatus.RESTRICTED, "suspend"): UserStatus.SUSPENDED,
    (UserStatus.ACTIVE, "restrict"): UserStatus.RESTRICTED,
    (UserStatus.SUSPENDED, "reinstate"): UserStatus.ACTIVE,
    (UserStatus.RESTRICTED, "reinstate"): UserStatus.ACTIVE,
    (UserStatus.ACTIVE, "erase"): UserStatus.DELETED,
    (UserStatus.RESTRICTED, "erase"): UserStatus.DELETED,
    (UserStatus.PENDING, "lapse"): UserStatus.DELETED,
}
NOW = {"at": timezone.now()}
ARGS = {"verify": NOW, "suspend": {}, "restrict": {}, "reinstate": {}, "erase": NOW, "lapse": NOW}


@pytest.mark.parametrize("status", UserStatus)
@pytest.mark.parametrize("step", list(ARGS))
def test_user_lifecycle_has_these_edges_and_no_other(status, step):
    user = User(status=status)
    expected = EDGES.get((status, step))

    if expected is None:
        with pytest.raises(IllegalTransition):
            getattr(user, step)(**ARGS[step])
    else:
        getattr(user, step)(**ARGS[step])

    assert user.status == (expected or status)


@pytest.mark.parametrize("status", [UserStatus.ACTIVE, UserStatus.RESTRICTED])
def test_reinstating_gives_back_what_the_account_was_before_its_suspension(status):
    user = User(status=status)

    user.suspend()
    kept = user.suspended_as
    user.reinstate()

    assert (kept, user.status, user.suspended_as) == (status, status, "")


@pytest.mark.parametrize(
    ("role", "status", "is_staff"),
    [
        (Role.ADMIN, UserStatus.ACTIVE, True),
        (Role.ADMIN, UserStatus.PENDING, False),
        (Role.ADMIN, UserStatus.SUSPENDED, False),
        (Role.TECHNICIAN, UserStatus.ACTIVE, False),
        (Role.CUSTOMER, UserStatus.ACTIVE, False),
    ],
)
def test_console_is_open_to_active_admins_alone(role, status, is_staff):
    user = User(role=role, status=status)

    assert (user.is_staff, user.has_perm("any"), user.has_module_perms("any")) == (is_staff, is_staff, is_staff)


@pytest.mark.parametrize(
    ("status", "is_active", "is_verified", "may_begin"),
    [
        (UserStatus.PENDING, True, False, False),
        (UserStatus.ACTIVE, True, True, True),
        (UserStatus.RESTRICTED, True, True, False),
        (UserStatus.SUSPENDED, False, False, False),
        (UserStatus.DELETED, False, False, False),
    ],
)
def test_status_says_who_may_log_in_go_on_and_begin(status, is_active, is_verified, may_begin):
    user = User(status=status)

    assert (user.is_active, user.is_verified, user.may_begin) == (is_active, is_verified, may_begin)


@pytest.mark.django_db
def test_staff_who_are_restricted_are_refused_by_the_database():
    with pytest.raises(IntegrityError, match="user_restricted_is_no_staff"), transaction.atomic():
        UserFactory(admin=True, status=UserStatus.RESTRICTED)


def test_rows_name_themselves():
    user = User(email="ada@example.com", first_name="Ada", last_name="Lovelace")
    noon = timezone.now()

    assert str(user) == "ada@example.com"
    assert str(User(phone="+12025550143")) == "+12025550143"
    assert str(gone := User()) == f"deleted {gone.pk}"
    assert user.full_name == "Ada Lovelace"
    assert str(Session(user=user, created_at=noon)) == f"{user.pk} since {noon:%Y-%m-%d}"
    assert str(CodeChallenge(user=user, purpose="VERIFY")) == f"VERIFY for {user.pk}"
    assert str(SecurityEvent(user=user, kind="LOGIN")) == f"LOGIN {user.pk}"
    assert str(RegistrationEntry(pk=7, user=user)) == f"#7 for {user.pk}"
    assert str(AddressNotice(user=user)) == f"for {user.pk}"


@pytest.mark.django_db
@pytest.mark.parametrize(
    "fields",
    [
        {"email": None},
        {"role": "ROOT"},
        {"status": "ASLEEP"},
        {"status": UserStatus.DELETED},
        {"deleted_at": timezone.now()},
        {"email": None, "phone": "+12025550143", "phone_verified_at": None},
        {"phone_verified_at": timezone.now()},
        {"suspended_as": UserStatus.RESTRICTED},
        {"status": UserStatus.SUSPENDED, "suspended_as": UserStatus.PENDING},
    ],
)
def test_database_refuses_an_account_that_makes_no_sense(fields):
    with pytest.raises(IntegrityError), transaction.atomic():
        UserFactory(**fields)

    assert User.objects.count() == 0


PENDING_PHONE = {"email": None, "phone": "+12025550143", "phone_verified_at": None, "status": UserStatus.PENDING}


@pytest.mark.django_db
@pytest.mark.parametrize(
    "fields",
    [
        {"email": "ada@example.com"},
        {"email": "ada@example.com", "status": UserStatus.PENDING},
        {"phone": "+12025550143", "phone_verified_at": timezone.now()},
        PENDING_PHONE,
    ],
    ids=["e-mail", "pending e-mail", "phone", "pending phone"],
)
def test_database_refuses_a_second_account_of_one_address(fields):
    UserFactory(**fields)

    with pytest.raises(IntegrityError), transaction.atomic():
        UserFactory(**fields)

    assert User.objects.count() == 1


@pytest.mark.django_db
@pytest.mark.parametrize(
    "unproven",
    [{"email": "ada@example.com", "status": UserStatus.PENDING}, PENDING_PHONE, {"phone": "+12025550143"}],
    ids=["e-mail", "phone", "contact"],
)
def test_an_unproven_address_keeps_nobody_from_proving_it(unproven):
    UserFactory(**unproven)

    UserFactory(email="ada@example.com", phone="+12025550143", phone_verified_at=timezone.now())

    assert User.objects.count() == 2


@pytest.mark.django_db
def test_security_events_never_change():
    event = SecurityEvent.objects.create(kind="LOGIN", at=timezone.now())

    with pytest.raises(IntegrityError), transaction.atomic():
        SecurityEvent.objects.filter(pk=event.pk).update(kind="LOGOUT")
    with pytest.raises(IntegrityError), transaction.atomic():
        event.delete()

    assert list(SecurityEvent.objects.values_list("kind", flat=True)) == ["LOGIN"]


@pytest.mark.django_db
def test_user_is_found_by_natural_key_in_any_case():
    user = UserFactory(email="ada@example.com")

    assert User.objects.get_by_natural_key(" Ada@Example.com ") == user
