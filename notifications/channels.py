"""The ways to reach somebody outside. Each takes one delivery and either sends it or raises DeliveryError."""

from smtplib import SMTPException, SMTPRecipientsRefused

from django.conf import settings
from django.core.mail import EmailMessage

from accounts.enums import UserStatus
from notifications.enums import Channel
from notifications.errors import DeliveryError
from notifications.models import Delivery
from notifications.texts import body_of, title_of

_PERMANENT = 500  # SMTP replies from here on are final


def channel_send(delivery: Delivery) -> None:
    """Send the delivery over its channel. Reaches outside: never in a transaction.

    :raises DeliveryError: if the channel did not take it
    """
    _SENDERS[Channel(delivery.channel)](delivery)


def _send_mail(delivery: Delivery) -> None:
    notification = delivery.notification
    user = notification.user
    if not user.email or user.status == UserStatus.DELETED:
        raise DeliveryError("the account has no e-mail address", is_permanent=True)
    mail = EmailMessage(
        subject=title_of(notification.kind, notification.payload),
        body=f"Hello {user.first_name},\n\n{body_of(notification.kind, notification.payload, user.role)}\n\nFixMate\n",
        to=[user.email],
        headers={"Message-ID": _message_id(delivery)},
    )
    try:
        mail.send()
    except SMTPRecipientsRefused as exc:
        is_permanent = all(code >= _PERMANENT for code, _ in exc.recipients.values())
        raise DeliveryError(str(exc), is_permanent=is_permanent) from exc
    except ValueError as exc:  # an address or header that no mail can have
        raise DeliveryError(str(exc), is_permanent=True) from exc
    except (SMTPException, OSError) as exc:
        raise DeliveryError(str(exc)) from exc


def _message_id(delivery: Delivery) -> str:
    """Return the same id for each try, so that a mail sent twice is shown once."""
    domain = settings.DEFAULT_FROM_EMAIL.rstrip("> ").rpartition("@")[2]
    return f"<{delivery.pk}@{domain}>"


_SENDERS = {Channel.EMAIL: _send_mail}
