from typing import Any

from django.core.mail import send_mail
from django.template.loader import render_to_string

from accounts.models import User


def mail_send(user: User, *, subject: str, template: str, **context: Any) -> None:
    """Mail the account's owner. Reaches outside: call it with no transaction open.

    :raises OSError: if the mail could not be handed over; the task that called is tried again
    """
    body = render_to_string(f"accounts/mail/{template}.txt", context)
    send_mail(subject, body, None, [str(user.email)])
