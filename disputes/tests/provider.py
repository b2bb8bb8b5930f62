"""A provider in memory that also pays technicians, and tells of customers' banks that take back what they paid."""

from dataclasses import replace

from fixmate.core import clock
from payments.providers import (
    AccountState,
    ChargebackIs,
    HoldIs,
    HoldState,
    ProviderRefused,
    RefundIs,
    TransferState,
)
from payments.tests.fake import FakeProvider
from payments.tests.telling import chargeback_state, in_a_week

_DECIDED = (ChargebackIs.WON, ChargebackIs.LOST)
_FEE_MINOR = 1_500


class BankingProvider(FakeProvider):
    def __init__(self):
        super().__init__()
        self.transfers = {}
        self.chargebacks = {}
        self.told = []  # every way a chargeback has stood, in order

    # What tests do from outside

    def has_taken(self, hold):
        """It took the hold, before anybody looked."""
        facts = {"amount_minor": hold.amount_minor, "captured_minor": hold.captured_minor}
        self.holds[hold.ref] = HoldState(hold.ref, HoldIs.CAPTURED, **facts)

    def left_minor(self, hold_ref):
        """Return what a bank could still take back of a hold."""
        its = [state.amount_minor for state in self._chargebacks_of(hold_ref) if state.status != ChargebackIs.WON]
        return self.holds[hold_ref].captured_minor - sum(its)

    def charge_back(self, hold_ref, minor):
        facts = {"amount_minor": minor, "fee_minor": _FEE_MINOR, "evidence_due_at": in_a_week(clock.now())}
        self._stands(chargeback_state(hold_ref, ref=f"dp_{len(self.chargebacks) + 1}", **facts))

    @property
    def undecided(self):
        """Return the chargebacks that a bank has not decided."""
        return [ref for ref, state in self.chargebacks.items() if state.status not in _DECIDED]

    @property
    def outdated(self):
        """Return how chargebacks stood that stand otherwise by now."""
        return [state for state in self.told if state != self.chargebacks[state.ref]]

    def bank_says(self, ref, status):
        """Go on with a chargeback. Who wins gets the fee back, too."""
        is_won = status == ChargebackIs.WON
        facts = {"evidence_due_at": None, "fee_minor": 0 if is_won else _FEE_MINOR}
        self._stands(replace(self.chargebacks[ref], status=status, **facts))

    def _stands(self, state):
        self.chargebacks[state.ref] = state
        self.told.append(state)

    def _chargebacks_of(self, hold_ref):
        return [state for state in self.chargebacks.values() if state.hold_ref == hold_ref]

    # How it is asked

    def _refund(self, hold_ref, minor):
        if any(self.chargebacks[ref].hold_ref == hold_ref for ref in self.undecided):
            raise ProviderRefused("The bank is looking into it.", code="charge_disputed")
        return super()._refund(hold_ref, minor)

    def transfer(self, *, account_ref, payout_id, amount, key):
        return self._do("transfer", key, lambda: self._transfer(amount.minor))

    def _transfer(self, minor):
        ref = f"tr_{len(self.transfers) + 1}"
        self.transfers[ref] = TransferState(ref, minor)
        return self.transfers[ref]

    def account_state(self, ref):
        return self._do("account_state", object(), lambda: AccountState(ref, is_ready=True))

    def chargeback_state(self, ref):
        return self._do("chargeback_state", object(), lambda: self.chargebacks[ref])

    # What it has of ours

    @property
    def balance_minor(self):
        """Return what it took, less what went back, to technicians, to banks and to itself."""
        given = sum(state.amount_minor for state in self.refunds.values() if state.status == RefundIs.DONE)
        taken = sum(state.captured_minor for state in self.holds.values())
        sent = sum(state.amount_minor for state in self.transfers.values())
        banks = [state for state in self.chargebacks.values() if state.status != ChargebackIs.WON]
        fees = sum(state.fee_minor for state in self.chargebacks.values())
        return taken - given - sent - sum(state.amount_minor for state in banks) - fees
