"""What the database refuses on the payments' tables, and what payments add to an account's life."""

from django.db.models import Q

from accounts.hooks import ExportPart, deletion_guarded_by, erased_by, exported_as
from fixmate.core.casefiles import case_told_by
from fixmate.core.db_errors import refuse
from jobs.hooks import work_waits_for_payment_if
from payments.case import PARTS
from payments.errors import HeldBack, PaymentExists
from payments.models import Hold, Payment, Payout, PayoutAccount, ProviderCustomer, Refund
from payments.selectors import payment_is_awaited
from payments.services import card_forget, chargeback_guard_deletion, payment_guard_deletion

refuse(PaymentExists, "payment_one_per_job", "UNIQUE constraint failed: payments_payment.job_id")
refuse(HeldBack, "nothing is paid out while a dispute, a refund or a chargeback is open")

work_waits_for_payment_if(payment_is_awaited)
erased_by(card_forget)
deletion_guarded_by(payment_guard_deletion)
deletion_guarded_by(chargeback_guard_deletion)
exported_as(
    ExportPart(
        "payments",
        "Money of your jobs, in minor units of the currency.",
        (
            "id",
            "job_id",
            "purpose",
            "provider",
            "status",
            "currency",
            "amount_minor",
            "platform_fee_minor",
            "technician_earnings_minor",
            "fee_rate",
            "fee_source",
            "created_at",
            "captured_at",
            "voided_at",
        ),
        lambda user: Payment.objects.filter(Q(customer=user) | Q(technician__user=user)),
    ),
    ExportPart(
        "payment_providers",
        "What payment providers call you, and the card you pay with.",
        ("provider", "ref", "method", "created_at"),
        lambda user: ProviderCustomer.objects.filter(user=user),
    ),
    ExportPart(
        "holds",
        "What was held on your card for your jobs, in minor units of the currency.",
        ("id", "payment_id", "status", "amount_minor", "captured_minor", "created_at", "held_at", "closed_at"),
        lambda user: Hold.objects.filter(payment__customer=user),
    ),
    ExportPart(
        "refunds",
        "Money given back for your jobs, in minor units of the currency.",
        ("id", "payment_id", "status", "amount_minor", "created_at", "closed_at"),
        lambda user: Refund.objects.filter(Q(payment__customer=user) | Q(payment__technician__user=user)),
    ),
    ExportPart(
        "payouts",
        "What you were paid, in minor units of the currency.",
        ("id", "status", "currency", "amount_minor", "ordered_at", "sent_at", "closed_at"),
        lambda user: Payout.objects.filter(technician__user=user),
    ),
    ExportPart(
        "payout_accounts",
        "Your accounts with payment providers.",
        ("provider", "ref", "ready_at", "created_at"),
        lambda user: PayoutAccount.objects.filter(technician__user=user),
    ),
)
case_told_by(*PARTS)
