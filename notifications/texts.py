"""What people read. A payload holds ids, names of services and amounts: no address, no phone, no code ever gets here.

`{name}` is taken from the payload, and `[...]` is left out when the payload lacks what it names. A payload of an older
version may lack anything: that is never an error. What codes, times and amounts are called stands in `words`.
"""

import re
from collections import defaultdict
from dataclasses import dataclass
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.enums import Role
from fixmate.core.language import peoples_language
from notifications.enums import Kind
from notifications.words import words_of

_OPTIONAL = re.compile(r"\[([^]]*)\]")
_NAME = re.compile(r"{(\w+)}")


@dataclass(frozen=True, slots=True)
class Text:
    """The words of one kind; `to_technician` where he reads something else than the customer.

    `to_restricted` and `to_suspended` are read where the payload says that the account is; `of_no_show` is read, title
    and all, where it says that the customer was not there.
    """

    title: Promise
    body: Promise
    to_technician: Promise | None = None
    to_restricted: Promise | None = None
    to_suspended: Promise | None = None
    of_no_show: "Text | None" = None

    def body_for(self, payload: dict[str, Any], role: str) -> Promise:
        if payload.get("is_restricted") and self.to_restricted:
            return self.to_restricted
        if payload.get("is_suspended") and self.to_suspended:
            return self.to_suspended
        return self.to_technician if role == Role.TECHNICIAN and self.to_technician else self.body


TEXTS: dict[Kind, Text] = {
    Kind.JOB_REQUESTED: Text(
        _("We are on it: {service}"),
        _(
            "Your request for {service} has reached us. It will cost {price}. We look for a technician and tell you at "
            "once when somebody takes it."
        ),
    ),
    Kind.JOB_ASSIGNED: Text(
        _("{technician} takes your job"),
        _(
            "{technician} takes {service}. The app shows who comes, how to reach them, and the start code that you "
            "give them at the door."
        ),
    ),
    Kind.JOB_YOURS: Text(
        _("The job is yours: {service}"),
        _("{service} is yours; you earn {pays}. Address and contact are in the app."),
    ),
    Kind.JOB_RELEASED: Text(
        _("Your technician cannot come"),
        _("The technician for {service} cannot come. Whoever takes it next, the price stays as it was."),
    ),
    Kind.JOB_GONE: Text(
        _("No longer yours: {service}"),
        _("{service} is no longer yours[: {why}]. You need not go there."),
    ),
    Kind.JOB_UNMATCHED: Text(
        _("Nobody is free right now"),
        _(
            "We found no technician for {service}. In the app you can search again now, order it again for another "
            "time, or call it off free of charge."
        ),
        to_restricted=_(
            "We found no technician for {service}. Your account is restricted[: {reason}]. You cannot search again "
            "or order anew for now; in the app you can call the job off free of charge. Write to us if you see it "
            "differently."
        ),
        to_suspended=_(
            "We found no technician for {service}; it costs you nothing. Your account is suspended[: {reason}]. You "
            "cannot log in, and so neither search again nor order anew for now. Write to us if you see it differently."
        ),
    ),
    Kind.VISIT_REMINDER: Text(
        _("Soon: {service}"),
        _(
            "{technician} comes for {service} at {visit_at}. The start code that you give them at the door is in the "
            "app."
        ),
        _(
            "{service} begins at {visit_at}. Have the app open before you set out: if you cannot be reached, the job "
            "goes to somebody else."
        ),
    ),
    Kind.JOB_STARTED: Text(_("Work has started"), _("{technician} has started on {service}.")),
    Kind.QUOTE_PROPOSED: Text(
        _("More to do: {service}"),
        _(
            "{technician} proposes extra work for {service}: {amount} more, {price} in all. The app shows each line "
            "of it, and a code by which you approve it. If you do not, what you ordered is finished at its price."
        ),
    ),
    Kind.QUOTE_APPROVED: Text(
        _("Approved: {amount} more"),
        _("You approved extra work for {service}: {amount} more, {price} in all."),
        _("The customer approved the extra work for {service}. You earn {pays} in all."),
    ),
    Kind.QUOTE_DECLINED: Text(
        _("Declined: {service}"),
        _("The extra work for {service} was declined. Finish what was ordered, at its price."),
    ),
    Kind.QUOTE_LAPSED: Text(
        _("No longer proposed: {service}"),
        _("The extra work proposed for {service} is no longer open. What was ordered is finished at its price."),
    ),
    Kind.JOB_COMPLETED: Text(
        _("Done: {service}"),
        _("{service} is finished and costs {price}. How was it? You can leave a review in the app."),
        _("{service} is finished. You earned {pays}."),
    ),
    Kind.JOB_CANCELLED: Text(
        _("Called off: {service}"),
        _("{service} was called off.[ The cancellation fee is {fee}.]"),
        _(
            "{service} was called off. You need not go there.[ You earn {pays} of the cancellation fee.][ {share_owed} "
            "of the cancellation fee is owed to you.]"
        ),
        of_no_show=Text(
            _("Nobody was there: {service}"),
            _(
                "{technician} came for {service} and says that you were not there. The job is called off.[ The "
                "cancellation fee is {fee}.][ If it was otherwise, open a dispute in the app until {dispute_by}.]"
            ),
            _(
                "{service} is called off: the customer was not there.[ You earn {pays} of the cancellation fee.][ "
                "{share_owed} of the cancellation fee is owed to you.]"
            ),
        ),
    ),
    Kind.OFFER_RECEIVED: Text(
        _("New job: {service}"),
        _("{service}, about {distance_m} m away, pays {pays}. Answer before it goes to somebody else."),
    ),
    Kind.OFFER_EXPIRED: Text(
        _("The offer has run out"), _("{service} was not answered in time and is no longer yours.")
    ),
    Kind.OFFER_WITHDRAWN: Text(_("The offer was taken back"), _("{service} is no longer needed, or no longer yours.")),
    Kind.OFFERS_PAUSED: Text(
        _("Offers are paused"),
        _(
            "Several offers in a row were not answered, so there are none for you until {until}. Tap Resume in the app "
            "and they come again at once."
        ),
    ),
    Kind.PAYMENT_NEEDED: Text(
        _("Your payment needs you: {service}"),
        _(
            "The price of {service} is not set aside yet. Give a card in the app, or confirm there what your bank "
            "asks. Until then the work cannot begin."
        ),
    ),
    Kind.PAYMENT_FAILED: Text(
        _("Your card was refused: {service}"),
        _(
            "We could not set aside the price of {service} on your card. In the app you can try it again, or pay with "
            "another one."
        ),
    ),
    Kind.PAYMENT_CAPTURED: Text(
        _("Payment received: {amount}"),
        _("We have received {amount} for {service}. Thank you."),
        _("{amount} for {service} is in your earnings."),
    ),
    Kind.REFUND_APPROVED: Text(
        _("Refund: {amount}"),
        _("You get {amount} back for {service}.[ {way_back}]"),
        _(
            "The customer gets {amount} back for {service}.[ {share} of it comes out of what you earned.][ You were "
            "paid on the spot: give {by_hand} back to the customer.][ You owe us {let_off} less for it.]"
        ),
    ),
    Kind.REFUND_DONE: Text(
        _("Refunded: {amount}"),
        _("{amount} for {service} has been given back to you. Write to us if it has not reached you."),
    ),
    Kind.REFUND_FAILED: Text(
        _("Not refunded: {amount}"),
        _("{amount} for {service} could not be given back to you. Write to us, and we find another way."),
        _(
            "The refund of {amount} for {service} was not made.[ {share} of it, which came out of what you earned, is "
            "yours again.][ You owe us {let_off} again, which we had let you off.]"
        ),
    ),
    Kind.PAYOUT_SENT: Text(
        _("On its way to you: {amount}"),
        _("We have sent you {amount} of what you earned. The app shows for which jobs."),
    ),
    Kind.PAYOUT_PAID: Text(
        _("Paid out: {amount}"),
        _("{amount} of what you earned has been paid out to you. Write to us if it has not reached you."),
    ),
    Kind.PAYOUT_FAILED: Text(
        _("Not paid out: {amount}"),
        _("{amount} could not be paid out to you. It is yours as before, and goes into your next payout.[ {reason}]"),
    ),
    Kind.PAYOUT_ACCOUNT_READY: Text(
        _("Your account for payouts is ready"),
        _("What you earn is sent to your account by itself from now on. The app shows every payout."),
    ),
    Kind.PAYOUT_REVERSED: Text(
        _("A payout was taken back: {reversed}"),
        _("Of the payout {payout_id}, {reversed} was taken back after it had arrived. The books have it as paid."),
    ),
    Kind.REVIEW_RECEIVED: Text(
        _("A new review: {rating} of 5"), _("A customer gave you {rating} of 5 stars for {service}.")
    ),
    Kind.REVIEW_ANSWERED: Text(
        _("{technician} answered your review"),
        _("{technician} answered your review of {service}. The app shows the answer."),
    ),
    Kind.PROFILE_APPROVED: Text(
        _("Welcome: your profile is approved"), _("Your profile is approved. Go online in the app and you get offers.")
    ),
    Kind.PROFILE_REJECTED: Text(
        _("Your profile needs a change"),
        _("Your profile is not approved yet: {reason}. Better it in the app and apply again."),
    ),
    Kind.PROFILE_SUSPENDED: Text(
        _("Your profile is suspended"),
        _("Your profile is suspended: {reason}. You get no offers for now. Write to us if you see it differently."),
    ),
    Kind.ACCOUNT_RESTRICTED: Text(
        _("Your account is restricted"),
        _(
            "Your account is restricted: {reason}. You can finish what you have ordered, but order nothing new for "
            "now. Write to us if you see it differently."
        ),
        _(
            "Your account is restricted: {reason}. You can finish the jobs you have, and get no new offers for now. "
            "Write to us if you see it differently."
        ),
    ),
    Kind.ACCOUNT_SUSPENDED: Text(
        _("Your account is suspended"),
        _("Your account is suspended: {reason}. You cannot log in for now. Write to us if you see it differently."),
    ),
    Kind.ACCOUNT_REINSTATED: Text(
        _("Your account is open again"),
        _("Your account is open again: you can order as before."),
        _("Your account is open again. Go online in the app and you get offers."),
        _(
            "Your account is open again: you can log in and finish what you have begun. It is restricted as before[: "
            "{reason}]. You can begin nothing new for now. Write to us if you see it differently."
        ),
    ),
    Kind.DOCUMENT_REVIEWED: Text(
        _("{document}: {outcome}"), _("We looked at your document. {document}: {outcome}.[ {reason}]")
    ),
    Kind.DOCUMENT_EXPIRING: Text(
        _("{document} expires on {expires_on}"),
        _(
            "Your document expires on {expires_on}: {document}. Upload the new one in the app, or offers stop on that "
            "day."
        ),
    ),
    Kind.DOCUMENT_EXPIRED: Text(
        _("{document} has expired"),
        _("Your document has expired: {document}. Upload the new one in the app to get offers."),
    ),
    Kind.DISPUTE_OPENED: Text(
        _("A dispute about {service}"),
        _(
            "A dispute about {service} was opened. Staff read both sides before they decide.[ Say in the app how you "
            "see it, until {answer_by}.]"
        ),
    ),
    Kind.DISPUTE_MESSAGE: Text(
        _("News in the dispute about {service}"), _("There is something new to read in the dispute about {service}.")
    ),
    Kind.DISPUTE_ANSWER_WANTED: Text(
        _("We have a question about {service}"),
        _("In the dispute about {service} we need something from you. Please answer in the app until {answer_by}."),
    ),
    Kind.DISPUTE_REMINDER: Text(
        _("Your answer about {service} is still missing"),
        _(
            "In the dispute about {service} we wait for your answer until {answer_by}. After that we decide by what we "
            "have."
        ),
    ),
    Kind.DISPUTE_DUE: Text(
        _("A dispute is due: {service}"),
        _("The dispute {dispute_id} about {service} waits for staff: {owed}, until {answer_by}."),
    ),
    Kind.DISPUTE_CLOSED: Text(
        _("The dispute about {service} is closed"),
        _("The dispute about {service} is closed. The app shows how it ended."),
    ),
}


def title_of(kind: str, payload: dict[str, Any]) -> str:
    """Return one line, fit for the subject of a mail."""
    return " ".join(_filled(_text(kind, payload).title, payload).split())


def body_of(kind: str, payload: dict[str, Any], role: str) -> str:
    return _filled(_text(kind, payload).body_for(payload, role), payload).strip()


def _text(kind: str, payload: dict[str, Any]) -> Text:
    text = TEXTS[Kind(kind)]
    return text.of_no_show if text.of_no_show and payload.get("is_no_show") else text


def _filled(pattern: Promise, payload: dict[str, Any]) -> str:
    with peoples_language():
        words, text = words_of(payload), str(pattern)
    return _OPTIONAL.sub(lambda part: _optional(part[1], words), text).format_map(defaultdict(str, words))


def _optional(part: str, words: dict[str, str]) -> str:
    return part if all(words.get(name) for name in _NAME.findall(part)) else ""
