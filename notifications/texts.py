"""What people read. A payload holds ids, names of services and amounts: no address, no phone, no code ever gets here.

`{name}` is taken from the payload, and `[...]` is left out when the payload lacks what it names. A payload of an older
version may lack anything: that is never an error.
"""

import re
from collections import defaultdict
from dataclasses import dataclass
from typing import Any

from accounts.enums import Role
from notifications.enums import Kind

_OPTIONAL = re.compile(r"\[([^]]*)\]")
_NAME = re.compile(r"{(\w+)}")


@dataclass(frozen=True, slots=True)
class Text:
    """The words of one kind; `to_technician` where he reads something else than the customer."""

    title: str
    body: str
    to_technician: str = ""


TEXTS: dict[Kind, Text] = {
    Kind.JOB_REQUESTED: Text(
        "We are on it: {service}",
        "Your request for {service} has reached us. It will cost {price}. We look for a technician and tell you at "
        "once when somebody takes it.",
    ),
    Kind.JOB_ASSIGNED: Text(
        "{technician} takes your job",
        "{technician} takes {service}. The app shows who comes, how to reach them, and the start code that you give "
        "them at the door.",
    ),
    Kind.JOB_YOURS: Text(
        "The job is yours: {service}",
        "{service} is yours; you earn {pays}. Address and contact are in the app.",
    ),
    Kind.JOB_RELEASED: Text(
        "Your technician cannot come",
        "The technician for {service} cannot come. Whoever takes it next, the price stays as it was.",
    ),
    Kind.JOB_GONE: Text(
        "No longer yours: {service}",
        "{service} is no longer yours[: {why}]. You need not go there.",
    ),
    Kind.JOB_UNMATCHED: Text(
        "Nobody is free right now",
        "We found no technician for {service}. In the app you can search again now, order it again for another time, "
        "or call it off free of charge.",
    ),
    Kind.VISIT_REMINDER: Text(
        "Soon: {service}",
        "{technician} comes for {service} at {visit_at}. The start code that you give them at the door is in the app.",
        "{service} begins at {visit_at}. Have the app open before you set out: if you cannot be reached, the job goes "
        "to somebody else.",
    ),
    Kind.JOB_STARTED: Text("Work has started", "{technician} has started on {service}."),
    Kind.JOB_COMPLETED: Text(
        "Done: {service}",
        "{service} is finished and costs {price}. How was it? You can leave a review in the app.",
        "{service} is finished. You earned {pays}.",
    ),
    Kind.JOB_CANCELLED: Text(
        "Called off: {service}",
        "{service} was called off.[ The cancellation fee is {fee}.]",
        "{service} was called off. You need not go there.[ You earn {pays} of the cancellation fee.]",
    ),
    Kind.OFFER_RECEIVED: Text(
        "New job: {service}",
        "{service}, about {distance_m} m away, pays {pays}. Answer before it goes to somebody else.",
    ),
    Kind.OFFER_EXPIRED: Text("The offer has run out", "{service} was not answered in time and is no longer yours."),
    Kind.OFFER_WITHDRAWN: Text("The offer was taken back", "{service} is no longer needed, or no longer yours."),
    Kind.OFFERS_PAUSED: Text(
        "Offers are paused",
        "Several offers in a row were not answered, so there are none for you until {until}. Tap Resume in the app and "
        "they come again at once.",
    ),
    Kind.PAYMENT_CAPTURED: Text(
        "Payment received: {amount}",
        "We have received {amount} for {service}. Thank you.",
        "{amount} for {service} is in your earnings.",
    ),
    Kind.REVIEW_RECEIVED: Text("A new review: {rating} of 5", "A customer gave you {rating} of 5 stars for {service}."),
    Kind.PROFILE_APPROVED: Text(
        "Welcome: your profile is approved", "Your profile is approved. Go online in the app and you get offers."
    ),
    Kind.PROFILE_REJECTED: Text(
        "Your profile needs a change",
        "Your profile is not approved yet: {reason}. Better it in the app and apply again.",
    ),
    Kind.PROFILE_SUSPENDED: Text(
        "Your profile is suspended",
        "Your profile is suspended: {reason}. You get no offers for now. Write to us if you see it differently.",
    ),
    Kind.DOCUMENT_REVIEWED: Text(
        "{document}: {outcome}", "We looked at your document. {document}: {outcome}.[ {reason}]"
    ),
    Kind.DOCUMENT_EXPIRING: Text(
        "{document} expires on {expires_on}",
        "Your document expires on {expires_on}: {document}. Upload the new one in the app, or offers stop on that day.",
    ),
    Kind.DOCUMENT_EXPIRED: Text(
        "{document} has expired", "Your document has expired: {document}. Upload the new one in the app to get offers."
    ),
    Kind.DISPUTE_OPENED: Text(
        "A dispute about {service}", "A dispute about {service} was opened. Staff read both sides before they decide."
    ),
    Kind.DISPUTE_CLOSED: Text(
        "The dispute about {service} is closed", "The dispute about {service} is closed. The app shows how it ended."
    ),
}


def title_of(kind: str, payload: dict[str, Any]) -> str:
    """Return one line, fit for the subject of a mail."""
    return " ".join(_filled(TEXTS[Kind(kind)].title, payload).split())


def body_of(kind: str, payload: dict[str, Any], role: str) -> str:
    text = TEXTS[Kind(kind)]
    pattern = text.to_technician if role == Role.TECHNICIAN and text.to_technician else text.body
    return _filled(pattern, payload).strip()


def _filled(pattern: str, payload: dict[str, Any]) -> str:
    words = {name: _plain(value) for name, value in payload.items()}
    return _OPTIONAL.sub(lambda part: _optional(part[1], words), pattern).format_map(defaultdict(str, words))


def _optional(part: str, words: dict[str, str]) -> str:
    return part if all(words.get(name) for name in _NAME.findall(part)) else ""


def _plain(value: Any) -> str:
    """Return money as people write it, anything else as it is."""
    if isinstance(value, dict) and value.keys() == {"amount", "currency"}:
        return f"{value['amount']} {value['currency']}"
    return str(value)
