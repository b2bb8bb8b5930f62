"""The ways to reach somebody outside. Each takes one delivery and either sends it or raises DeliveryError."""

from smtplib import SMTPException, SMTPRecipientsRefused

from accounts.enums import UserStatus
from accounts.models import User
from fixmate.core.mail import mail_send
from notifications.enums import Channel
from notifications.errors import DeliveryError
from notifications.models import Delivery, Notification
from notifications.texts import body_of, title_of

TEMPLATE = "notifications/mail/news"
_PERMANENT = 500  # SMTP replies from here on are final


def channel_send(delivery: Delivery) -> None:
    """Send the delivery over its channel. Reaches outside: never in a transaction.

    :raises DeliveryError: if the channel did not take it
    """
    _SENDERS[Channel(delivery.channel)](delivery)


def _send_mail(delivery: Delivery) -> None:
    user = delivery.notification.user
    if not user.email or user.status == UserStatus.DELETED:
        raise DeliveryError("the account has no e-mail address", is_permanent=True)
    try:
        mail_send(
            to=user.email, template=TEMPLATE, key=str(delivery.pk), context=letter_facts(delivery.notification, user)
        )
    except SMTPRecipientsRefused as exc:
        is_permanent = all(code >= _PERMANENT for code, _ in exc.recipients.values())
        raise DeliveryError(str(exc), is_permanent=is_permanent) from exc
    except ValueError as exc:  # an address or header that no mail can have
        raise DeliveryError(str(exc), is_permanent=True) from exc
    except (SMTPException, OSError) as exc:
        raise DeliveryError(str(exc)) from exc


def letter_facts(notification: Notification, user: User) -> dict[str, str]:
    """Return what the template of all news needs."""
    return {
        "first_name": user.first_name,
        "title": title_of(notification.kind, notification.payload),
        "text": body_of(notification.kind, notification.payload, user.role),
    }


_SENDERS = {Channel.EMAIL: _send_mail}
