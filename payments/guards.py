"""What the database refuses on the payments' tables, and the code each refusal has."""

from fixmate.core.db_errors import refuse
from payments.errors import PaymentExists

refuse(PaymentExists, "payment_one_per_job", "UNIQUE constraint failed: payments_payment.job_id")
