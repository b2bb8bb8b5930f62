"""Each movement of money as its lines. The table of debits and credits is in docs/money.md.

Callers hold the lock of the payment, the refund's payment or the payout they move money for.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from django.conf import settings

from payments.books import Account, Line, credit, debit
from payments.enums import AccountKind, ChargebackStatus, MovementKind
from payments.models import Chargeback, LedgerTransaction, Payment, Payout, PayoutItem, Refund
from payments.selectors.ledger import (
    balance_minor,
    captured_minor,
    moved_by_payments,
    transaction_get_by_key,
    transaction_lines,
    transactions_under,
)
from payments.services.ledger import ledger_lock, ledger_post
from payments.shares import contained_minor


def move_capture(payment: Payment, *, at: datetime) -> LedgerTransaction | None:
    """Through a provider we have the money and owe the technician; offline he has it and owes us the fee."""
    fee = payment.platform_fee_minor or 0
    tax = contained_minor(fee, settings.TAX_RATE)
    earned = [credit(_fee(payment), fee - tax), credit(_tax(payment), tax)]
    if payment.is_offline:
        lines = [debit(_receivable(payment), fee), *earned]
    else:
        amount, funds = payment.amount_minor or 0, _of(payment, AccountKind.CUSTOMER_FUNDS)
        lines = [debit(_clearing(payment), amount), credit(funds, amount), debit(funds, amount), *earned]
        lines.append(credit(_held(payment), payment.technician_earnings_minor or 0))
    return ledger_post(
        key=f"capture:{payment.pk}", kind=MovementKind.CAPTURE, lines=lines, at=at, payment_id=payment.pk
    )


def move_release(payment: Payment, *, at: datetime) -> LedgerTransaction | None:
    """Free what is held of the payment, less what the technician owes, or with what he is owed."""
    ledger_lock()
    held = held_minor(payment.pk)
    owed = min(held, balance_minor(_receivable(payment)))
    lines = [debit(_held(payment), held), credit(_receivable(payment), owed)]
    lines.append(credit(_payable(payment), held - owed))
    return ledger_post(
        key=f"release:{payment.pk}", kind=MovementKind.RELEASE, lines=lines, at=at, payment_id=payment.pk
    )


def move_refund(refund: Refund, *, at: datetime, is_free: bool) -> LedgerTransaction | None:
    """Take a refund from those who bear it. `is_free`: the payment's earnings are in no payout.

    Offline the technician gives the money back himself, and is let off the fee on it. Through a provider his share
    comes out of what is held of the payment, then of what is free of it, and the rest he owes.
    """
    payment = refund.payment
    fee, tax = refund.platform_fee_minor, refund.tax_minor
    lines = [debit(_fee(payment), fee - tax), debit(_tax(payment), tax)]
    if payment.is_offline:
        lines.append(credit(_receivable(payment), fee))
    else:
        lines += [*_from_technician(refund, is_free), credit(_refunds(payment), refund.amount_minor)]
    return _post_refund(refund, MovementKind.REFUND, lines, at)


def _from_technician(refund: Refund, is_free: bool) -> Sequence[Line]:
    ledger_lock()
    payment, share = refund.payment, refund.technician_earnings_minor
    held = min(share, held_minor(payment.pk))
    free = min(share - held, free_minor(payment.pk)) if is_free else 0
    return [
        debit(_held(payment), held),
        debit(_payable(payment), free),
        debit(_receivable(payment), share - held - free),
    ]


def move_refund_done(refund: Refund, *, at: datetime) -> LedgerTransaction | None:
    """The provider has given the money back. Offline there is nothing more to write."""
    payment, amount = refund.payment, 0 if refund.payment.is_offline else refund.amount_minor
    lines = [debit(_refunds(payment), amount), credit(_clearing(payment), amount)]
    return _post_refund(refund, MovementKind.REFUND_DONE, lines, at)


def move_refund_failed(refund: Refund, *, at: datetime) -> LedgerTransaction | None:
    """Give everybody back what the refund took."""
    taken = transaction_get_by_key(f"refund:{refund.pk}")
    lines = [Line(line.account, -line.amount_minor) for line in transaction_lines(taken)] if taken else []
    return _post_refund(refund, MovementKind.REFUND_FAILED, lines, at)


_REFUND_KEYS = {
    MovementKind.REFUND: "refund",
    MovementKind.REFUND_DONE: "refund_done",
    MovementKind.REFUND_FAILED: "refund_failed",
}


def _post_refund(refund: Refund, kind: MovementKind, lines: Sequence[Line], at: datetime) -> LedgerTransaction | None:
    return ledger_post(
        key=f"{_REFUND_KEYS[kind]}:{refund.pk}",
        kind=kind,
        lines=lines,
        at=at,
        payment_id=refund.payment_id,
        refund_id=refund.pk,
    )


def move_payout(payout: Payout, *, at: datetime) -> LedgerTransaction | None:
    free, under_way = _payout_accounts(payout)
    lines = [debit(free, payout.amount_minor), credit(under_way, payout.amount_minor)]
    return _post_payout(payout, f"payout:{payout.pk}", MovementKind.PAYOUT, lines, at)


def move_payout_held_back(item: PayoutItem, *, at: datetime) -> LedgerTransaction | None:
    free, under_way = _payout_accounts(item.payout)
    lines = [debit(under_way, item.amount_minor), credit(free, item.amount_minor)]
    key = f"payout_held_back:{item.pk}"
    return _post_payout(item.payout, key, MovementKind.PAYOUT_HELD_BACK, lines, at)


def move_payout_paid(payout: Payout, *, at: datetime) -> LedgerTransaction | None:
    _, under_way = _payout_accounts(payout)
    clearing = Account(AccountKind.PROVIDER_CLEARING, payout.currency, provider=payout.provider)
    lines = [debit(under_way, payout.amount_minor), credit(clearing, payout.amount_minor)]
    return _post_payout(payout, f"payout_paid:{payout.pk}", MovementKind.PAYOUT_PAID, lines, at)


def move_payout_failed(payout: Payout, *, at: datetime) -> LedgerTransaction | None:
    free, under_way = _payout_accounts(payout)
    lines = [debit(under_way, payout.amount_minor), credit(free, payout.amount_minor)]
    return _post_payout(payout, f"payout_failed:{payout.pk}", MovementKind.PAYOUT_FAILED, lines, at)


def _payout_accounts(payout: Payout) -> tuple[Account, Account]:
    free = Account(AccountKind.TECHNICIAN_PAYABLE, payout.currency, payout.technician_id)
    return free, Account(AccountKind.PAYOUTS_IN_TRANSIT, payout.currency)


def _post_payout(
    payout: Payout, key: str, kind: MovementKind, lines: Sequence[Line], at: datetime
) -> LedgerTransaction | None:
    return ledger_post(key=key, kind=kind, lines=lines, at=at, payout_id=payout.pk)


# Chargebacks


def move_chargeback(
    chargeback: Chargeback, *, taken_minor: int, charged_minor: int, at: datetime
) -> LedgerTransaction | None:
    """The bank took the amount back, and the provider charges its fee: less than nothing is what they give again."""
    payment, key = chargeback.payment, f"chargeback:{chargeback.pk}"
    lines = [
        debit(_of(payment, AccountKind.CHARGEBACKS), taken_minor),
        debit(_of(payment, AccountKind.CHARGEBACK_LOSSES), charged_minor),
        credit(_clearing(payment), taken_minor + charged_minor),
    ]
    number = transactions_under(f"{key}:") + 1  # the payment's lock has them come one after another
    return _post_chargeback(chargeback, f"{key}:{number}", MovementKind.CHARGEBACK, lines, at)


def move_chargeback_closed(chargeback: Chargeback, *, at: datetime) -> LedgerTransaction | None:
    """Won, the amount is with the provider again; lost, it is our loss: what it was split into stays."""
    payment, amount = chargeback.payment, chargeback.amount_minor
    taken = credit(_of(payment, AccountKind.CHARGEBACKS), amount)
    if chargeback.status == ChargebackStatus.WON:
        lines, kind = [debit(_clearing(payment), amount), taken], MovementKind.CHARGEBACK_WON
    else:
        lines, kind = [debit(_of(payment, AccountKind.CHARGEBACK_LOSSES), amount), taken], MovementKind.CHARGEBACK_LOST
    return _post_chargeback(chargeback, f"{kind.lower()}:{chargeback.pk}", kind, lines, at)


def _post_chargeback(
    chargeback: Chargeback, key: str, kind: MovementKind, lines: Sequence[Line], at: datetime
) -> LedgerTransaction | None:
    return ledger_post(key=key, kind=kind, lines=lines, at=at, payment_id=chargeback.payment_id)


# What there is of one payment


def held_minor(payment_id: UUID) -> int:
    return -moved_by_payments(AccountKind.TECHNICIAN_HELD, [payment_id]).get(payment_id, 0)


def free_minor(payment_id: UUID) -> int:
    """Return what the payment brought to the technician's free money, paid out or not."""
    return -moved_by_payments(AccountKind.TECHNICIAN_PAYABLE, [payment_id]).get(payment_id, 0)


def taxed_minor(payment_id: UUID) -> int:
    """Return the tax that was contained in the fee when the payment was captured."""
    return -captured_minor(AccountKind.TAX, payment_id)


# Accounts


def _of(payment: Payment, kind: AccountKind) -> Account:
    return Account(kind, payment.currency)


def _his(payment: Payment, kind: AccountKind) -> Account:
    return Account(kind, payment.currency, payment.technician_id)


def _clearing(payment: Payment) -> Account:
    return Account(AccountKind.PROVIDER_CLEARING, payment.currency, provider=payment.provider)


def _fee(payment: Payment) -> Account:
    return _of(payment, AccountKind.PLATFORM_FEE)


def _tax(payment: Payment) -> Account:
    return _of(payment, AccountKind.TAX)


def _refunds(payment: Payment) -> Account:
    return _of(payment, AccountKind.REFUNDS_IN_TRANSIT)


def _held(payment: Payment) -> Account:
    return _his(payment, AccountKind.TECHNICIAN_HELD)


def _payable(payment: Payment) -> Account:
    return _his(payment, AccountKind.TECHNICIAN_PAYABLE)


def _receivable(payment: Payment) -> Account:
    return _his(payment, AccountKind.TECHNICIAN_RECEIVABLE)
