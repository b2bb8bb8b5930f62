from uuid import UUID

from django.db import transaction

from payments.selectors import payment_get_locked, payment_ids_not_posted
from payments.services.movements import move_capture


def ledger_post_missing() -> int:
    """Post the captures that are not in the books: those of before there were any. Idempotent; returns how many."""
    return sum(_post(payment_id) for payment_id in payment_ids_not_posted())


@transaction.atomic
def _post(payment_id: UUID) -> bool:
    payment = payment_get_locked(payment_id)
    return bool(payment.captured_at and move_capture(payment, at=payment.captured_at))
