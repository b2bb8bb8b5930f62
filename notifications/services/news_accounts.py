"""What staff decided about an account, told to its owner: while it is so, under the account's lock."""

from typing import Any
from uuid import UUID

from accounts.enums import UserStatus
from accounts.selectors import user_get_locked
from notifications.enums import Kind
from notifications.kinds import ACCOUNT
from notifications.selectors import occasions_told, standing_facts
from notifications.services.delivery import notification_create
from notifications.services.news import news


@news
def notification_tell_account_restricted(*, user_id: UUID, reason: str, occasion: int) -> None:
    """`occasion` tells one restriction from the next: an account may be restricted again after it was reinstated."""
    _tell(user_id, UserStatus.RESTRICTED, Kind.ACCOUNT_RESTRICTED, occasion, reason=reason)


@news
def notification_tell_account_suspended(*, user_id: UUID, reason: str, occasion: int) -> None:
    """By mail above all: he cannot log in to read it."""
    _tell(user_id, UserStatus.SUSPENDED, Kind.ACCOUNT_SUSPENDED, occasion, reason=reason)


@news
def notification_tell_account_reinstated(*, user_id: UUID, is_restricted: bool, occasion: int) -> None:
    """A restriction from before the suspension still holds, and he is told so."""
    if is_restricted:
        facts = standing_facts(user_get_locked(user_id))
        _tell(user_id, UserStatus.RESTRICTED, Kind.ACCOUNT_REINSTATED, occasion, **facts)
    else:
        _tell(user_id, UserStatus.ACTIVE, Kind.ACCOUNT_REINSTATED, occasion)


def _tell(user_id: UUID, fits: UserStatus, kind: Kind, occasion: int, **facts: Any) -> None:
    """Tell what was decided while it is so, unless he has been told of a later decision."""
    user = user_get_locked(user_id)
    is_newest = all(told <= occasion for told in occasions_told(user_id, ACCOUNT))
    if user.status == fits and is_newest:
        notification_create(user_id=user_id, kind=kind, subject_key=str(occasion), payload=facts)
