"""Every mail of accounts, sent as in life."""

import pytest
from django.core.mail import EmailMessage
from django.db import transaction

from accounts.enums import SocialProvider, UserStatus
from accounts.events import IdentityLinked
from accounts.services import mail as telling
from accounts.tests.factories import PASSWORD, UserFactory
from accounts.tests.helpers import REGISTRATION, post
from fixmate.core import clock
from fixmate.core.events import publish
from fixmate.core.models import OutboxMessage
from fixmate.core.tests.http import client_for
from fixmate.core.tests.letters import forbid_missing_variables, html_of, paragraphs, seen

pytestmark = pytest.mark.django_db
EMAIL = "ada@example.com"
NEW = "staple of another kind"


@pytest.fixture(autouse=True)
def _nothing_missing(monkeypatch):
    forbid_missing_variables(monkeypatch)


@pytest.fixture
def sent(drain, mailoutbox):
    """Return the call that works off the outbox and gives the newest mail."""

    def read():
        drain()
        return mailoutbox[-1]

    return read


def _register(**changes):
    assert post("register", {**REGISTRATION, **changes}).status_code == 202


def _ask_to_log_in():
    UserFactory(email=EMAIL)
    post("send-otp", {"email": EMAIL})


def _forget():
    UserFactory(email=EMAIL, password=PASSWORD)
    post("forgot-password", {"email": EMAIL})


def _change_address():
    client = client_for(UserFactory(email="old@example.com", password=PASSWORD))
    assert client.post("/api/v1/auth/change-address", {"current_password": PASSWORD, "email": EMAIL}).status_code == 202


def _change_password():
    client = client_for(UserFactory(email=EMAIL, password=PASSWORD))
    body = {"current_password": PASSWORD, "new_password": NEW}
    assert client.post("/api/v1/auth/change-password", body).status_code == 204


def _register_again():
    UserFactory(email=EMAIL)
    _register()


def _link():
    user = UserFactory(email=EMAIL)
    with transaction.atomic():
        publish(IdentityLinked(user_id=user.pk, provider=SocialProvider.APPLE))


@pytest.mark.parametrize(
    ("do", "subject", "says"),
    [
        (_register, "Your FixMate code", "It confirms the registration made with this address at 12:00 UTC."),
        (_ask_to_log_in, "Your FixMate code to log in", "It logs you in, or shows that it is you, as somebody asked"),
        (_forget, "Your FixMate code for a new password", "It sets a new password for your account, as somebody asked"),
        (_change_address, "Your FixMate code for a new address", "It makes this the address of a FixMate account"),
        (_change_password, "Your FixMate password was changed", "and other devices were logged out."),
        (_link, "A new way into your FixMate account", "can now be opened by signing in with Apple: somebody"),
        (_register_again, "You already have a FixMate account", "You already have one, and nothing about it has"),
    ],
    ids=lambda it: getattr(it, "__name__", ""),
)
def test_mail_says_what_happened_in_both_parts(do, subject, says, sent, noon):
    do()

    mail = sent()

    html, text = seen(html_of(mail)), " ".join(mail.body.split())
    assert (mail.to, mail.subject) == ([EMAIL], subject)
    assert says in text
    assert says in html
    assert all(paragraph in html for paragraph in paragraphs(mail.body))


def test_address_changed_is_told_where_the_account_was(sent, mailed_code):
    user = UserFactory(email="old@example.com", password=PASSWORD)
    client = client_for(user)
    client.post("/api/v1/auth/change-address", {"current_password": PASSWORD, "email": EMAIL})
    client.post("/api/v1/auth/confirm-address", {"email": EMAIL, "code": mailed_code()})

    mail = sent()

    assert (mail.to, mail.subject) == (["old@example.com"], "Your FixMate address was changed")
    assert "has another e-mail address or phone number now" in seen(html_of(mail))


# Which mail it is


def _id(mail):
    return mail.extra_headers["Message-ID"]


@pytest.fixture
def sent_twice(drain, mailoutbox, monkeypatch):
    """Send what is due: the server takes the mail, the process dies before it is recorded, and it is tried again."""

    def send_twice():
        send = EmailMessage.send

        def send_and_fail(self, fail_silently=False):
            send(self)
            raise OSError("the connection broke")

        with monkeypatch.context() as patch:
            patch.setattr(EmailMessage, "send", send_and_fail)
            drain()
        OutboxMessage.objects.update(run_at=clock.now())
        drain()
        return mailoutbox

    return send_twice


def test_mail_that_is_tried_again_is_the_same_mail(sent_twice):
    _change_password()

    first, again = sent_twice()
    assert _id(first) == _id(again)


def test_each_change_is_a_mail_of_its_own(sent):
    user = UserFactory(email=EMAIL, password=PASSWORD)
    client = client_for(user)
    ids = set()
    for old, new in ((PASSWORD, NEW), (NEW, PASSWORD)):
        client.post("/api/v1/auth/change-password", {"current_password": old, "new_password": new})
        ids.add(_id(sent()))

    assert len(ids) == 2


def test_each_code_is_a_mail_of_its_own(sent_twice):
    """Tried again it holds another code: a mail store that took it for the first would show the void one."""
    _ask_to_log_in()

    first, again = sent_twice()
    assert _id(first) != _id(again)


def test_owner_of_a_deleted_account_is_told_nothing(mailoutbox):
    user = UserFactory(email=None, status=UserStatus.DELETED, deleted_at=clock.now())

    telling.owner_tell(user, template="password_replaced", occasion=1)

    assert mailoutbox == []
