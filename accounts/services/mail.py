"""Telling people outside the app: by mail, or by SMS where the address is a phone number."""

from typing import Any

from django.core.mail import send_mail
from django.template.loader import render_to_string

from accounts.addresses import kind_of
from accounts.enums import AddressKind
from accounts.models import User
from fixmate.core.sms import sms_send


def owner_tell(user: User, *, subject: str, template: str, **context: Any) -> None:
    """Tell the account's owner; one whose account was deleted meanwhile is told nothing."""
    if user.address:
        address_tell(user.address, subject=subject, template=template, **context)


def address_tell(address: str, *, subject: str, template: str, **context: Any) -> None:
    """Tell whoever reads what is sent there. Reaches outside: call it with no transaction open.

    :raises OSError: if the message could not be handed over; the task that called is tried again
    """
    if kind_of(address) == AddressKind.PHONE:
        sms_send(to=address, text=render_to_string(f"accounts/sms/{template}.txt", context).strip())
    else:
        mail_send(address, subject=subject, template=template, **context)


def mail_send(address: str, *, subject: str, template: str, **context: Any) -> None:
    """
    :raises OSError: if the mail could not be handed over
    """
    body = render_to_string(f"accounts/mail/{template}.txt", context)
    send_mail(subject, body, None, [address])
