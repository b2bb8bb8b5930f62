import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts import selectors
from accounts.addresses import address_of, phone_normalise
from accounts.enums import UserStatus
from accounts.tests.factories import UserFactory
from fixmate.core.errors import Invalid, NotFound
from fixmate.core.ids import uuid7


@pytest.mark.django_db
@pytest.mark.parametrize("get", [selectors.user_get, selectors.user_get_locked])
def test_user_get_finds_or_refuses(get):
    user = UserFactory()

    with transaction.atomic():
        assert get(user.pk) == user
        with pytest.raises(NotFound):
            get(uuid7())


@pytest.mark.django_db
@pytest.mark.parametrize("find", [selectors.user_find, selectors.user_find_locked])
def test_user_find_ignores_case_and_space(find):
    user = UserFactory(email="ada@example.com")

    with transaction.atomic():
        assert find(address_of(email=" ADA@example.com ")) == user
        assert find(address_of(email="somebody@example.com")) is None


@pytest.mark.django_db
@pytest.mark.parametrize("by", [{"email": "ada@example.com"}, {"phone": "+12025550143"}])
def test_user_find_prefers_whoever_has_proven_the_address(by):
    UserFactory(**{"email": None, "status": UserStatus.PENDING, "phone_verified_at": None, **by})
    proven = UserFactory(**{"email": None, **by})

    assert selectors.user_find(address_of(**by)) == proven


@pytest.mark.django_db
def test_user_find_does_not_take_a_number_beside_an_email_address_for_proven():
    UserFactory(email="ada@example.com", phone="+12025550143")

    assert selectors.user_find(address_of(phone="+12025550143")) is None


@pytest.mark.django_db
def test_user_list_shows_deleted_accounts_to_staff():
    gone = UserFactory(email=None, status=UserStatus.DELETED, deleted_at=timezone.now())

    assert list(selectors.user_list()) == [gone]


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("read", "lock"),
    [
        (lambda user: selectors.user_get_locked(user.pk), "FOR NO KEY UPDATE"),
        (lambda user: selectors.user_find_locked(address_of(email=user.email)), "FOR NO KEY UPDATE"),
        (lambda user: selectors.user_find_pending_locked(address_of(email=user.email)), "FOR NO KEY UPDATE"),
        (lambda user: selectors.session_find_locked(user.pk), 'FOR UPDATE OF "accounts_session"'),
        (lambda user: selectors.challenge_find_locked(user.pk), 'FOR UPDATE OF "accounts_codechallenge"'),
    ],
)
def test_locking_reads_lock(read, lock):
    user = UserFactory()

    with (
        transaction.atomic(),
        CaptureQueriesContext(
            connection,
        ) as queries,
    ):
        read(user)

    assert queries.captured_queries[-1]["sql"].endswith(lock)


@pytest.mark.parametrize(
    ("given", "expected"),
    [("(202) 555-0143", "+12025550143"), ("+44 20 7946 0018", "+442079460018"), ("+12025550143", "+12025550143")],
)
def test_phone_normalise_returns_e164(given, expected):
    assert phone_normalise(given) == expected


@pytest.mark.parametrize("given", ["no number", "12", "+1 000 000 0000", "+99999999999999"])
def test_phone_normalise_refuses_what_nobody_can_have(given):
    with pytest.raises(Invalid) as refusal:
        phone_normalise(given)

    assert refusal.value.details == {"phone": ["Enter a valid phone number."]}
