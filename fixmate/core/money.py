"""Money: whole minor units and an ISO 4217 currency; decimal strings only at the edge."""

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

# ISO 4217: currencies whose exponent is not 2.
_EXPONENTS = {
    **dict.fromkeys(("BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "VND", "VUV"), 0),
    **dict.fromkeys(("XAF", "XOF", "XPF"), 0),
    **dict.fromkeys(("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"), 3),
}


def exponent(currency: str) -> int:
    """Return how many decimal places the currency has."""
    return _EXPONENTS.get(currency, 2)


@dataclass(frozen=True, slots=True)
class Money:
    minor: int
    currency: str

    def __str__(self) -> str:
        return f"{self.amount} {self.currency}"

    @property
    def amount(self) -> str:
        """Return the decimal string that the API shows, such as `129.90`."""
        places = exponent(self.currency)
        return f"{Decimal(self.minor).scaleb(-places):.{places}f}"

    @classmethod
    def parse(cls, amount: str, currency: str) -> "Money":
        """Read a decimal string.

        :raises ValueError: if the amount has more places than the currency
        """
        minor = Decimal(amount).scaleb(exponent(currency))
        if minor != minor.to_integral_value():
            raise ValueError(f"{currency} has {exponent(currency)} decimal places")
        return cls(int(minor), currency)


def share_minor(amount_minor: int, rate: Decimal) -> int:
    """Return `rate` of the amount in whole minor units, rounded half up."""
    return int((Decimal(amount_minor) * rate).to_integral_value(ROUND_HALF_UP))
