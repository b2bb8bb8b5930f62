"""Addresses in the one form they are stored and compared in."""

import phonenumbers
from django.conf import settings

from fixmate.core.errors import Invalid


def email_normalise(email: str) -> str:
    return email.strip().lower()


def phone_normalise(phone: str) -> str:
    """Return the number in E.164; one without a country belongs to `PHONE_REGION`.

    :raises Invalid: if nobody can have this number
    """
    try:
        number = phonenumbers.parse(phone, settings.PHONE_REGION)
    except phonenumbers.NumberParseException as exc:
        raise Invalid(phone=["Enter a valid phone number."]) from exc
    if not phonenumbers.is_valid_number(number):
        raise Invalid(phone=["Enter a valid phone number."])
    return str(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))
