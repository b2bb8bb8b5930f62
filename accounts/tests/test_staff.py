import pytest
from django.db import IntegrityError, transaction

from accounts.enums import DISPATCH_JOB, Role, SessionEnd, UserStatus
from accounts.errors import AccountRestricted, AccountSuspended, AccountTaken, StaffNotRestricted
from accounts.models import Session, User
from accounts.services import (
    session_open,
    staff_appoint_dispatcher,
    staff_create,
    staff_dismiss_dispatcher,
    user_check_may_begin,
    user_erase,
    user_reinstate,
    user_restrict,
    user_suspend,
    users,
)
from accounts.tests.factories import PASSWORD, UserFactory
from fixmate.core.errors import Conflict, Forbidden, IllegalTransition, Invalid
from fixmate.core.models import AuditEntry, OutboxMessage

pytestmark = pytest.mark.django_db


def test_staff_create_makes_an_active_admin_on_record(noon):
    user = staff_create(email="Staff@Example.com", password=PASSWORD, first_name="Sam", last_name="Staff")

    held, entry = User.objects.get(), AuditEntry.objects.get()
    assert held == user
    assert (held.email, held.role, held.status, held.verified_at) == (
        "staff@example.com",
        Role.ADMIN,
        UserStatus.ACTIVE,
        noon,
    )
    assert held.check_password(PASSWORD)
    assert (entry.action, entry.target_id, entry.actor_id) == ("accounts.staff.create", str(user.pk), None)


def test_staff_create_refuses_a_taken_address():
    UserFactory(email="staff@example.com")

    with pytest.raises(AccountTaken):
        staff_create(email="staff@example.com", password=PASSWORD, first_name="Sam", last_name="Staff")

    assert (User.objects.count(), AuditEntry.objects.count()) == (1, 0)


def test_staff_create_refuses_a_weak_password():
    with pytest.raises(Invalid):
        staff_create(email="staff@example.com", password="12345678", first_name="Sam", last_name="Staff")

    assert (User.objects.count(), AuditEntry.objects.count()) == (0, 0)


def test_user_suspend_ends_sessions_tells_and_is_audited():
    admin, user = UserFactory(admin=True), UserFactory(password=PASSWORD)
    session = session_open(email=user.email, password=PASSWORD)

    user_suspend(user_id=user.pk, actor=admin, reason="Abuse, case 4711")

    entry = AuditEntry.objects.get()
    assert User.objects.get(pk=user.pk).status == UserStatus.SUSPENDED
    assert Session.objects.get(pk=session.pk).end_reason == SessionEnd.SUSPENDED
    assert (entry.action, entry.actor_id, entry.target_id) == ("accounts.user.suspend", admin.pk, str(user.pk))
    assert (entry.reason, entry.before, entry.after) == (
        "Abuse, case 4711",
        {"status": "ACTIVE"},
        {"status": "SUSPENDED"},
    )


def test_user_reinstate_opens_the_account_and_no_old_session():
    admin, user = UserFactory(admin=True), UserFactory(password=PASSWORD)
    session = session_open(email=user.email, password=PASSWORD)
    user_suspend(user_id=user.pk, actor=admin, reason="Abuse, case 4711")

    user_reinstate(user_id=user.pk, actor=admin, reason="Mistaken identity")

    assert User.objects.get(pk=user.pk).status == UserStatus.ACTIVE
    assert Session.objects.get(pk=session.pk).ended_at is not None
    assert list(AuditEntry.objects.order_by("sequence").values_list("action", flat=True)) == [
        "accounts.user.suspend",
        "accounts.user.reinstate",
    ]


def test_suspension_and_reinstatement_are_published(monkeypatch):
    admin, user = UserFactory(admin=True), UserFactory()
    published = []
    monkeypatch.setattr(users.events, "publish", lambda *events: published.extend(event.name for event in events))

    user_suspend(user_id=user.pk, actor=admin, reason="Abuse")
    user_reinstate(user_id=user.pk, actor=admin, reason="Mistake")

    assert published == ["accounts.user.suspended", "accounts.user.reinstated"]


@pytest.mark.parametrize(
    ("act", "status", "reason", "refusal"),
    [
        (user_suspend, UserStatus.PENDING, "Abuse", IllegalTransition),
        (user_suspend, UserStatus.SUSPENDED, "Abuse", IllegalTransition),
        (user_suspend, UserStatus.ACTIVE, "  ", Invalid),
        (user_reinstate, UserStatus.ACTIVE, "Mistake", IllegalTransition),
        (user_reinstate, UserStatus.SUSPENDED, "", Invalid),
        (user_restrict, UserStatus.PENDING, "Unpaid", IllegalTransition),
        (user_restrict, UserStatus.RESTRICTED, "Unpaid", IllegalTransition),
        (user_restrict, UserStatus.SUSPENDED, "Unpaid", IllegalTransition),
        (user_restrict, UserStatus.ACTIVE, " ", Invalid),
    ],
)
def test_a_refused_staff_act_leaves_nothing(act, status, reason, refusal):
    admin, user = UserFactory(admin=True), UserFactory(status=status)

    with pytest.raises(refusal):
        act(user_id=user.pk, actor=admin, reason=reason)

    assert User.objects.get(pk=user.pk).status == status
    assert (AuditEntry.objects.count(), OutboxMessage.objects.count()) == (0, 0)


def test_user_suspend_refuses_oneself():
    admin = UserFactory(admin=True)

    with pytest.raises(Forbidden):
        user_suspend(user_id=admin.pk, actor=admin, reason="Tired")

    assert User.objects.get().status == UserStatus.ACTIVE


def test_user_restrict_leaves_sessions_tells_and_is_audited():
    admin, user = UserFactory(admin=True), UserFactory(password=PASSWORD)
    session = session_open(email=user.email, password=PASSWORD)

    user_restrict(user_id=user.pk, actor=admin, reason="Unpaid, case 4712")

    entry = AuditEntry.objects.get()
    assert User.objects.get(pk=user.pk).status == UserStatus.RESTRICTED
    assert Session.objects.get(pk=session.pk).ended_at is None
    assert (entry.action, entry.reason, entry.before, entry.after) == (
        "accounts.user.restrict",
        "Unpaid, case 4712",
        {"status": "ACTIVE"},
        {"status": "RESTRICTED"},
    )
    told = OutboxMessage.objects.get(task="notifications.account_restricted")
    assert told.payload == {"user_id": str(user.pk), "reason": "Unpaid, case 4712"}


@pytest.mark.parametrize("act", [user_reinstate, user_suspend])
def test_restriction_ends_either_way(act):
    admin, user = UserFactory(admin=True), UserFactory(status=UserStatus.RESTRICTED)

    act(user_id=user.pk, actor=admin, reason="Looked at again")

    assert AuditEntry.objects.get().before == {"status": "RESTRICTED"}
    assert User.objects.get(pk=user.pk).may_begin is (act is user_reinstate)


def test_restriction_survives_a_suspension():
    admin, user = UserFactory(admin=True), UserFactory(status=UserStatus.RESTRICTED)
    user_suspend(user_id=user.pk, actor=admin, reason="Abuse")

    user_reinstate(user_id=user.pk, actor=admin, reason="It was somebody else")

    held = User.objects.get(pk=user.pk)
    assert (held.status, held.suspended_as) == (UserStatus.RESTRICTED, "")
    assert AuditEntry.objects.latest("sequence").after == {"status": "RESTRICTED"}
    told = OutboxMessage.objects.get(task="notifications.account_reinstated")
    assert told.payload == {"user_id": str(user.pk), "is_restricted": True}
    user_reinstate(user_id=user.pk, actor=admin, reason="Paid")
    assert User.objects.get(pk=user.pk).status == UserStatus.ACTIVE


def test_staff_are_not_restricted():
    admin, other = UserFactory(admin=True), UserFactory(admin=True)

    with pytest.raises(StaffNotRestricted):
        user_restrict(user_id=other.pk, actor=admin, reason="Unpaid")

    assert User.objects.get(pk=other.pk).status == UserStatus.ACTIVE
    assert (AuditEntry.objects.count(), OutboxMessage.objects.count()) == (0, 0)


def test_who_is_restricted_logs_in_and_may_delete_his_account():
    user = UserFactory(password=PASSWORD, status=UserStatus.RESTRICTED)

    session_open(email=user.email, password=PASSWORD)
    user_erase(user_id=user.pk)

    assert User.objects.get().status == UserStatus.DELETED


@pytest.mark.parametrize(
    ("status", "refusal"),
    [
        (UserStatus.RESTRICTED, AccountRestricted),
        (UserStatus.SUSPENDED, AccountSuspended),
        (UserStatus.DELETED, AccountSuspended),
    ],
)
def test_beginning_needs_a_working_account(status, refusal):
    with pytest.raises(refusal):
        user_check_may_begin(User(status=status))


# Dispatchers


@pytest.mark.parametrize("is_dispatcher", [True, False])
def test_dispatch_permission_is_a_role_more(is_dispatcher):
    user = UserFactory(admin=True, is_dispatcher=is_dispatcher)

    assert (user.has_perm(DISPATCH_JOB), user.has_perm("jobs.view_job")) == (is_dispatcher, True)


def test_dispatch_permission_ends_with_the_account():
    assert not UserFactory(admin=True, is_dispatcher=True, status=UserStatus.SUSPENDED).has_perm(DISPATCH_JOB)


def test_appoint_dispatcher_is_audited_once():
    user = UserFactory(admin=True)

    for _ in range(2):
        staff_appoint_dispatcher(user_id=user.pk)

    entry = AuditEntry.objects.get()
    assert User.objects.get().is_dispatcher is True
    assert (entry.action, entry.actor_id, entry.target_id) == ("accounts.staff.dispatcher", None, str(user.pk))
    assert (entry.before, entry.after) == ({"is_dispatcher": False}, {"is_dispatcher": True})


@pytest.mark.parametrize("role", [Role.CUSTOMER, Role.TECHNICIAN])
def test_appoint_dispatcher_is_for_staff(role):
    user = UserFactory(role=role)

    with pytest.raises(Forbidden):
        staff_appoint_dispatcher(user_id=user.pk)

    assert (User.objects.get().is_dispatcher, AuditEntry.objects.count()) == (False, 0)


@pytest.mark.parametrize("role", [Role.CUSTOMER, Role.TECHNICIAN])
def test_dispatcher_who_is_not_staff_is_refused_by_the_database(role):
    with pytest.raises(IntegrityError, match="user_dispatcher_is_staff"), transaction.atomic():
        UserFactory(role=role, is_dispatcher=True)


def test_dismiss_dispatcher_is_audited():
    admin, user = UserFactory(admin=True), UserFactory(admin=True, is_dispatcher=True)

    staff_dismiss_dispatcher(user_id=user.pk, actor=admin, reason="Moved to accounting.")

    entry = AuditEntry.objects.get()
    assert User.objects.get(pk=user.pk).is_dispatcher is False
    assert (entry.actor_id, entry.reason, entry.after) == (admin.pk, "Moved to accounting.", {"is_dispatcher": False})


def test_dismiss_of_who_is_none_is_a_conflict():
    admin, user = UserFactory(admin=True), UserFactory(admin=True)

    with pytest.raises(Conflict):
        staff_dismiss_dispatcher(user_id=user.pk, actor=admin, reason="Moved to accounting.")

    assert AuditEntry.objects.count() == 0


def test_dismiss_dispatcher_needs_a_reason():
    admin, user = UserFactory(admin=True), UserFactory(admin=True, is_dispatcher=True)

    with pytest.raises(Invalid):
        staff_dismiss_dispatcher(user_id=user.pk, actor=admin, reason="  ")

    assert User.objects.get(pk=user.pk).is_dispatcher is True
