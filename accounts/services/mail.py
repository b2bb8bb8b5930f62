"""Telling people outside the app: by mail, or by SMS where the address is a phone number."""

from typing import Any

import structlog
from django.utils.crypto import salted_hmac

from accounts.addresses import kind_of
from accounts.enums import AddressKind
from accounts.models import User
from fixmate.core.mail import mail_send
from fixmate.core.sms import SmsRefused, sms_render, sms_send

log = structlog.get_logger(__name__)


def owner_tell(user: User, *, template: str, occasion: object, context: dict[str, Any] | None = None) -> None:
    """Tell the account's owner; one whose account was deleted meanwhile is told nothing."""
    if user.address:
        address_tell(user.address, template=template, occasion=occasion, context=context)


def address_tell(address: str, *, template: str, occasion: object, context: dict[str, Any] | None = None) -> None:
    """Tell whoever reads what is sent there. Reaches outside: call it with no transaction open.

    :param occasion: what tells this message from the next one like it, and stays the same when it is tried again
    :raises OSError: if the message could not be handed over; the task that called is tried again
    """
    facts = context or {}
    if kind_of(address) == AddressKind.PHONE:
        _text(address, sms_render(f"accounts/sms/{template}", facts))
    else:
        key = salted_hmac("accounts.mail", f"{template} {address} {occasion}").hexdigest()
        mail_send(to=address, template=f"accounts/mail/{template}", key=key, context=facts)


def _text(phone: str, text: str) -> None:
    try:
        sms_send(to=phone, text=text)
    except SmsRefused as refusal:  # trying again would be refused again; `fixmate_sms_total` counts it
        log.warning("sms.refused", reason=str(refusal))
