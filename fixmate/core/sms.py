"""SMS: one function to call, and behind it whichever adapter the settings name."""

from pathlib import Path
from typing import Protocol

import httpx
from django.conf import settings

from fixmate.core.ids import uuid7

TIMEOUT = httpx.Timeout(10, connect=5)


class SmsNotSent(OSError):
    """The message was not taken. Whoever called may try again."""


class SmsBackend(Protocol):
    def send(self, *, to: str, text: str) -> None:
        """:raises SmsNotSent: if the message was not taken"""


class FileSms:
    """One file a message, as Django's file backend does it for mails."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def send(self, *, to: str, text: str) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        name = str(uuid7())  # in the order of sending
        unfinished = self._folder / f".{name}"
        unfinished.write_text(f"To: {to}\n\n{text}\n", encoding="utf-8")
        unfinished.rename(self._folder / f"{name}.txt")  # whoever watches the folder never reads half a message


class TwilioSms:
    """Twilio's Messages API, and whatever speaks it at another address."""

    def __init__(self, *, url: str, account: str, token: str, sender: str) -> None:
        self._url = f"{url.rstrip('/')}/2010-04-01/Accounts/{account}/Messages.json"
        self._auth = httpx.BasicAuth(account, token)
        self._sender = sender

    def send(self, *, to: str, text: str) -> None:
        form = {"To": to, "From": self._sender, "Body": text}
        try:
            answer = httpx.post(self._url, data=form, auth=self._auth, timeout=TIMEOUT, follow_redirects=False)
        except httpx.HTTPError as exc:
            raise SmsNotSent(f"the provider did not answer: {type(exc).__name__}") from exc
        if not answer.is_success:  # its text quotes the number, which logs must not have
            raise SmsNotSent(f"the provider answered {answer.status_code}")


def sms_is_available() -> bool:
    """Tell whether phone numbers can be written to at all."""
    return settings.SMS_BACKEND != "none"


def sms_send(*, to: str, text: str) -> None:
    """Send a message to a number in E.164. Reaches outside: call it with no transaction open.

    :raises SmsNotSent: if it was not taken
    """
    _backend().send(to=to, text=text)


def _backend() -> SmsBackend:
    if settings.SMS_BACKEND == "file":
        return FileSms(settings.SMS_FILE_PATH)
    if settings.SMS_BACKEND == "twilio":
        return TwilioSms(
            url=settings.TWILIO_URL,
            account=settings.TWILIO_ACCOUNT_SID,
            token=settings.TWILIO_AUTH_TOKEN,
            sender=settings.SMS_FROM,
        )
    raise SmsNotSent("no way to send an SMS is set up")
