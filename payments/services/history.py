from datetime import datetime
from typing import Any

from accounts.models import User
from payments.enums import PaymentEventKind
from payments.models import Payment, PaymentEvent


def payment_event_add(
    payment: Payment, kind: PaymentEventKind, *, at: datetime, actor: User | None = None, **data: Any
) -> None:
    PaymentEvent.objects.create(payment=payment, kind=kind, status=payment.status, actor=actor, at=at, data=data)
