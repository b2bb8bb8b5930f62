"""Another e-mail address or phone number: proven before it counts, and the one before is told."""

from uuid import UUID

from django.db import transaction

from accounts.addresses import Address, address_of, require_reachable
from accounts.enums import AddressKind, CodePurpose, SecurityEventKind
from accounts.errors import AccountTaken, CodeInvalid
from accounts.events import AddressChanged
from accounts.models import AddressNotice, User
from accounts.selectors import user_get, user_get_kept_locked, user_get_locked
from accounts.services import spent
from accounts.services.codes import code_issue, code_try, codes_void
from accounts.services.credentials import user_reauthenticate
from accounts.services.mail import address_tell
from accounts.services.registration import address_is_kept
from accounts.services.security import security_event_add
from fixmate.core import clock, events
from fixmate.core.errors import Conflict, Invalid


def address_change(
    *,
    user_id: UUID,
    email: str | None = None,
    phone: str | None = None,
    current_password: str | None = None,
    code: str | None = None,
) -> None:
    """Have a code sent to the new address. Nothing changes before it comes back, whether or not the address is taken.

    :raises Invalid: if nobody can have the address, or it is his and proven already
    :raises ReauthenticationRequired: if neither the password nor a LOGIN code is right
    """
    address = address_of(email=email, phone=phone)
    require_reachable(address)
    user = user_get(user_id)
    if _is_proven(user, address):
        raise Invalid("This is your address already.")
    user_reauthenticate(user, current_password=current_password, code=code)
    _change_begin(user_id, address)


@transaction.atomic
def _change_begin(user_id: UUID, address: Address) -> None:
    user = user_get_kept_locked(user_id)
    code_issue(user, CodePurpose.CHANGE, address)
    security_event_add(SecurityEventKind.CODE_REQUESTED, user=user)


def address_confirm(*, user_id: UUID, code: str, email: str | None = None, phone: str | None = None) -> User:
    """Take the new address; the one before is told. A wrong try counts although the call is refused.

    :raises CodeInvalid: if the code is wrong, used, too old or tried too often, or was sent elsewhere
    :raises AccountTaken: if the address is proven by another account
    """
    address = address_of(email=email, phone=phone)
    if spent.is_spent(CodePurpose.CHANGE, address.value, user_id=user_id):
        raise CodeInvalid
    outcome = _address_confirm(user_id, address, code)
    if not isinstance(outcome, User):
        raise outcome
    return outcome


@transaction.atomic
def _address_confirm(user_id: UUID, address: Address, code: str) -> User | CodeInvalid | AccountTaken:
    user = user_get_locked(user_id)
    if not user.is_active or not code_try(user, CodePurpose.CHANGE, code, address):
        security_event_add(SecurityEventKind.CODE_REFUSED, user=user)
        return CodeInvalid()
    told_at = _address_before(user, address)
    columns = _take(user, address)
    if not address_is_kept(user, *columns):
        return AccountTaken()
    _changed(user, told_at)
    return user


def _take(user: User, address: Address) -> list[str]:
    setattr(user, address.kind, address.value)
    if address.kind == AddressKind.EMAIL:
        return ["email"]
    user.phone_verified_at = clock.now()
    return ["phone", "phone_verified_at"]


def phone_remove(*, user_id: UUID, current_password: str | None = None, code: str | None = None) -> None:
    """Forget the phone number; it is told, if it was proven. Idempotent.

    :raises Conflict: if it is the only address of the account
    :raises ReauthenticationRequired: if neither the password nor a LOGIN code is right
    """
    user_reauthenticate(user_get(user_id), current_password=current_password, code=code)
    _phone_remove(user_id)


@transaction.atomic
def _phone_remove(user_id: UUID) -> None:
    user = user_get_locked(user_id)
    if user.phone is None:
        return
    if user.email is None:
        raise Conflict("An account needs an address: add an e-mail address first.")
    told_at = user.phone if user.phone_verified_at else user.email
    user.phone = user.phone_verified_at = None
    user.save(update_fields=["phone", "phone_verified_at"])
    _changed(user, told_at)


def _changed(user: User, told_at: str) -> None:
    codes_void(user)  # one may lie where he is not reached any more
    security_event_add(SecurityEventKind.ADDRESS_CHANGED, user=user)
    notice = AddressNotice.objects.create(user=user, address=told_at, created_at=clock.now())
    events.publish(AddressChanged(user_id=user.pk, notice_id=notice.pk))


def _address_before(user: User, new: Address) -> str:
    """Return what is replaced if it was proven, else the address of the other kind."""
    if new.kind == AddressKind.PHONE and user.phone_verified_at is None:
        return user.address
    return getattr(user, new.kind) or user.address


def _is_proven(user: User, address: Address) -> bool:
    is_his = getattr(user, address.kind) == address.value
    return is_his and (address.kind == AddressKind.EMAIL or user.phone_verified_at is not None)


def address_changed_tell(*, notice_id: UUID, occasion: int) -> None:
    """Tell the address before that it is another one now, and forget it. Call it with no transaction open."""
    notice = AddressNotice.objects.filter(pk=notice_id).first()
    if notice is None:  # told already, or the account is deleted
        return
    address_changed_tell_at(notice.address, occasion=occasion)
    AddressNotice.objects.filter(pk=notice_id).delete()


def address_changed_tell_at(address: str, *, occasion: int) -> None:
    """Tell this address that it is not the account's any more. Call it with no transaction open."""
    address_tell(address, template="address_changed", occasion=occasion)
