"""Signing in with Google or Apple: the first time it registers or finds the account, from then on it opens it."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from uuid import UUID

from django.contrib.auth.hashers import make_password
from django.db import IntegrityError, transaction

from accounts.addresses import Address
from accounts.enums import AddressKind, Role, SecurityEventKind, SessionEnd, SocialProvider, UserStatus
from accounts.errors import ProviderEmailUnverified, ProviderNotForStaff, ProviderTokenInvalid
from accounts.events import IdentityLinked, UserRegistered
from accounts.hooks import make_profile
from accounts.models import Session, SocialIdentity, SpentToken, User
from accounts.providers import Told, provider_read
from accounts.selectors import (
    identity_list_of,
    registration_list_of,
    user_find_by_identity_locked,
    user_find_locked,
    user_get,
)
from accounts.services.codes import codes_void
from accounts.services.mail import owner_tell
from accounts.services.registration import SELF_REGISTERED
from accounts.services.security import security_event_add
from accounts.services.sessions import session_end_all, session_open_shown
from fixmate.core import clock, events
from fixmate.core.batches import purge
from fixmate.core.errors import DomainError, Invalid

_TRIES: Final = 3
_SPENT_KEPT: Final = timedelta(hours=1)  # beyond the token's end, which is judged with some leeway
_TAKEN_OVER: Final = [
    "status",
    "verified_at",
    "password",
    "first_name",
    "last_name",
    "phone",
    "phone_verified_at",
    "role",
]


@dataclass(frozen=True, slots=True)
class _Wish:
    """As what somebody registers, if this is the first time."""

    role: Role
    first_name: str
    last_name: str


def session_open_by_provider(
    *,
    provider: SocialProvider,
    id_token: str,
    nonce: str | None = None,
    role: Role = Role.CUSTOMER,
    first_name: str = "",
    last_name: str = "",
) -> Session:
    """Log in whom the provider vouches for. A token is good once, also if it is sent from many sides at once.

    The first time it adds the sign-in to the account that has proven the address the provider vouches for, and its
    owner is told. Without one it registers: as the role, under the names given, or else those of the token. An account
    that nobody verified becomes his who has now proven its address: what somebody else typed into it, the password
    above all, is replaced. Role and names of an account that is there are left as they are.

    Asks the provider for its keys at times: call it with no transaction open.

    :raises Invalid: if the role is not open to registration
    :raises ProviderOff: if signing in with this provider is not set up
    :raises ProviderTokenInvalid: if the token is not valid, or was used before
    :raises ProviderAway: if the provider's keys are not to be had now
    :raises ProviderEmailUnverified: the first time, if the provider vouches for no address
    :raises ProviderNotForStaff: if it is a staff account
    :raises AccountSuspended: if the account is suspended
    """
    if role not in SELF_REGISTERED:
        raise Invalid(role=["Register as CUSTOMER or TECHNICIAN."])
    try:
        told = provider_read(provider, id_token, nonce=nonce)
    except ProviderTokenInvalid:
        security_event_add(SecurityEventKind.LOGIN_REFUSED, user=None)
        raise
    outcome = _sign_in_with_patience(told, _wish_of(told, role, first_name.strip(), last_name.strip()))
    if isinstance(outcome, DomainError):
        raise outcome
    return outcome


def _wish_of(told: Told, role: Role, first_name: str, last_name: str) -> _Wish:
    """Apple's tokens have no names: it gives them to the app, once. Who has given none at all is called by his role.

    Not by his address: technicians and customers read each other's names.
    """
    if not first_name and not last_name:
        first_name, last_name = told.first_name, told.last_name
    return _Wish(role, first_name or ("" if last_name else str(role.label)), last_name)


def _sign_in_with_patience(told: Told, wish: _Wish) -> Session | DomainError:
    """Sign in; begin anew where somebody else has just taken the address or the subject: now it can be found."""
    for _ in range(_TRIES - 1):
        try:
            return _sign_in(told, wish)
        except IntegrityError:
            continue
    return _sign_in(told, wish)


@transaction.atomic
def _sign_in(told: Told, wish: _Wish) -> Session | DomainError:
    """Open a session, or return the refusal, so that its record is committed."""
    if not _token_spend(told):
        return _refused(None, ProviderTokenInvalid())
    user = user_find_by_identity_locked(told.provider, told.subject)
    if user is None:
        if told.email is None:
            return _refused(None, ProviderEmailUnverified())
        user = user_find_locked(Address(AddressKind.EMAIL, told.email)) or _registered(told.email, wish)
        if user.role != Role.ADMIN and user.is_active:
            _identity_add(user, told, wish)
    if user.role == Role.ADMIN:
        return _refused(user, ProviderNotForStaff())
    identity = identity_list_of(user).filter(provider=told.provider, subject=told.subject).first()
    return session_open_shown(user, identity_id=identity.pk if identity else None)


def _token_spend(told: Told) -> bool:
    """Use the token up; return False if somebody else did."""
    expires_at = told.expires_at + _SPENT_KEPT
    _, is_first = SpentToken.objects.get_or_create(digest=told.digest, defaults={"expires_at": expires_at})
    return is_first


def _refused(user: User | None, refusal: DomainError) -> DomainError:
    security_event_add(SecurityEventKind.LOGIN_REFUSED, user=user)
    return refusal


# The first time


def _registered(email: str, wish: _Wish) -> User:
    """Insert the account, PENDING until the sign-in is added to it in the same transaction."""
    user = User(email=email, role=wish.role, first_name=wish.first_name, last_name=wish.last_name)
    user.password = make_password(None)
    user.save(force_insert=True)
    make_profile(user)
    events.publish(UserRegistered(user_id=user.pk))
    return user


def _identity_add(user: User, told: Told, wish: _Wish) -> None:
    """Add the sign-in to an account whose address it proves. The caller holds the user's lock."""
    SocialIdentity.objects.create(user=user, provider=told.provider, subject=told.subject, created_at=clock.now())
    if user.status == UserStatus.PENDING:
        _take_over(user, wish)
        security_event_add(SecurityEventKind.REGISTERED, user=user)
    else:
        security_event_add(SecurityEventKind.SOCIAL_LINKED, user=user)
        events.publish(IdentityLinked(user_id=user.pk, provider=told.provider.value))


def _take_over(user: User, wish: _Wish) -> None:
    """Open the account with what its owner says: whoever registered the address before has proven nothing."""
    had_role = user.role
    user.password = make_password(None)
    user.first_name, user.last_name, user.role = wish.first_name, wish.last_name, wish.role
    user.phone = user.phone_verified_at = None
    user.verify(at=clock.now())
    user.save(update_fields=_TAKEN_OVER)
    if user.role != had_role:
        make_profile(user)
    session_end_all(user=user, reason=SessionEnd.PASSWORD)
    registration_list_of(user).delete()
    codes_void(user)


def identity_linked_tell(*, user_id: UUID, provider: str, occasion: int) -> None:
    """Tell the owner that another sign-in opens his account. Call it with no transaction open."""
    facts = {"provider": SocialProvider(provider).label}
    owner_tell(user_get(user_id), template="identity_linked", occasion=occasion, context=facts)


# Afterwards


def spent_tokens_purge() -> int:
    """Forget spent tokens that are too old to be used; return how many. Idempotent."""
    return purge(SpentToken.objects.filter(expires_at__lte=clock.now()))
