from django.db import models


class PaymentStatus(models.TextChoices):
    PENDING = "PENDING", "Pending"
    AUTHORIZED = "AUTHORIZED", "Authorized"
    CAPTURED = "CAPTURED", "Captured"
    VOIDED = "VOIDED", "Voided"
    FAILED = "FAILED", "Failed"
    PARTIALLY_REFUNDED = "PARTIALLY_REFUNDED", "Partially refunded"
    REFUNDED = "REFUNDED", "Refunded"


PAID = (PaymentStatus.CAPTURED, PaymentStatus.PARTIALLY_REFUNDED, PaymentStatus.REFUNDED)
# Neither paid nor called off; after FAILED the customer tries another way to pay
OPEN = (PaymentStatus.PENDING, PaymentStatus.AUTHORIZED, PaymentStatus.FAILED)


class PaymentPurpose(models.TextChoices):
    JOB = "JOB", "Job"


class Provider(models.TextChoices):
    OFFLINE = "offline", "Cash or terminal"
    STRIPE = "stripe", "Stripe"


ONLINE = tuple(provider for provider in Provider if provider != Provider.OFFLINE)


class PaymentEventKind(models.TextChoices):
    CREATED = "CREATED", "Created"
    HOLD_ASKED = "HOLD_ASKED", "Hold asked for"
    HOLD_ACTION_NEEDED = "HOLD_ACTION_NEEDED", "The customer has to confirm"
    HOLD_FAILED = "HOLD_FAILED", "Hold failed"
    HOLD_RELEASED = "HOLD_RELEASED", "Hold released by the provider"
    AUTHORIZED = "AUTHORIZED", "Authorized"
    FAILED = "FAILED", "Failed"
    CAPTURE_ASKED = "CAPTURE_ASKED", "Capture asked for"
    CAPTURED = "CAPTURED", "Captured"
    VOIDED = "VOIDED", "Voided"
    FROZEN = "FROZEN", "Payout frozen"
    UNFROZEN = "UNFROZEN", "Payout released"
    RELEASED = "RELEASED", "Hold released"
    REFUND_REQUESTED = "REFUND_REQUESTED", "Refund requested"
    REFUND_APPROVED = "REFUND_APPROVED", "Refund approved"
    REFUND_REJECTED = "REFUND_REJECTED", "Refund rejected"
    REFUND_SENT = "REFUND_SENT", "Refund sent"
    REFUND_DONE = "REFUND_DONE", "Refund done"
    REFUND_FAILED = "REFUND_FAILED", "Refund failed"
    PAYOUT_ORDERED = "PAYOUT_ORDERED", "In a payout"
    PAYOUT_HELD_BACK = "PAYOUT_HELD_BACK", "Held back from a payout"
    CHARGED_BACK = "CHARGED_BACK", "Charged back"
    CHARGEBACK_WON = "CHARGEBACK_WON", "Chargeback won"
    CHARGEBACK_LOST = "CHARGEBACK_LOST", "Chargeback lost"


# What an online provider is asked


class HoldStatus(models.TextChoices):
    ASKED = "ASKED", "Asked for"
    ACTION_NEEDED = "ACTION_NEEDED", "The customer has to confirm"
    HELD = "HELD", "Held"
    CAPTURED = "CAPTURED", "Captured"
    RELEASED = "RELEASED", "Released"
    FAILED = "FAILED", "Failed"


HOLD_ON_ITS_WAY = (HoldStatus.ASKED, HoldStatus.ACTION_NEEDED)
# What covers something of the price, or may yet
HOLD_OPEN = (*HOLD_ON_ITS_WAY, HoldStatus.HELD)


class CallKind(models.TextChoices):
    HOLD = "HOLD", "Hold an amount"
    CAPTURE = "CAPTURE", "Take what is held"
    RELEASE = "RELEASE", "Release what is held"
    REFUND = "REFUND", "Give back"
    TRANSFER = "TRANSFER", "Pay out"
    ACCOUNT = "ACCOUNT", "Open an account to pay out to"


class CallStatus(models.TextChoices):
    WAITING = "WAITING", "Waiting"
    DONE = "DONE", "Done"
    REFUSED = "REFUSED", "Refused"


# The ledger


class AccountKind(models.TextChoices):
    PROVIDER_CLEARING = "PROVIDER_CLEARING", "Money a provider holds for us"
    CUSTOMER_FUNDS = "CUSTOMER_FUNDS", "Customers' money, not yet earned"
    PLATFORM_FEE = "PLATFORM_FEE", "Platform fee"
    TAX = "TAX", "Tax contained in the fee"
    TECHNICIAN_HELD = "TECHNICIAN_HELD", "Earned, in hold"
    TECHNICIAN_PAYABLE = "TECHNICIAN_PAYABLE", "Free to pay out"
    TECHNICIAN_RECEIVABLE = "TECHNICIAN_RECEIVABLE", "Owed by the technician"
    PAYOUTS_IN_TRANSIT = "PAYOUTS_IN_TRANSIT", "Payouts under way"
    REFUNDS_IN_TRANSIT = "REFUNDS_IN_TRANSIT", "Refunds under way"
    CHARGEBACKS = "CHARGEBACKS", "Taken back by customers' banks, not decided"
    CHARGEBACK_LOSSES = "CHARGEBACK_LOSSES", "Lost to chargebacks, fees included"


OF_A_TECHNICIAN = (AccountKind.TECHNICIAN_HELD, AccountKind.TECHNICIAN_PAYABLE, AccountKind.TECHNICIAN_RECEIVABLE)
# What we owe and never less than nothing of; a credit is negative.
OWED = (
    AccountKind.CUSTOMER_FUNDS,
    AccountKind.TECHNICIAN_HELD,
    AccountKind.TECHNICIAN_PAYABLE,
    AccountKind.PAYOUTS_IN_TRANSIT,
    AccountKind.REFUNDS_IN_TRANSIT,
)


class MovementKind(models.TextChoices):
    CAPTURE = "CAPTURE", "Payment captured"
    RELEASE = "RELEASE", "Hold released"
    REFUND = "REFUND", "Refund approved"
    REFUND_DONE = "REFUND_DONE", "Refund done"
    REFUND_FAILED = "REFUND_FAILED", "Refund failed"
    PAYOUT = "PAYOUT", "Payout ordered"
    PAYOUT_HELD_BACK = "PAYOUT_HELD_BACK", "Held back from a payout"
    PAYOUT_PAID = "PAYOUT_PAID", "Payout paid"
    PAYOUT_FAILED = "PAYOUT_FAILED", "Payout failed"
    CHARGEBACK = "CHARGEBACK", "Charged back"
    CHARGEBACK_WON = "CHARGEBACK_WON", "Chargeback won"
    CHARGEBACK_LOST = "CHARGEBACK_LOST", "Chargeback lost"


class RefundStatus(models.TextChoices):
    REQUESTED = "REQUESTED", "Requested"
    APPROVED = "APPROVED", "Approved"
    REJECTED = "REJECTED", "Rejected"
    SENT = "SENT", "Sent"
    DONE = "DONE", "Done"
    FAILED = "FAILED", "Failed"


REFUND_OPEN = (RefundStatus.REQUESTED, RefundStatus.APPROVED, RefundStatus.SENT)
REFUND_ON_ITS_WAY = (RefundStatus.APPROVED, RefundStatus.SENT)


class PayoutStatus(models.TextChoices):
    ORDERED = "ORDERED", "Ordered"
    SENT = "SENT", "Sent"
    PAID = "PAID", "Paid"
    FAILED = "FAILED", "Failed"


PAYOUT_ON_ITS_WAY = (PayoutStatus.ORDERED, PayoutStatus.SENT)


class PayoutAccountStatus(models.TextChoices):
    """Read off the row, not stored."""

    NONE = "NONE", "There is none"
    ASKED = "ASKED", "Asked for"
    INCOMPLETE = "INCOMPLETE", "The technician has to tell the provider who he is"
    READY = "READY", "Paid out to"


class ChargebackStatus(models.TextChoices):
    NEEDS_RESPONSE = "NEEDS_RESPONSE", "Evidence is wanted"
    UNDER_REVIEW = "UNDER_REVIEW", "Under review by the bank"
    WON = "WON", "Won"
    LOST = "LOST", "Lost"


CHARGEBACK_OPEN = (ChargebackStatus.NEEDS_RESPONSE, ChargebackStatus.UNDER_REVIEW)
# Of these the money is with the customer's bank
CHARGEBACK_TAKEN = (*CHARGEBACK_OPEN, ChargebackStatus.LOST)
