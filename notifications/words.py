"""The facts of a payload as people write them, in the language that is active and on the clock of where it happens."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from django.utils.formats import date_format, number_format
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from disputes.enums import DeadlineKind
from fixmate.core.money import exponent
from jobs.enums import CancelReason
from payments.enums import Provider
from technicians.enums import DocumentKind, DocumentStatus

Words = dict[str, Promise]

_DOCUMENTS: Words = {
    DocumentKind.IDENTITY: _("Identity"),
    DocumentKind.LICENCE: _("Licence"),
    DocumentKind.INSURANCE: _("Insurance"),
    DocumentKind.CERTIFICATE: _("Certificate"),
}
_OUTCOMES: Words = {
    DocumentStatus.APPROVED: _("approved"),
    DocumentStatus.REJECTED: _("rejected"),
}
_WHY_GONE: Words = {
    CancelReason.WENT_DARK: _("we could not reach you before the visit"),
    CancelReason.TRANSFERRED: _("our staff gave it to somebody else"),
}
_OWED: Words = {
    DeadlineKind.STAFF_ANSWER: _("a first answer"),
    DeadlineKind.DECISION: _("a decision"),
    DeadlineKind.PROVIDER_EVIDENCE: _("evidence for the customer's bank"),
}
_WAYS_BACK: Words = {
    Provider.OFFLINE: _("You paid on the spot, so your technician gives it to you."),
    Provider.STRIPE: _("It goes back the way you paid, which can take some days."),
}
WHY_GONE = tuple(_WHY_GONE)  # the reasons that a technician is told of


def words_of(payload: dict[str, Any]) -> dict[str, str]:
    """Return every fact by its name, and what is told of codes and times by the name that texts have for it."""
    words = {name: _plain(value) for name, value in payload.items()}
    for name, (fact, told) in _TOLD.items():
        if payload.get(fact):
            words[name] = told(payload[fact], payload)
    return words


def _plain(value: Any) -> str:
    """Return money with the places of its currency, anything else as it is."""
    if isinstance(value, dict) and value.keys() == {"amount", "currency"}:
        currency = value["currency"]
        amount = number_format(Decimal(value["amount"]), decimal_pos=exponent(currency), force_grouping=True)
        return f"{amount} {currency}"
    return str(value)


def _by(words: Words) -> Callable[[str, dict[str, Any]], str]:
    return lambda code, _payload: str(words.get(code, ""))


def _time(value: str, payload: dict[str, Any]) -> str:
    """Return the time of day where it happens; in UTC, and saying so, where nobody knows."""
    zone = payload.get("time_zone")
    at = datetime.fromisoformat(value).astimezone(ZoneInfo(zone or "UTC"))
    return f"{at:%H:%M}" if zone else f"{at:%H:%M} UTC"


def _moment(value: str, _payload: dict[str, Any]) -> str:
    at = datetime.fromisoformat(value).astimezone(UTC)
    return f"{date_format(at, 'DATE_FORMAT')}, {at:%H:%M} UTC"


def _date(value: str, _payload: dict[str, Any]) -> str:
    return date_format(date.fromisoformat(value), "DATE_FORMAT")


_TOLD: dict[str, tuple[str, Callable[[Any, dict[str, Any]], str]]] = {
    "document": ("document_kind", _by(_DOCUMENTS)),
    "outcome": ("status", _by(_OUTCOMES)),
    "why": ("lost_by", _by(_WHY_GONE)),
    "way_back": ("paid_by", _by(_WAYS_BACK)),
    "visit_at": ("begins_at", _time),
    "until": ("paused_until", _time),
    "expires_on": ("expires_on", _date),
    "answer_by": ("answer_due_at", _moment),
    "dispute_by": ("dispute_until", _moment),
    "owed": ("deadline", _by(_OWED)),
}
