from datetime import datetime
from uuid import UUID

from django.db.models import Q, QuerySet

from accounts.addresses import Address, address_of
from accounts.enums import AddressKind, CodePurpose, Role, UserStatus
from accounts.hooks import are_acquainted
from accounts.models import PROVEN_FIRST, CodeChallenge, Session, User
from fixmate.core import clock
from fixmate.core.errors import NotFound


def user_list() -> QuerySet[User]:
    """Every account, deleted ones too: staff answer for what they left behind."""
    users: QuerySet[User] = User.objects.all()
    return users


def user_get(user_id: UUID) -> User:
    """
    :raises NotFound: if there is no such account
    """
    return _found(user_list().filter(pk=user_id).first())


def user_get_locked(user_id: UUID) -> User:
    """Lock the account until the transaction ends; rows that refer to it can still be added.

    :raises NotFound: if there is no such account
    """
    return _found(user_list().select_for_update(no_key=True).filter(pk=user_id).first())


def user_get_kept_locked(user_id: UUID) -> User:
    """Lock an account that is not deleted: what was asked for before its deletion may come after it.

    :raises NotFound: if there is no such account any more
    """
    user = user_get_locked(user_id)
    if user.status == UserStatus.DELETED:
        raise NotFound
    return user


def user_with_picture_seen_by(viewer: User, *, user_id: UUID) -> User:
    """Return the account whose picture this is: one's own, to staff anybody's, or of whom one has to do with.

    :raises NotFound: if there is none the viewer may see
    """
    user = _found(user_list().filter(pk=user_id).exclude(avatar="").first())
    if viewer.pk != user.pk and viewer.role != Role.ADMIN and not are_acquainted(viewer, user):
        raise NotFound
    return user


def user_find(address: Address) -> User | None:
    """Return whose address it is: who has proven it, or else who has registered under it and proven nothing yet.

    A phone number beside an e-mail address counts only once it is proven.
    """
    return _holders(address).first()


def user_find_locked(address: Address) -> User | None:
    """Lock the account until the transaction ends, as `user_get_locked` does."""
    return _holders(address).select_for_update(no_key=True).first()


def user_find_pending_locked(address: Address) -> User | None:
    """Lock the account that was registered under the address and has not proven it."""
    return _holders(address).filter(status=UserStatus.PENDING).select_for_update(no_key=True).first()


def _holders(address: Address) -> QuerySet[User]:
    users = user_list().order_by(PROVEN_FIRST)
    if address.kind == AddressKind.EMAIL:
        return users.filter(email=address.value)
    is_registered_under = Q(status=UserStatus.PENDING, email__isnull=True)
    return users.filter(Q(phone_verified_at__isnull=False) | is_registered_under, phone=address.value)


def user_find_by_email(email: str) -> User | None:
    return user_find(address_of(email=email))


def session_find_with_user(session_id: UUID) -> Session | None:
    """Read a session and its user in one query, ended or not."""
    return Session.objects.select_related("user").filter(pk=session_id).first()


def session_list_of(user: User) -> QuerySet[Session]:
    """Return every login of the user, ended or not."""
    return Session.objects.filter(user=user)


def session_list_open_of(user: User) -> QuerySet[Session]:
    """Return where the user is logged in: a session nobody refreshes in time ends by itself."""
    return session_list_of(user).filter(ended_at__isnull=True, expires_at__gt=clock.now())


def session_find_locked(session_id: UUID) -> Session | None:
    """Lock a session, not its user, until the transaction ends."""
    return Session.objects.select_for_update(of=("self",)).select_related("user").filter(pk=session_id).first()


def challenge_find_open(user_id: UUID, purpose: CodePurpose) -> CodeChallenge | None:
    return CodeChallenge.objects.filter(user_id=user_id, purpose=purpose, closed_at__isnull=True).first()


def challenge_count_since(*, user_id: UUID, address: str, since: datetime) -> int:
    """Return how many codes were asked for since then by the account, or to the address: whichever are more."""
    recent = CodeChallenge.objects.filter(created_at__gt=since)
    return max(recent.filter(user_id=user_id).count(), recent.filter(address=address).count())


def challenge_find_locked(challenge_id: UUID) -> CodeChallenge | None:
    """Lock a challenge until the transaction ends."""
    return CodeChallenge.objects.select_for_update(of=("self",)).select_related("user").filter(pk=challenge_id).first()


def _found(user: User | None) -> User:
    if user is None:
        raise NotFound
    return user
