from fixmate.core.errors import Conflict, Invalid, NotFound


class PaymentExists(Conflict):
    code, message = "PAYMENT_EXISTS", "This job has its payment."


class PaymentOffline(Conflict):
    code, message = "PAYMENT_OFFLINE", "This job is paid on site."


class PaymentClosed(Conflict):
    code, message = "PAYMENT_CLOSED", "This payment has been taken, or given up."


class CardNeeded(Conflict):
    code, message = "CARD_NEEDED", "Say which card this is paid with."


class JobNotSettled(Conflict):
    code, message = "JOB_NOT_SETTLED", "The job has not ended in a way that allows this."


class RefundTooMuch(Conflict):
    """Details: `left`."""

    code, message = "REFUND_TOO_MUCH", "More cannot be given back than was taken and is left."


class NothingToRefund(Conflict):
    code, message = "NOTHING_TO_REFUND", "Nothing was taken that could be given back."


class NoFeeOwed(Conflict):
    code, message = "NO_FEE_OWED", "No cancellation fee is owed on this payment."


class SecondPersonNeeded(Conflict):
    code, message = "SECOND_PERSON_NEEDED", "A refund this large has to be approved by somebody else."


class SettledByProvider(Conflict):
    code, message = "SETTLED_BY_PROVIDER", "The payment provider reports the end of this; it is not marked by hand."


class HeldBack(Conflict):
    code, message = "PAYOUT_HELD_BACK", "Nothing is paid out while a dispute, a refund or a chargeback is open."


class WebhookNotSigned(Invalid):
    code, message = "WEBHOOK_REFUSED", "This message is not signed by the provider, or was signed too long ago."


class PayoutAccountsOff(NotFound):
    code, message = "PAYOUT_ACCOUNTS_OFF", "Nothing is paid out through a provider here."


class Unbalanced(RuntimeError):
    """Lines that do not add up to nothing, or are of several currencies: a fault of the program."""


class KeyReused(RuntimeError):
    """A movement was posted under the key of another: a fault of the program."""
