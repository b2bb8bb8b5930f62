"""SMS: one place that words and sends them, and behind it whichever adapter the settings name.

Every message costs money, and some earn from it: only numbers of `SMS_COUNTRIES` that ring at a person's are written
to, and an hour has `SMS_PER_HOUR`.

To add one: a template `<app>/templates/<app>/sms/<name>.txt` of one `{% blocktranslate trimmed %}`, at most 160
characters of GSM 03.38 with its longest values, or it is paid for twice; an example in `<app>/examples.py`;
`make messages`.
"""

import time
from contextlib import suppress
from pathlib import Path
from typing import Any, Protocol

import httpx
import phonenumbers
import structlog
from django.conf import settings
from django.core.cache import caches
from django.template import Context, Engine
from phonenumbers import PhoneNumberType

from fixmate.core.ids import uuid7
from fixmate.core.language import peoples_language
from fixmate.core.tallies import tally

log = structlog.get_logger(__name__)
SMS = "sms:"
SMS_SENT, SMS_REFUSED, SMS_CAPPED = SMS_TALLIES = (f"{SMS}sent", f"{SMS}refused", f"{SMS}capped")
_PERSONAL = frozenset({PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE_OR_MOBILE})
_RANGE_DIGITS = 4  # numbers that differ in these alone are of one range, and often of one owner
_HOUR_S = 3600
_OURS_TO_MEND = frozenset({401, 403, 404, 408, 409, 425, 429})  # our account, our address, or later
TIMEOUT = httpx.Timeout(10, connect=5)


class SmsNotSent(OSError):
    """The message was not taken. Whoever called may try again."""


class SmsCapReached(SmsNotSent):
    """The hour has had its messages. The caller's task comes again, or ends where staff see it."""


class SmsRefused(SmsNotSent):
    """This message will never be taken, however often it is tried."""


class SmsBackend(Protocol):
    def send(self, *, to: str, text: str) -> None:
        """
        :raises SmsNotSent: if the message was not taken
        :raises SmsRefused: if it never will be
        """


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
            is_final = answer.is_client_error and answer.status_code not in _OURS_TO_MEND
            raise (SmsRefused if is_final else SmsNotSent)(f"the provider answered {answer.status_code}")


def sms_is_available() -> bool:
    """Tell whether phone numbers can be written to at all."""
    return settings.SMS_BACKEND != "none"


def sms_render(template: str, context: dict[str, Any]) -> str:
    """Return one line in the language of people."""
    with peoples_language():
        text = Engine.get_default().get_template(f"{template}.txt").render(Context(context, autoescape=False))
    return " ".join(text.split())


def sms_send(*, to: str, text: str) -> None:
    """Send a message to a number in E.164. Reaches outside: call it with no transaction open.

    :raises SmsNotSent: if it was not taken
    :raises SmsRefused: if it never will be, or the number is none we write to
    :raises SmsCapReached: if too many were sent within the hour
    """
    try:
        if not sms_may_go_to(to):
            raise SmsRefused("a number of another country, or of no person")
        backend = _backend()
        _send(backend, to, text)
    except SmsRefused:
        tally(SMS_REFUSED)
        raise
    tally(SMS_SENT)


def _send(backend: SmsBackend, to: str, text: str) -> None:
    """Count it and send it; what was certainly not taken is not counted, or an outage would use up the hour."""
    _count(to)
    try:
        backend.send(to=to, text=text)
    except SmsRefused:
        raise
    except SmsNotSent as exc:
        if not isinstance(exc.__cause__, httpx.ReadTimeout):  # then it may have been sent all the same
            _uncount(to)
        raise


def sms_may_go_to(number: str) -> bool:
    """Tell whether a number in E.164 is of `SMS_COUNTRIES`, and a mobile one or what may be one."""
    parsed = phonenumbers.parse(number)
    country = phonenumbers.region_code_for_number(parsed)
    return country in settings.SMS_COUNTRIES and phonenumbers.number_type(parsed) in _PERSONAL


def _count(to: str) -> None:
    """Count one message of this hour, of all and of the number's range.

    :raises SmsCapReached: beyond either
    """
    for key, most in zip(_keys(to), (settings.SMS_PER_RANGE_HOUR, settings.SMS_PER_HOUR), strict=True):
        if _counted(key) > most:
            tally(SMS_CAPPED)
            log.error("sms.cap_reached", most=most)
            raise SmsCapReached("the hour has had its messages")


def _uncount(to: str) -> None:
    for key in _keys(to):
        with suppress(ValueError):  # the hour is over
            caches["ratelimit"].decr(key)


def _keys(to: str) -> list[str]:
    """Return what is counted of a number: its range, and all there are."""
    return [f"{SMS}{name}:{int(time.time()) // _HOUR_S}" for name in (to[:-_RANGE_DIGITS], "all")]


def _counted(key: str) -> int:
    cache = caches["ratelimit"]
    cache.add(key, 0, _HOUR_S)
    return cache.incr(key)


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
