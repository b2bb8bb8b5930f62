"""What the database refuses on the payments' tables, and what payments add to an account's life."""

from django.db.models import Q

from accounts.hooks import ExportPart, deletion_guarded_by, exported_as
from fixmate.core.db_errors import refuse
from payments.errors import PaymentExists
from payments.models import Payment
from payments.services import payment_guard_deletion

refuse(PaymentExists, "payment_one_per_job", "UNIQUE constraint failed: payments_payment.job_id")

deletion_guarded_by(payment_guard_deletion)
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
    )
)
