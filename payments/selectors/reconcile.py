"""The provider's books against ours: pure comparison, and what of ours there is to compare. Changes nothing."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, cast
from uuid import UUID

from django.db.models import Exists, OuterRef, QuerySet, Sum

from payments.enums import CallKind, CallStatus, ChargebackStatus, HoldStatus, MovementKind
from payments.models import Chargeback, Hold, LedgerEntry, Payment, Payout, ProviderCall
from payments.providers import ChargebackIs, HoldIs, ObjectKind, Record, RefundIs

# A question may stay without an answer for so long, and what it makes is younger by that
LAG: Final = timedelta(days=7)
TRANSFERRED: Final = "paid"
# What moved money, by kind
MOVED: Final = {ObjectKind.HOLD: HoldIs.CAPTURED, ObjectKind.REFUND: RefundIs.DONE, ObjectKind.TRANSFER: TRANSFERRED}
_GONE: Final = frozenset({HoldIs.RELEASED, HoldIs.FAILED})
_NOT_DECIDED: Final = frozenset({HoldIs.UNDER_WAY, HoldIs.ACTION_NEEDED})
_FITS_HOLD: Final[Mapping[str, frozenset[str]]] = {
    HoldStatus.ASKED: _NOT_DECIDED,
    HoldStatus.ACTION_NEEDED: _NOT_DECIDED,
    HoldStatus.HELD: frozenset({HoldIs.HELD}),
    HoldStatus.CAPTURED: frozenset({HoldIs.CAPTURED}),
    HoldStatus.RELEASED: _GONE,
    HoldStatus.FAILED: _GONE,
}
_FITS_REFUND: Final[Mapping[str, frozenset[str]]] = {
    CallStatus.WAITING: frozenset({RefundIs.UNDER_WAY}),
    CallStatus.DONE: frozenset({RefundIs.DONE}),
    CallStatus.REFUSED: frozenset({RefundIs.FAILED}),
}
_FITS_TRANSFER: Final[Mapping[str, frozenset[str]]] = {CallStatus.DONE: frozenset({TRANSFERRED})}
_CHARGEBACK_IS: Final[Mapping[str, str]] = {
    ChargebackStatus.NEEDS_RESPONSE: ChargebackIs.NEEDS_RESPONSE,
    ChargebackStatus.UNDER_REVIEW: ChargebackIs.UNDER_REVIEW,
    ChargebackStatus.WON: ChargebackIs.WON,
    ChargebackStatus.LOST: ChargebackIs.LOST,
}
_POSTED_AS: Final = {
    ObjectKind.HOLD: (MovementKind.CAPTURE, "payment"),
    ObjectKind.REFUND: (MovementKind.REFUND_DONE, "refund"),
    ObjectKind.TRANSFER: (MovementKind.PAYOUT_PAID, "payout"),
}
_NOTHING: Final[frozenset[str]] = frozenset()


class DifferenceKind(StrEnum):
    MISSING_HERE = "missing here"
    MISSING_THERE = "missing there"
    AMOUNT = "amount"
    STATUS = "status"
    UNPOSTED = "unposted"
    OPEN_CALL = "open call"


@dataclass(frozen=True, slots=True)
class Difference:
    """`here` is what we have, `there` what the provider has; `ours` is the id that both know it by."""

    kind: DifferenceKind
    what: str
    ref: str
    ours: str
    here: str
    there: str


@dataclass(frozen=True, slots=True)
class Ours:
    """One thing that the provider should have; `fits` are the statuses of its that ours goes with.

    `subject` is what the books post it under: several may be posted as one. `is_asked` while an answer is awaited that
    makes it, or moves its money.
    """

    kind: ObjectKind
    id: str
    ref: str
    subject: UUID
    amount_minor: int
    currency: str
    status: str
    fits: frozenset[str]
    at: datetime
    is_asked: bool

    @property
    def has_moved(self) -> bool:
        return MOVED.get(self.kind) in self.fits


@dataclass(frozen=True, slots=True)
class Total:
    """What moved by one kind of thing: how many, and how much, with us and with the provider."""

    what: str
    currency: str
    here: int
    here_minor: int
    there: int
    there_minor: int


Posted = Mapping[tuple[ObjectKind, UUID], int]


# Comparing


def differences_of(
    records: Iterable[Record], ours: Iterable[Ours], posted: Posted, *, since: datetime, until: datetime
) -> Iterator[Difference]:
    """Yield what differs between the provider's records and ours, both of what began from `since` on.

    `posted` is what the books say of it; `until` is when the records were read: what is younger need not be in them.
    """
    there, ours = {(record.kind, record.ref): record for record in records}, list(ours)
    ours_by = _index(ours)
    for record in there.values():
        yield from _of_record(record, _match(record, ours_by))
    for one in ours:
        if one.ref and (one.kind, one.ref) not in there and since <= one.at <= until:
            yield Difference(DifferenceKind.MISSING_THERE, one.kind, one.ref, one.id, _shown(one), "")
    yield from _unposted(there, ours, posted)


def _index(ours: Iterable[Ours]) -> dict[tuple[ObjectKind, str], Ours]:
    return {(one.kind, name): one for one in ours for name in (one.id, one.ref) if name}


def _match(record: Record, ours: Mapping[tuple[ObjectKind, str], Ours]) -> Ours | None:
    return ours.get((record.kind, record.ref)) or ours.get((record.kind, record.ours))


def _of_record(record: Record, one: Ours | None) -> Iterator[Difference]:
    if one is None or one.ref != record.ref:
        if not _is_of_no_account(record, one):
            here = _shown(one) if one else ""
            yield Difference(DifferenceKind.MISSING_HERE, record.kind, record.ref, record.ours, here, _shown(record))
        return
    if (record.amount_minor, record.currency) != (one.amount_minor, one.currency):
        yield _differs(DifferenceKind.AMOUNT, record, one)
    if record.status not in one.fits:
        yield _differs(DifferenceKind.STATUS, record, one)


def _is_of_no_account(record: Record, one: Ours | None) -> bool:
    """Tell whether it came to nothing here and there, or the answer that names it is still awaited."""
    return one is not None and not one.ref and (one.is_asked or record.status in _GONE & one.fits)


def _differs(kind: DifferenceKind, record: Record, one: Ours) -> Difference:
    return Difference(kind, record.kind, record.ref, one.id, _shown(one), _shown(record))


def _shown(thing: Record | Ours) -> str:
    return f"{thing.status} {thing.amount_minor} {thing.currency}"


def _unposted(
    there: Mapping[tuple[ObjectKind, str], Record], ours: Iterable[Ours], posted: Posted
) -> Iterator[Difference]:
    """Yield what moved money with the provider, and is not in the books at what it came to there.

    Several parts are posted together, when none of them is being asked for any more.
    """
    subjects: dict[tuple[ObjectKind, UUID], list[Ours]] = defaultdict(list)
    for one in ours:
        if one.kind in _POSTED_AS:
            subjects[one.kind, one.subject].append(one)
    for (kind, subject), parts in subjects.items():
        moved, here = [one for one in parts if one.has_moved], posted.get((kind, subject), 0)
        read = sum(there.get((kind, one.ref), one).amount_minor for one in moved)
        if read != here and not any(one.is_asked for one in parts):
            refs = " ".join(one.ref for one in moved)
            yield Difference(DifferenceKind.UNPOSTED, kind, refs, str(subject), str(here), str(read))


def totals_of(records: Iterable[Record], ours: Iterable[Ours], *, since: datetime) -> list[Total]:
    """Return what moved, with us and with the provider, of what began at `since` or later."""
    here, there = _sums(one for one in ours if one.has_moved and one.at >= since), _sums(filter(_has_moved, records))
    return [
        Total(kind, currency, *here.get((kind, currency), (0, 0)), *there.get((kind, currency), (0, 0)))
        for kind, currency in sorted({*here, *there})
    ]


def _has_moved(record: Record) -> bool:
    return record.status == MOVED.get(record.kind)


def _sums(things: Iterable[Record] | Iterable[Ours]) -> dict[tuple[ObjectKind, str], tuple[int, int]]:
    sums: dict[tuple[ObjectKind, str], tuple[int, int]] = {}
    for thing in things:
        count, minor = sums.get((thing.kind, thing.currency), (0, 0))
        sums[thing.kind, thing.currency] = count + 1, minor + thing.amount_minor
    return sums


# What there is of ours


def ours_of(provider: str, *, since: datetime) -> list[Ours]:
    """Return what the provider should have: all of it that may have been made from `since` on."""
    began = since - LAG
    return [
        *_holds(provider, began),
        *_refunds(provider, began),
        *_transfers(provider, began),
        *_chargebacks(provider, began),
    ]


def _holds(provider: str, began: datetime) -> Iterator[Ours]:
    """Yield every hold of the payments that had one lately: they are posted together."""
    lately = Hold.objects.filter(payment__provider=provider, created_at__gte=began).values("payment")
    asking = (CallKind.HOLD, CallKind.CAPTURE)
    asked = ProviderCall.objects.filter(hold=OuterRef("pk"), kind__in=asking, status=CallStatus.WAITING)
    holds = Hold.objects.filter(payment__in=lately).select_related("payment").annotate(is_asked=Exists(asked))
    for hold in holds.order_by("pk").iterator(chunk_size=2_000):
        yield Ours(
            kind=ObjectKind.HOLD,
            id=str(hold.pk),
            ref=hold.ref,
            subject=hold.payment_id,
            amount_minor=hold.captured_minor or hold.amount_minor,
            currency=hold.payment.currency,
            status=hold.status,
            fits=_FITS_HOLD[hold.status],
            at=hold.created_at,
            is_asked=hold.is_asked,
        )


def _calls(provider: str, kind: CallKind, began: datetime) -> QuerySet[ProviderCall]:
    return ProviderCall.objects.filter(provider=provider, kind=kind, created_at__gte=began).order_by("pk")


def _refunds(provider: str, began: datetime) -> Iterator[Ours]:
    for call in _calls(provider, CallKind.REFUND, began).select_related("payment"):
        currency = cast(Payment, call.payment).currency
        yield _ours(call, ObjectKind.REFUND, str(call.pk), cast(UUID, call.refund_id), call.amount_minor, currency)


def _transfers(provider: str, began: datetime) -> Iterator[Ours]:
    for call in _calls(provider, CallKind.TRANSFER, began).select_related("payout"):
        payout = cast(Payout, call.payout)
        yield _ours(call, ObjectKind.TRANSFER, str(payout.pk), payout.pk, payout.amount_minor, payout.currency)


def _ours(call: ProviderCall, kind: ObjectKind, its_id: str, subject: UUID, amount_minor: int, currency: str) -> Ours:
    fits = _FITS_REFUND if kind == ObjectKind.REFUND else _FITS_TRANSFER
    return Ours(
        kind=kind,
        id=its_id,
        ref=call.ref,
        subject=subject,
        amount_minor=amount_minor,
        currency=currency,
        status=call.status,
        fits=fits.get(call.status, _NOTHING),
        at=call.created_at,
        is_asked=call.status == CallStatus.WAITING,
    )


def _chargebacks(provider: str, began: datetime) -> Iterator[Ours]:
    """Yield them with what is in the books of each: that they are posted so is for the proof to say."""
    rows = Chargeback.objects.filter(provider=provider, opened_at__gte=began).select_related("payment")
    for row in rows.order_by("pk"):
        yield Ours(
            kind=ObjectKind.CHARGEBACK,
            id=str(row.pk),
            ref=row.ref,
            subject=row.payment_id,
            amount_minor=row.amount_minor,
            currency=row.payment.currency,
            status=row.status,
            fits=frozenset({_CHARGEBACK_IS[row.status]}),
            at=row.opened_at,
            is_asked=False,
        )


def posted_of(provider: str) -> Posted:
    """Return what came to or left the provider's account in the books, by what it was posted for."""
    posted = {}
    for kind, (movement, subject) in _POSTED_AS.items():
        entries = LedgerEntry.objects.filter(account__provider=provider, transaction__kind=movement)
        sums = entries.order_by().values_list(f"transaction__{subject}").annotate(total=Sum("amount_minor"))
        posted.update({(kind, its_id): abs(int(total)) for its_id, total in sums})
    return posted


def calls_open(provider: str) -> list[Difference]:
    """Return what the provider is asked and has not answered; what it has, and only decides later, is not among it."""
    waiting = ProviderCall.objects.filter(provider=provider, status=CallStatus.WAITING, ref="")
    rows = waiting.exclude(hold__ref__gt="", kind=CallKind.HOLD).order_by("created_at", "pk")
    return [_open(call) for call in rows]


def _open(call: ProviderCall) -> Difference:
    here = f"{call.kind} since {call.created_at:%Y-%m-%d %H:%M}, {call.tries} tries"
    return Difference(DifferenceKind.OPEN_CALL, "call", "", str(call.pk), here, call.last_error)
