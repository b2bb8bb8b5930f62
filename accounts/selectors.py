from uuid import UUID

from django.db.models import QuerySet

from accounts.addresses import email_normalise
from accounts.enums import CodePurpose
from accounts.models import CodeChallenge, Session, User
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


def user_find_by_email(email: str) -> User | None:
    return user_list().filter(email=email_normalise(email)).first()


def user_find_by_email_locked(email: str) -> User | None:
    """Lock the account until the transaction ends, as `user_get_locked` does."""
    return user_list().select_for_update(no_key=True).filter(email=email_normalise(email)).first()


def session_find_with_user(session_id: UUID) -> Session | None:
    """Read a session and its user in one query, ended or not."""
    return Session.objects.select_related("user").filter(pk=session_id).first()


def session_find_locked(session_id: UUID) -> Session | None:
    """Lock a session, not its user, until the transaction ends."""
    return Session.objects.select_for_update(of=("self",)).select_related("user").filter(pk=session_id).first()


def challenge_find_open(user_id: UUID, purpose: CodePurpose) -> CodeChallenge | None:
    return CodeChallenge.objects.filter(user_id=user_id, purpose=purpose, closed_at__isnull=True).first()


def challenge_find_locked(challenge_id: UUID) -> CodeChallenge | None:
    """Lock a challenge until the transaction ends."""
    return CodeChallenge.objects.select_for_update(of=("self",)).select_related("user").filter(pk=challenge_id).first()


def _found(user: User | None) -> User:
    if user is None:
        raise NotFound
    return user
