"""Who takes the money. Services talk to this interface and to nothing of a provider's own."""

from typing import Protocol
from uuid import UUID

from fixmate.core.money import Money
from payments.enums import Provider


class PaymentProvider(Protocol):
    """Called under the payment's lock, in the transaction that records the answer."""

    def capture(self, *, payment_id: UUID, amount: Money) -> None: ...

    def void(self, *, payment_id: UUID) -> None: ...


class OfflineProvider:
    """Cash or the technician's terminal: the money changes hands at the door, and our record follows."""

    def capture(self, *, payment_id: UUID, amount: Money) -> None:
        """The customer has paid the technician."""

    def void(self, *, payment_id: UUID) -> None:
        """Nothing was held."""


_providers: dict[str, PaymentProvider] = {Provider.OFFLINE: OfflineProvider()}


def provider_get(name: str) -> PaymentProvider:
    return _providers[name]
