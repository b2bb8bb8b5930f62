"""A provider that pays technicians, in memory: what it was asked, what it did, and how it is made to fail."""

from dataclasses import dataclass, field, replace

import pytest

from fixmate.core import clock
from payments.models import Payout
from payments.providers import AccountState, ObjectKind, ProviderAway, ProviderRefused, Record, TransferState


@dataclass
class Bank:
    accounts: dict[str, AccountState] = field(default_factory=dict)
    transfers: dict[str, TransferState] = field(default_factory=dict)
    paid_to: list[tuple[str, int]] = field(default_factory=list)
    kept: list[Record] = field(default_factory=list)
    seen: list[str] = field(default_factory=list)  # how the payout stood when it was asked for
    links: int = 0
    is_down: bool = False
    loses_answers: bool = False
    refusal: str = ""
    refuses_links: bool = False
    by_key: dict[str, str] = field(default_factory=dict)

    def _answer(self, thing):
        if self.loses_answers:
            raise ProviderAway("the answer was lost")
        return thing

    def _reach(self):
        if self.is_down:
            raise ProviderAway("it is down")
        if self.refusal:
            raise ProviderRefused(f"no: {self.refusal}", code=self.refusal)

    # Accounts

    def account(self, *, technician_id, key):
        self._reach()
        ref = self.by_key.setdefault(key, f"acct_{len(self.accounts) + 1}")
        return self._answer(self.accounts.setdefault(ref, AccountState(ref, is_ready=False)))

    def account_state(self, ref):
        self._reach()
        return self.accounts[ref]

    def account_link(self, *, ref, refresh_url, return_url):
        self._reach()
        if self.refuses_links:
            raise ProviderRefused("no links", code="platform_not_reviewed")
        self.links += 1
        return f"https://bank.example/{ref}/{self.links}?back={return_url}"

    def accept(self, ref):
        self.accounts[ref] = AccountState(ref, is_ready=True)

    # Transfers

    def transfer(self, *, account_ref, payout_id, amount, key):
        self.seen.append(Payout.objects.values_list("status", flat=True).get(pk=payout_id))
        self._reach()
        ref = self.by_key.setdefault(key, f"tr_{len(self.transfers) + 1}")
        if ref not in self.transfers:
            self.transfers[ref] = TransferState(ref, amount.minor)
            self.paid_to.append((account_ref, amount.minor))
            self.keep(ObjectKind.TRANSFER, ref, payout_id, amount.minor, amount.currency, "paid")
        return self._answer(self.transfers[ref])

    def transfer_state(self, ref):
        self._reach()
        return self.transfers[ref]

    def take_back(self, ref, minor):
        self.transfers[ref] = replace(self.transfers[ref], reversed_minor=minor)

    # Its books

    def keep(self, kind, ref, ours, amount_minor, currency="USD", status="paid", at=None):
        self.kept.append(Record(kind, ref, str(ours), amount_minor, currency, status, at or clock.now()))

    def records(self, *, since):
        self._reach()
        return iter([record for record in self.kept if record.at >= since])


@pytest.fixture
def bank(monkeypatch, settings):
    """The provider everything goes to."""
    settings.PAYMENT_PROVIDER, settings.STRIPE_SECRET_KEY = "stripe", "sk_test_1"
    settings.PAYOUT_ACCOUNT_URL = "https://app.example/paid"
    bank = Bank()
    monkeypatch.setattr("payments.providers.stripe_provider", lambda: bank)
    return bank
