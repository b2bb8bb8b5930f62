"""What payments do, by subject. Names are imported from here."""

from payments.services.backfill import ledger_post_missing
from payments.services.calls import call_answered, call_ask, call_perform, calls_order_due
from payments.services.chargebacks import chargeback_apply, chargeback_guard_deletion, chargebacks_look_again
from payments.services.fees import payment_fee_paid, payment_fee_waive
from payments.services.hold_calls import hold_refresh
from payments.services.payments import (
    card_forget,
    payment_authorize,
    payment_capture_for_job,
    payment_cover,
    payment_ensure,
    payment_freeze,
    payment_guard_deletion,
    payment_settle_cancelled,
    payment_unfreeze,
    payment_void_for_job,
    payments_cover_due,
)
from payments.services.payout_accounts import account_refresh, payout_account_ask
from payments.services.payouts import payout_fail, payout_order, payout_pay, payout_send, payouts_order
from payments.services.reconcile import Reconciliation, reconcile
from payments.services.refund_calls import refund_ask_again, refund_refresh
from payments.services.refunds import (
    refund_approve,
    refund_fail,
    refund_fail_by_staff,
    refund_finish,
    refund_finish_by_staff,
    refund_reject,
    refund_request,
    refund_send,
)
from payments.services.transfers import transfer_refresh
from payments.services.webhooks import webhook_apply, webhook_receive, webhooks_apply_left, webhooks_purge

__all__ = [
    "Reconciliation",
    "account_refresh",
    "call_answered",
    "call_ask",
    "call_perform",
    "calls_order_due",
    "card_forget",
    "chargeback_apply",
    "chargeback_guard_deletion",
    "chargebacks_look_again",
    "hold_refresh",
    "ledger_post_missing",
    "payment_authorize",
    "payment_capture_for_job",
    "payment_cover",
    "payment_ensure",
    "payment_fee_paid",
    "payment_fee_waive",
    "payment_freeze",
    "payment_guard_deletion",
    "payment_settle_cancelled",
    "payment_unfreeze",
    "payment_void_for_job",
    "payments_cover_due",
    "payout_account_ask",
    "payout_fail",
    "payout_order",
    "payout_pay",
    "payout_send",
    "payouts_order",
    "reconcile",
    "refund_approve",
    "refund_ask_again",
    "refund_fail",
    "refund_fail_by_staff",
    "refund_finish",
    "refund_finish_by_staff",
    "refund_refresh",
    "refund_reject",
    "refund_request",
    "refund_send",
    "transfer_refresh",
    "webhook_apply",
    "webhook_receive",
    "webhooks_apply_left",
    "webhooks_purge",
]
