"""Addresses in the one form they are stored and compared in."""

from dataclasses import dataclass
from typing import Final

import phonenumbers
from django.conf import settings

from accounts.enums import AddressKind
from fixmate.core.errors import Invalid
from fixmate.core.sms import sms_is_available, sms_may_go_to


@dataclass(frozen=True, slots=True)
class Address:
    """An e-mail address or a phone number, normalised."""

    kind: AddressKind
    value: str


EMAIL_LENGTH: Final = 254  # as long as an address can be, and the column is
_FIRST = ("+", "(", *"0123456789")


def email_normalise(email: str) -> str:
    return email.strip().lower()


def phone_normalise(phone: str) -> str:
    """Return the number in E.164; one without a country belongs to `PHONE_REGION`.

    :raises Invalid: if nobody can have this number
    """
    if not phone.strip().startswith(_FIRST):  # the library would skip anything before the number
        raise Invalid(phone=["Enter a valid phone number."])
    try:
        number = phonenumbers.parse(phone, settings.PHONE_REGION)
    except phonenumbers.NumberParseException as exc:
        raise Invalid(phone=["Enter a valid phone number."]) from exc
    if number.extension or not phonenumbers.is_valid_number(number):
        raise Invalid(phone=["Enter a valid phone number."])
    return str(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))


def require_reachable(address: Address) -> None:
    """
    :raises Invalid: if a code cannot be sent there
    """
    if address.kind == AddressKind.PHONE and not sms_is_available():
        raise Invalid(phone=["No SMS are sent here."])
    if address.kind == AddressKind.PHONE and not sms_may_go_to(address.value):
        raise Invalid(phone=["No SMS are sent to such numbers."])


def address_of(*, email: str | None = None, phone: str | None = None) -> Address:
    """Return the address given; of both the e-mail address, under which such an account is registered.

    :raises Invalid: if there is none, or nobody can have it
    """
    if email:
        normal = email_normalise(email)
        if len(normal) > EMAIL_LENGTH:  # some letters are two in lower case
            raise Invalid(email=["Enter a valid email address."])
        return Address(AddressKind.EMAIL, normal)
    if phone:
        return Address(AddressKind.PHONE, phone_normalise(phone))
    raise Invalid(email=["Give an e-mail address or a phone number."])


def address_read(text: str) -> Address:
    """Return the address that somebody put into a field meant for either.

    :raises Invalid: if it is neither
    """
    return address_of(email=text) if "@" in text else address_of(phone=text or None)


def kind_of(address: str) -> AddressKind:
    """Return what a stored address is."""
    return AddressKind.EMAIL if "@" in address else AddressKind.PHONE
