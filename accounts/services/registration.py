"""Accounts: registered, and opened once their address is proven."""

from dataclasses import dataclass
from uuid import UUID

from django.contrib.auth.hashers import make_password
from django.db import IntegrityError, transaction

from accounts.addresses import Address, address_of, email_normalise, phone_normalise
from accounts.enums import AddressKind, CodePurpose, Role, SecurityEventKind, SessionEnd, UserStatus
from accounts.errors import AccountTaken, CodeInvalid
from accounts.events import RegistrationRepeated, UserRegistered
from accounts.hooks import make_profile
from accounts.models import User
from accounts.selectors import user_find, user_find_locked, user_find_pending_locked, user_get
from accounts.services import spent
from accounts.services.codes import code_issue, code_try, codes_void
from accounts.services.credentials import password_hash
from accounts.services.mail import owner_tell
from accounts.services.security import security_event_add
from accounts.services.sessions import session_end_all
from fixmate.core import clock, events
from fixmate.core.errors import Invalid
from fixmate.core.sms import sms_is_available

SELF_REGISTERED = (Role.CUSTOMER, Role.TECHNICIAN)
_REPLACED = ["password", "first_name", "last_name", "phone", "role"]


@dataclass(frozen=True, slots=True)
class Registration:
    """What may be told to whoever registers: the same for an address that is free and one that is taken."""

    email: str | None
    phone: str | None
    status: UserStatus = UserStatus.PENDING


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
    entry.password = password_hash(password, entry) if password else make_password(None)
    _registration_keep(entry, address)
    return Registration(email=entry.email, phone=entry.phone)


@transaction.atomic
def _registration_keep(entry: User, address: Address) -> None:
    held = user_find_locked(address) or user_add(entry)
    if held is None:
        make_profile(entry)
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
    has_new_role = held.role != entry.role
    for name in _REPLACED:
        setattr(held, name, getattr(entry, name))
    held.save(update_fields=_REPLACED)
    if has_new_role:
        make_profile(held)
    session_end_all(user=held, reason=SessionEnd.PASSWORD)
    codes_void(held)  # beyond the cap too: whoever asked for the code before did not choose this password
    code_issue(held, CodePurpose.VERIFY, address)


def registration_repeated_tell(*, user_id: UUID) -> None:
    """Tell the owner that somebody registered his address. Call it with no transaction open."""
    owner_tell(user_get(user_id), subject="You already have a FixMate account", template="already_registered")


# Verification


def user_verify(*, code: str, email: str | None = None, phone: str | None = None) -> User:
    """Prove the address and open the account. A wrong try counts although the call is refused.

    :raises CodeInvalid: if the code is wrong, used, too old or tried too often, or there is nothing to verify
    :raises AccountTaken: if another account has proven the address meanwhile
    """
    address = address_of(email=email, phone=phone)
    if spent.is_spent(CodePurpose.VERIFY, address.value):
        raise CodeInvalid
    outcome = _user_verify(address, code)
    if not isinstance(outcome, User):
        raise outcome
    return outcome


@transaction.atomic
def _user_verify(address: Address, code: str) -> User | CodeInvalid | AccountTaken:
    """Open the account, or return the refusal, so that the try is committed."""
    user = user_find_pending_locked(address)
    if not code_try(user, CodePurpose.VERIFY, code, address) or user is None:
        security_event_add(SecurityEventKind.CODE_REFUSED, user=user or user_find(address))
        return CodeInvalid()
    security_event_add(SecurityEventKind.CODE_ACCEPTED, user=user)
    user.verify(at=clock.now())
    if address.kind == AddressKind.PHONE:
        user.phone_verified_at = user.verified_at
    return user if address_is_kept(user, "status", "verified_at", "phone_verified_at") else AccountTaken()


def address_is_kept(user: User, *columns: str) -> bool:
    """Save the account with the address it has just proven; return False if another one has proven it before."""
    try:
        with transaction.atomic():
            user.save(update_fields=columns)
    except IntegrityError:
        return False
    return True
