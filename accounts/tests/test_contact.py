import pytest
from django.db import transaction

from accounts.enums import CodePurpose, SecurityEventKind, UserStatus
from accounts.errors import AccountTaken, CodeInvalid
from accounts.models import AddressNotice, CodeChallenge, User
from accounts.services import address_change, address_confirm, code_request, spent, user_erase
from accounts.tasks import tell_address_changed
from accounts.tests.factories import PASSWORD, UserFactory
from accounts.tests.helpers import AUTH, bearer, error, kinds, masked, wrong
from fixmate.core import outbox
from fixmate.core.models import OutboxMessage
from fixmate.core.tests.http import NOBODY, client_for

pytestmark = pytest.mark.django_db
PHONE, OTHER_PHONE = "+12025550143", "+12025550199"
PROVEN = "2026-01-01T00:00Z"


def asked(user, **body):
    return client_for(user).post(f"{AUTH}/change-address", {"current_password": PASSWORD, **body})


def confirmed(user, **body):
    return client_for(user).post(f"{AUTH}/confirm-address", body)


def told(mailoutbox) -> list[tuple[str, str]]:
    return [(mail.to[0], mail.subject) for mail in mailoutbox]


def test_a_new_email_address_counts_once_its_code_comes_back(user, mailed_code, drain, mailoutbox):
    first = asked(user, email="Grace@Example.com")
    between = User.objects.get().email
    answer = confirmed(user, email="grace@example.com", code=mailed_code())
    drain()

    assert (first.status_code, first.content) == (202, b"")
    assert between == "ada@example.com"
    assert (answer.status_code, answer.json()["email"]) == (200, "grace@example.com")
    assert User.objects.get().email == "grace@example.com"
    assert told(mailoutbox) == [
        ("grace@example.com", "Your FixMate code for a new address"),
        ("ada@example.com", "Your FixMate address was changed"),
    ]
    assert kinds(user)[-1] == SecurityEventKind.ADDRESS_CHANGED


def test_a_first_phone_number_is_told_to_the_email_address(user, texted_code, drain, mailoutbox):
    asked(user, phone="(202) 555-0143")
    answer = confirmed(user, phone=PHONE, code=texted_code())
    drain()

    held = User.objects.get()
    assert (answer.json()["phone"], held.phone) == (PHONE, PHONE)
    assert held.phone_verified_at is not None
    assert told(mailoutbox) == [("ada@example.com", "Your FixMate address was changed")]


def test_a_number_given_at_registration_is_proven_the_same_way(texted_code):
    user = UserFactory(email="ada@example.com", phone=PHONE, password=PASSWORD)
    asked(user, phone=PHONE)

    confirmed(user, phone=PHONE, code=texted_code())

    assert User.objects.get().phone_verified_at is not None


def test_a_replaced_number_is_told_on_the_old_one(texts, texted_code):
    user = UserFactory(email=None, phone=PHONE, password=PASSWORD)
    asked(user, phone=OTHER_PHONE)
    confirmed(user, phone=OTHER_PHONE, code=texted_code())

    assert [(to, "another address" in text) for to, text in texts()] == [(OTHER_PHONE, False), (PHONE, True)]


def test_a_phone_account_shows_who_it_is_by_a_login_code(texted_code, mailed_code):
    user = UserFactory(email=None, phone=PHONE)
    code_request(phone=PHONE)
    code = texted_code()
    client = client_for(user)

    first = client.post(f"{AUTH}/change-address", {"email": "ada@example.com", "code": code})
    again = client.post(f"{AUTH}/change-address", {"email": "eve@example.com", "code": code})
    confirmed(user, email="ada@example.com", code=mailed_code())

    assert first.status_code == 202
    assert error(again) == (403, "REAUTHENTICATION_REQUIRED")
    assert User.objects.get().email == "ada@example.com"


@pytest.mark.parametrize("proof", [{}, {"current_password": "wrong"}, {"code": "123456"}])
@pytest.mark.parametrize("path", ["change-address", "remove-phone"])
def test_without_showing_again_who_one_is_nothing_changes(path, proof):
    user = UserFactory(email="ada@example.com", phone=PHONE, phone_verified_at=PROVEN, password=PASSWORD)
    body = {**proof, "email": "eve@example.com"} if path == "change-address" else proof

    answer = client_for(user).post(f"{AUTH}/{path}", body)

    assert error(answer) == (403, "REAUTHENTICATION_REQUIRED")
    assert (User.objects.get().email, User.objects.get().phone) == ("ada@example.com", PHONE)
    assert (CodeChallenge.objects.count(), OutboxMessage.objects.count()) == (0, 0)
    assert kinds(user) == [SecurityEventKind.REAUTH_REFUSED]


@pytest.mark.parametrize(
    ("body", "details"),
    [
        ({}, ["email"]),
        ({"phone": "12"}, ["phone"]),
        ({"email": "no address"}, ["email"]),
        ({"email": "ADA@example.com"}, []),
        ({"email": "eve@example.com", "phone": PHONE}, ["email"]),
        ({"email": "eve@example.com", "role": "ADMIN"}, ["role"]),
    ],
    ids=str,
)
def test_change_address_refuses_a_bad_body(user, body, details):
    answer = asked(user, **body)

    assert error(answer) == (400, "VALIDATION_ERROR")
    assert list(answer.json()["error"]["details"]) == details
    assert CodeChallenge.objects.count() == 0


def test_without_sms_no_number_can_be_proven(user, settings):
    settings.SMS_BACKEND = "none"

    answer = asked(user, phone=PHONE)

    assert error(answer) == (400, "VALIDATION_ERROR")


def test_a_taken_address_is_asked_for_alike_and_shows_when_it_is_proven(user, mailed_code):
    UserFactory(email="bob@example.com")

    free, taken = (masked(asked(user, email=f"{name}@example.com")) for name in ("eve", "bob"))
    answer = confirmed(user, email="bob@example.com", code=mailed_code())

    assert free == taken
    assert error(answer) == (409, "ACCOUNT_TAKEN")
    assert User.objects.get(pk=user.pk).email == "ada@example.com"
    assert kinds(user).count(SecurityEventKind.ADDRESS_CHANGED) == 0


def test_an_address_somebody_registered_and_never_proved_can_be_taken(user, mailed_code):
    UserFactory(email="grace@example.com", status=UserStatus.PENDING)
    address_change(user_id=user.pk, email="grace@example.com", current_password=PASSWORD)

    address_confirm(user_id=user.pk, email="grace@example.com", code=mailed_code())

    assert User.objects.get(pk=user.pk).email == "grace@example.com"


def test_three_wrong_codes_end_the_change(user, mailed_code):
    address_change(user_id=user.pk, email="grace@example.com", current_password=PASSWORD)
    code = mailed_code()
    for _ in range(3):
        with pytest.raises(CodeInvalid):
            address_confirm(user_id=user.pk, email="grace@example.com", code=wrong(code))

    with pytest.raises(CodeInvalid):
        address_confirm(user_id=user.pk, email="grace@example.com", code=code)

    assert User.objects.get().email == "ada@example.com"


def test_the_code_is_for_the_address_it_was_sent_to_and_for_its_account(user, mailed_code):
    address_change(user_id=user.pk, email="grace@example.com", current_password=PASSWORD)
    code = mailed_code()
    other = UserFactory(email="eve@example.com")

    with pytest.raises(CodeInvalid):
        address_confirm(user_id=user.pk, email="ceo@example.com", code=code)
    with pytest.raises(CodeInvalid):
        address_confirm(user_id=other.pk, email="grace@example.com", code=code)

    assert CodeChallenge.objects.get().purpose == CodePurpose.CHANGE
    assert set(User.objects.values_list("email", flat=True)) == {"ada@example.com", "eve@example.com"}


def test_the_sessions_go_on_under_the_new_address(user, login, mailed_code):
    client = bearer(login(user)["access_token"])
    address_change(user_id=user.pk, email="grace@example.com", current_password=PASSWORD)

    address_confirm(user_id=user.pk, email="grace@example.com", code=mailed_code())

    assert client.get(f"{AUTH}/me").json()["email"] == "grace@example.com"


# Removing the number


@pytest.mark.parametrize("is_proven", [True, False])
def test_a_number_is_removed_and_told_where_it_was_proven(is_proven, texts, mailoutbox):
    proven_at = PROVEN if is_proven else None
    user = UserFactory(email="ada@example.com", phone=PHONE, phone_verified_at=proven_at, password=PASSWORD)

    answers = [client_for(user).post(f"{AUTH}/remove-phone", {"current_password": PASSWORD}) for _ in "12"]

    assert [answer.status_code for answer in answers] == [204, 204]
    assert (User.objects.get().phone, User.objects.get().phone_verified_at) == (None, None)
    assert [to for to, _ in texts()] == ([PHONE] if is_proven else [])
    assert [to for to, _ in told(mailoutbox)] == ([] if is_proven else ["ada@example.com"])


def test_the_only_address_stays():
    user = UserFactory(email=None, phone=PHONE, password=PASSWORD)

    answer = client_for(user).post(f"{AUTH}/remove-phone", {"current_password": PASSWORD})

    assert error(answer) == (409, "CONFLICT")
    assert User.objects.get().phone == PHONE


def test_who_proves_a_number_second_is_refused(texted_code):
    user = UserFactory(password=PASSWORD)
    address_change(user_id=user.pk, phone=PHONE, current_password=PASSWORD)
    code = texted_code()
    UserFactory(phone=PHONE, phone_verified_at=PROVEN)

    with pytest.raises(AccountTaken):
        address_confirm(user_id=user.pk, phone=PHONE, code=code)

    assert User.objects.get(pk=user.pk).phone is None


# Where the address before is kept


def changed(user, mailed_code):
    address_change(user_id=user.pk, email="grace@example.com", current_password=PASSWORD)
    address_confirm(user_id=user.pk, email="grace@example.com", code=mailed_code())


def test_no_message_holds_the_address_before(user, mailed_code, drain):
    changed(user, mailed_code)
    waiting = [str(payload) for payload in OutboxMessage.objects.values_list("payload", flat=True)]
    noted = AddressNotice.objects.get().address
    drain()

    assert "ada@example.com" not in "".join(waiting)
    assert noted == "ada@example.com"
    assert AddressNotice.objects.count() == 0


def test_who_deletes_his_account_before_it_was_told_leaves_no_address(user, mailed_code, drain, mailoutbox):
    changed(user, mailed_code)
    user_erase(user_id=user.pk)
    drain()

    assert AddressNotice.objects.count() == 0
    assert told(mailoutbox) == [("grace@example.com", "Your FixMate code for a new address")]


def test_a_message_of_the_version_before_is_understood(drain, mailoutbox):
    with transaction.atomic():
        outbox.enqueue(tell_address_changed.name, user_id="x", told_at="ada@example.com")
    drain()

    assert told(mailoutbox) == [("ada@example.com", "Your FixMate address was changed")]


def test_what_somebody_guesses_at_a_new_address_is_his_own_count(settings, user):
    """Or a stranger with an account could keep everybody from confirming an address."""
    settings.REDIS_URL = "redis://127.0.0.1:6379/0"  # the cache itself is the one in the process
    for _ in range(settings.CODE_TRIES):
        spent.note_refused(CodePurpose.CHANGE, "grace@example.com", user_id=NOBODY)

    assert spent.is_spent(CodePurpose.CHANGE, "grace@example.com", user_id=NOBODY)
    assert not spent.is_spent(CodePurpose.CHANGE, "grace@example.com", user_id=user.pk)
