"""Accounts: registered, and opened once their address is proven.

An address nobody has proven may be registered by anybody, also over its owner while he waits for his code. Each keeps
what he typed in a row of its own, and the code opens the account with what its asker typed (ADR 0020).
"""

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from django.contrib.auth.hashers import UNUSABLE_PASSWORD_PREFIX, make_password
from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils.crypto import salted_hmac

from accounts.addresses import Address, address_of, email_normalise, phone_normalise, require_reachable
from accounts.enums import AddressKind, CodePurpose, Role, SecurityEventKind, SessionEnd, UserStatus
from accounts.errors import AccountTaken, CodeInvalid
from accounts.events import OpenedWithoutPassword, RegistrationRepeated, UserRegistered
from accounts.hooks import make_profile
from accounts.models import CodeChallenge, RegistrationEntry, User
from accounts.passwords import password_normalise
from accounts.selectors import (
    registration_list_of,
    user_find,
    user_find_locked,
    user_find_pending_locked,
    user_get,
)
from accounts.services import spent
from accounts.services.codes import code_accept, code_issue
from accounts.services.credentials import password_check
from accounts.services.mail import owner_tell
from accounts.services.security import security_event_add
from accounts.services.sessions import session_end_all
from fixmate.core import clock, events
from fixmate.core.errors import Invalid
from fixmate.core.networks import client_network
from fixmate.core.sms import sms_is_available

SELF_REGISTERED = (Role.CUSTOMER, Role.TECHNICIAN)
_REPLACED = ["password", "first_name", "last_name", "phone", "role"]
SETTLED = timedelta(hours=24)  # by then no code asks for what the same client has typed before


@dataclass(frozen=True, slots=True)
class Registration:
    """What may be told to whoever registers: the same for an address that is free and one that is taken."""

    email: str | None
    phone: str | None
    status: UserStatus = UserStatus.PENDING


@dataclass(frozen=True, slots=True)
class PreparedRegistration:
    """A registration that is judged and hashed, and so quick to keep."""

    user: User
    address: Address


# Registration


def user_register(
    *,
    email: str | None = None,
    phone: str | None = None,
    password: str | None = None,
    role: Role,
    first_name: str,
    last_name: str,
) -> Registration:
    """Register an account and have its code sent. Whether the address is taken shows nowhere.

    It is registered under its e-mail address, or without one under its phone number; a number beside an e-mail address
    is a contact datum until it is proven. Over an account that nobody verified, everything is replaced and its sessions
    end: whoever registered first has proven nothing. The owner of a working account is told. Safe to call at once from
    many sides: one account comes of it.

    :raises Invalid: if the role is not open to registration, or an address or the password is missing or refused
    """
    prepared = registration_prepare(
        email=email, phone=phone, password=password, role=role, first_name=first_name, last_name=last_name
    )
    return registration_keep(prepared)


def registration_prepare(
    *, email: str | None, phone: str | None, password: str | None, role: Role, first_name: str, last_name: str
) -> PreparedRegistration:
    """Judge what was typed and hash the password: slow, and done before any transaction.

    :raises Invalid: as `user_register`
    """
    if role not in SELF_REGISTERED:
        raise Invalid(role=["Register as CUSTOMER or TECHNICIAN."])
    if not password and not phone:
        raise Invalid(password=["Give a password; only with a phone number you can do without."])
    entry = User(
        email=email_normalise(email) if email else None,
        phone=phone_normalise(phone) if phone else None,
        role=role,
        first_name=first_name,
        last_name=last_name,
    )
    address = address_of(email=entry.email, phone=entry.phone)
    if address.kind == AddressKind.PHONE and not sms_is_available():
        raise Invalid(email=["Give an e-mail address: no SMS are sent here."])
    require_reachable(address)
    if password:
        password_check(password, entry)
    entry.password = _hash(password or None, address)
    return PreparedRegistration(entry, address)


def _hash(password: str | None, address: Address) -> str:
    """Hash with a salt of the address's own: so one hash tells whose password it is among several registrations."""
    salt = salted_hmac("accounts.registration", address.value, algorithm="sha256").hexdigest()[:32]
    return make_password(password_normalise(password) if password else None, salt=salt)


def registration_keep(prepared: PreparedRegistration) -> Registration:
    """Keep the registration: the quick part of `user_register`."""
    _registration_keep(prepared.user, prepared.address)
    return Registration(email=prepared.user.email, phone=prepared.user.phone)


@transaction.atomic
def _registration_keep(entry: User, address: Address) -> None:
    held = user_find_locked(address) or user_add(entry)
    if held is None:
        make_profile(entry)
        _entry_add(entry, entry, client_network())
        code_issue(entry, CodePurpose.VERIFY, address)
        events.publish(UserRegistered(user_id=entry.pk))
    elif held.status == UserStatus.PENDING:
        _registration_replace(held, entry, address)
    else:
        events.publish(RegistrationRepeated(user_id=held.pk))
    security_event_add(SecurityEventKind.REGISTERED, user=held or entry)


def user_add(user: User) -> User | None:
    """Insert the account; return who holds its address, locked, if somebody took it since we looked."""
    try:
        with transaction.atomic():
            user.save(force_insert=True)
    except IntegrityError:
        held = user_find_locked(address_of(email=user.email, phone=user.phone))
        if held is None:
            raise
        return held
    return None


def _registration_replace(held: User, entry: User, address: Address) -> None:
    if not registration_list_of(held).exists():  # from before registrations were kept apart
        _entry_add(held, held, "")
    has_new_role = held.role != entry.role
    for name in _REPLACED:
        setattr(held, name, getattr(entry, name))
    held.save(update_fields=_REPLACED)
    if has_new_role:
        make_profile(held)
    session_end_all(user=held, reason=SessionEnd.PASSWORD)
    asked_from = client_network()
    settled = registration_list_of(held).filter(asked_from=asked_from, created_at__lte=clock.now() - SETTLED)
    settled.delete()
    _entry_add(held, entry, asked_from)
    code_issue(held, CodePurpose.VERIFY, address)


def _entry_add(user: User, typed: User, asked_from: str) -> None:
    """Keep what was typed beside what others typed. The caller holds the user's lock, so the rows have an order."""
    facts = {name: getattr(typed, name) for name in _REPLACED}
    RegistrationEntry.objects.create(user=user, asked_from=asked_from, created_at=clock.now(), **facts)


def registration_repeated_tell(*, user_id: UUID, occasion: int) -> None:
    """Tell the owner that somebody registered his address. Call it with no transaction open."""
    owner_tell(user_get(user_id), template="already_registered", occasion=occasion)


# Verification


def user_verify(*, code: str, email: str | None = None, phone: str | None = None, password: str | None = None) -> User:
    """Prove the address and open the account. A wrong try counts although the call is refused.

    It is opened with what was registered from where the code is typed, or with what this password was registered with.
    Where others have registered the address and neither tells who is its owner, it is opened without a password.

    :raises CodeInvalid: if the code is wrong, used, too old or tried too often, or there is nothing to verify
    :raises AccountTaken: if another account has proven the address meanwhile
    """
    address = address_of(email=email, phone=phone)
    if spent.is_spent(CodePurpose.VERIFY, address.value):
        raise CodeInvalid
    outcome = _user_verify(address, code, _hash(password, address) if password else None)
    if not isinstance(outcome, User):
        raise outcome
    return outcome


@transaction.atomic
def _user_verify(address: Address, code: str, password: str | None) -> User | CodeInvalid | AccountTaken:
    """Open the account, or return the refusal, so that the try is committed."""
    user = user_find_pending_locked(address)
    challenge = code_accept(user, CodePurpose.VERIFY, code, address)
    if challenge is None or user is None:
        security_event_add(SecurityEventKind.CODE_REFUSED, user=user or user_find(address))
        return CodeInvalid()
    security_event_add(SecurityEventKind.CODE_ACCEPTED, user=user)
    user.verify(at=clock.now())
    if address.kind == AddressKind.PHONE:
        user.phone_verified_at = user.verified_at
    return user if _is_opened(user, challenge, password) else AccountTaken()


def _is_opened(user: User, challenge: CodeChallenge, password: str | None) -> bool:
    role, held_password = user.role, user.password
    is_contested = _settle(user, challenge, password)
    if not address_is_kept(user, "status", "verified_at", "phone_verified_at", *_REPLACED):
        return False
    if user.password != held_password:
        session_end_all(user=user, reason=SessionEnd.PASSWORD)
    if user.role != role:
        make_profile(user)
    if is_contested:
        events.publish(OpenedWithoutPassword(user_id=user.pk))
    registration_list_of(user).delete()
    return True


def _settle(user: User, challenge: CodeChallenge, password: str | None) -> bool:
    """Give the account what its owner typed: of what was typed before the code was asked for, if any of it can be his.

    The network he types the code in tells him from a stranger who registered his address, and if he sends it again, the
    password does. Where nothing does, no password is good that somebody else may have chosen; return whether there was.
    """
    typed = registration_list_of(user)
    before = typed.filter(pk__lte=challenge.registration_id or 0)
    here = Q(asked_from=client_network())
    from_here = before.filter(here).first() or typed.filter(here).first()
    sure = typed.filter(password=password).first() if password else from_here
    chosen = sure or from_here or before.first()
    if chosen is None:  # from before registrations were kept apart
        return False
    for name in _REPLACED:
        setattr(user, name, getattr(chosen, name))
    if sure or not (password or typed.exclude(password=chosen.password).exists()):
        return False
    user.set_unusable_password()
    return typed.exclude(password__startswith=UNUSABLE_PASSWORD_PREFIX).exists()


def opened_without_password_tell(*, user_id: UUID, occasion: int) -> None:
    """Tell the owner to choose a password, and why he has none. Call it with no transaction open."""
    owner_tell(user_get(user_id), template="no_password", occasion=occasion)


def address_is_kept(user: User, *columns: str) -> bool:
    """Save the account with the address it has just proven; return False if another one has proven it before."""
    try:
        with transaction.atomic():
            user.save(update_fields=columns)
    except IntegrityError:
        return False
    return True
