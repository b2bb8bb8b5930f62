"""The providers' sign-ins that an account has: removing one of them by itself."""

from uuid import UUID

from django.db import transaction

from accounts.enums import SecurityEventKind, SessionEnd, SocialProvider
from accounts.errors import LastWayIn
from accounts.events import IdentityRemoved
from accounts.models import SocialIdentity, User
from accounts.selectors import identity_list_of, session_list_of, user_get, user_get_kept_locked
from accounts.services.mail import owner_tell
from accounts.services.security import security_event_add
from fixmate.core import audit, clock, events
from fixmate.core.errors import NotFound


@transaction.atomic
def identity_remove(*, user_id: UUID, identity_id: UUID) -> None:
    """Have the sign-in open one's own account no longer; the sessions it began end. The owner is told.

    :raises NotFound: if there is none, or it is another's
    :raises LastWayIn: if the account has neither password, proven number nor another sign-in
    """
    _identity_remove(user_get_kept_locked(user_id), identity_id)


@transaction.atomic
def identity_remove_by_staff(*, user_id: UUID, identity_id: UUID, actor: User, reason: str) -> None:
    """Do for its owner what `identity_remove` does. Audited.

    :raises Invalid: if the reason is blank
    """
    user = user_get_kept_locked(user_id)
    before = _providers_of(user)
    _identity_remove(user, identity_id)
    audit.record(
        actor=actor,
        action="accounts.identity.remove",
        target=user,
        reason=reason,
        before={"sign_ins": before},
        after={"sign_ins": _providers_of(user)},
    )


def _identity_remove(user: User, identity_id: UUID) -> None:
    """The caller holds the user's lock, so no other way in is being removed."""
    identity = identity_list_of(user).filter(pk=identity_id).first()
    if identity is None:
        raise NotFound
    if not _has_other_way_in(user, identity):
        raise LastWayIn
    begun = session_list_of(user).filter(identity_id=identity.pk, ended_at__isnull=True)
    begun.update(ended_at=clock.now(), end_reason=SessionEnd.IDENTITY)
    provider = identity.provider
    identity.delete()
    security_event_add(SecurityEventKind.SOCIAL_UNLINKED, user=user)
    events.publish(IdentityRemoved(user_id=user.pk, provider=provider))


def _has_other_way_in(user: User, identity: SocialIdentity) -> bool:
    if user.has_usable_password() or user.phone_verified_at is not None:
        return True
    return identity_list_of(user).exclude(pk=identity.pk).exists()


def _providers_of(user: User) -> list[str]:
    """No subjects: the audit trail outlives the account."""
    return list(identity_list_of(user).order_by("created_at", "pk").values_list("provider", flat=True))


def identity_removed_tell(*, user_id: UUID, provider: str, occasion: int) -> None:
    """Tell the owner that a sign-in opens his account no longer. Call it with no transaction open."""
    facts = {"provider": SocialProvider(provider).label}
    owner_tell(user_get(user_id), template="identity_removed", occasion=occasion, context=facts)
