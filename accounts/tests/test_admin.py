import pytest
from django.test import Client
from django.urls import reverse

from accounts.enums import SecurityEventKind, UserStatus
from accounts.models import SecurityEvent, Session, SocialIdentity, User
from accounts.services import session_open
from accounts.tests.factories import PASSWORD, UserFactory
from accounts.tests.helpers import kinds
from fixmate.core.models import AuditEntry

pytestmark = pytest.mark.django_db


@pytest.fixture
def admin():
    return UserFactory(admin=True, email="staff@example.com", password=PASSWORD)


@pytest.fixture
def console(admin):
    client = Client()
    client.force_login(admin)
    return client


@pytest.mark.parametrize("model", ["user", "session", "securityevent"])
def test_console_lists_and_shows_and_changes_nothing(console, admin, model):
    session = session_open(email=admin.email, password=PASSWORD)
    row = {"user": admin, "session": session, "securityevent": SecurityEvent.objects.get()}[model]
    change = reverse(f"admin:accounts_{model}_change", args=[row.pk])

    listed = console.get(reverse(f"admin:accounts_{model}_changelist"), {"q": "staff"})
    shown = console.get(change)

    assert (listed.status_code, shown.status_code) == (200, 200)
    assert console.get(reverse(f"admin:accounts_{model}_add")).status_code == 403
    assert console.post(change, {}).status_code == 403
    assert console.post(reverse(f"admin:accounts_{model}_delete", args=[row.pk]), {"post": "yes"}).status_code == 403


def test_console_shows_no_password_and_no_token_id(console, admin):
    session = session_open(email=admin.email, password=PASSWORD)

    user_page = console.get(reverse("admin:accounts_user_change", args=[admin.pk])).content.decode()
    session_page = console.get(reverse("admin:accounts_session_change", args=[session.pk])).content.decode()

    assert admin.password not in user_page
    assert str(session.refresh_jti) not in session_page


@pytest.mark.parametrize("model", ["session", "securityevent"])
@pytest.mark.parametrize("item_count", [1, 3])
def test_console_lists_take_the_same_queries(console, model, item_count, django_assert_num_queries):
    for _ in range(item_count):
        session_open(email=UserFactory(password=PASSWORD).email, password=PASSWORD)

    with django_assert_num_queries(4):
        answer = console.get(reverse(f"admin:accounts_{model}_changelist"))

    assert answer.status_code == 200


def test_console_restricts_suspends_and_reinstates_with_a_reason(console, admin):
    user = UserFactory()

    for act, reason in (("restrict", "Unpaid"), ("suspend", "Abuse"), ("reinstate", "Mistake")):
        console.post(reverse("admin:accounts_user_act", args=[user.pk, act]), {"reason": reason})

    assert User.objects.get(pk=user.pk).status == UserStatus.RESTRICTED
    assert list(AuditEntry.objects.order_by("sequence").values_list("action", "reason", "source", "actor_id")) == [
        ("accounts.user.restrict", "Unpaid", "CONSOLE", admin.pk),
        ("accounts.user.suspend", "Abuse", "CONSOLE", admin.pk),
        ("accounts.user.reinstate", "Mistake", "CONSOLE", admin.pk),
    ]


def test_console_removes_a_sign_in_with_a_reason(console, admin):
    user = UserFactory()
    mine = [SocialIdentity.objects.create(user=user, provider=name, subject="1") for name in ("GOOGLE", "APPLE")]
    other = SocialIdentity.objects.create(user=UserFactory(), provider="GOOGLE", subject="2")
    act = reverse("admin:accounts_user_act", args=[user.pk, "remove-identity"])

    shown = console.get(act).content.decode()
    console.post(act, {"reason": "Lost his phone", "identity": other.pk})
    console.post(act, {"reason": "Lost his phone", "identity": mine[0].pk})

    assert (str(mine[0].pk) in shown, str(other.pk) in shown) == (True, False)
    assert set(SocialIdentity.objects.all()) == {mine[1], other}
    entry = AuditEntry.objects.get()
    assert (entry.action, entry.reason, entry.source, entry.actor_id, entry.target_id) == (
        "accounts.identity.remove",
        "Lost his phone",
        "CONSOLE",
        admin.pk,
        str(user.pk),
    )
    assert (entry.before, entry.after) == ({"sign_ins": ["GOOGLE", "APPLE"]}, {"sign_ins": ["APPLE"]})


def test_console_shows_a_refusal(console, admin):
    answer = console.post(
        reverse("admin:accounts_user_act", args=[admin.pk, "suspend"]), {"reason": "Tired"}, follow=True
    )

    assert "You may not suspend yourself. (PERMISSION_DENIED)" in answer.content.decode()
    assert User.objects.get(pk=admin.pk).status == UserStatus.ACTIVE


@pytest.mark.parametrize(
    ("email", "fields", "is_in"),
    [
        (" Sam@Example.com ", {"admin": True}, True),
        ("sam@example.com", {}, False),
        ("sam@example.com", {"technician": True}, False),
        ("sam@example.com", {"admin": True, "status": UserStatus.SUSPENDED}, False),
        ("sam@example.com", {"admin": True, "status": UserStatus.PENDING}, False),
        ("", {"admin": True}, False),
    ],
)
def test_console_login_is_for_active_staff_and_on_record(email, fields, is_in):
    user = UserFactory(email="sam@example.com", password=PASSWORD, **fields)

    assert Client().login(username=email, password=PASSWORD) is is_in

    assert kinds() == [SecurityEventKind.LOGIN if is_in else SecurityEventKind.LOGIN_REFUSED]
    assert kinds(user) == ([SecurityEventKind.LOGIN] if is_in else [])
    assert Session.objects.count() == 0


def test_console_login_is_limited_like_any_other(admin, settings):
    settings.RATES = {**settings.RATES, "login": "2/m"}
    form = {"username": admin.email, "password": PASSWORD}
    for _ in range(2):
        Client().post(reverse("admin:login"), {**form, "password": "wrong"})

    refused = Client().post(reverse("admin:login"), form)

    assert refused.status_code == 200  # the form again, as to a wrong password
    assert not refused.wsgi_request.user.is_authenticated
    assert kinds() == [SecurityEventKind.LOGIN_REFUSED] * 3


def test_console_takes_the_dispatcher_role_away(console):
    user = UserFactory(admin=True, is_dispatcher=True)

    console.post(reverse("admin:accounts_user_act", args=[user.pk, "dismiss"]), {"reason": "Moved."})

    assert User.objects.get(pk=user.pk).is_dispatcher is False
    assert AuditEntry.objects.get().action == "accounts.staff.dispatcher"
