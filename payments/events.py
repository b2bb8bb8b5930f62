from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

from fixmate.core.events import Event


@dataclass(frozen=True, kw_only=True)
class PaymentCaptured(Event):
    name: ClassVar[str] = "payments.payment.captured"
    payment_id: UUID
    job_id: UUID


@dataclass(frozen=True, kw_only=True)
class PaymentVoided(Event):
    name: ClassVar[str] = "payments.payment.voided"
    payment_id: UUID
    job_id: UUID
