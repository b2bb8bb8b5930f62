from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class FeeTerms:
    """The share the platform keeps, and the name it goes by on the price."""

    name: str
    rate: Decimal
