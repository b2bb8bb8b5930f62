"""Deleting an account: whoever it was is taken out of every row, and the books stay."""

from datetime import datetime
from uuid import UUID

from django.db import transaction

from accounts.enums import SecurityEventKind, SessionEnd, UserStatus
from accounts.events import UserDeleted
from accounts.hooks import erase_parts
from accounts.models import AddressNotice, CodeChallenge, User
from accounts.selectors import identity_list_of, registration_list_of, session_list_of, user_get_locked
from accounts.services.factors import factors_forget
from accounts.services.security import security_event_add
from accounts.services.sessions import session_end_all
from fixmate.core import clock, events
from fixmate.core.files import files_forget
from fixmate.core.idempotency import claims_forget

_ERASED = [
    "status",
    "deleted_at",
    "email",
    "phone",
    "phone_verified_at",
    "first_name",
    "last_name",
    "avatar",
    "is_dispatcher",
    "authenticator",
    "password",
    "last_login",
]


@transaction.atomic
def user_erase(*, user_id: UUID) -> None:
    """Anonymise the account for good, and end it everywhere at once. Idempotent.

    Jobs, payments and the trails of audit keep their rows, which now lead to a "Deleted user"; security events keep
    where from and when. The addresses are free for somebody else.

    :raises AccountInUse: while a job is live or money is owed
    :raises IllegalTransition: if it is suspended, or was never verified
    """
    user = user_get_locked(user_id)
    if user.status == UserStatus.DELETED:
        return
    picture = str(user.avatar)
    at = clock.now()
    user.erase(at=at)
    _parts_erase(user, at)
    files_forget([picture])


def user_lapse_locked(user: User) -> None:
    """Do the same to an account nobody has proven. The caller holds its lock.

    :raises AccountInUse: if it has something all the same
    """
    at = clock.now()
    user.lapse(at=at)
    _parts_erase(user, at)


def _parts_erase(user: User, at: datetime) -> None:
    user.save(update_fields=_ERASED)
    session_end_all(user=user, reason=SessionEnd.DELETED)
    factors_forget(user)
    session_list_of(user).update(user_agent="", ip_address=None)
    identity_list_of(user).delete()
    CodeChallenge.objects.filter(user=user, closed_at__isnull=True).update(closed_at=at)
    CodeChallenge.objects.filter(user=user).update(address="", asked_from="")
    AddressNotice.objects.filter(user=user).delete()
    registration_list_of(user).delete()
    erase_parts(user)
    claims_forget(str(user.pk))
    security_event_add(SecurityEventKind.ACCOUNT_DELETED, user=user)
    events.publish(UserDeleted(user_id=user.pk))
