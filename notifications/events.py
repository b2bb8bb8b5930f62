from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

from fixmate.core.events import Event


@dataclass(frozen=True, kw_only=True)
class DeliveryDue(Event):
    """Somebody is to be told over a channel outside; the sending task does it once this is committed."""

    name: ClassVar[str] = "notifications.delivery.due"
    delivery_id: UUID
