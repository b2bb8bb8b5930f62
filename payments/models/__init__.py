"""The tables of payments, by subject."""

from payments.models.accounts import PayoutAccount
from payments.models.calls import Hold, ProviderCall, ProviderCustomer
from payments.models.chargebacks import Chargeback
from payments.models.ledger import LedgerAccount, LedgerEntry, LedgerHead, LedgerTransaction
from payments.models.payments import Payment, PaymentEvent
from payments.models.payouts import Payout, PayoutItem
from payments.models.refunds import Refund
from payments.models.webhooks import WebhookEvent

__all__ = [
    "Chargeback",
    "Hold",
    "LedgerAccount",
    "LedgerEntry",
    "LedgerHead",
    "LedgerTransaction",
    "Payment",
    "PaymentEvent",
    "Payout",
    "PayoutAccount",
    "PayoutItem",
    "ProviderCall",
    "ProviderCustomer",
    "Refund",
    "WebhookEvent",
]
