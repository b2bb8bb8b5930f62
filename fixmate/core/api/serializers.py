"""Bases of the serializers: input refuses what it does not know, output has one form for money and times."""

from collections.abc import Mapping
from typing import Any

from django.conf import settings
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from fixmate.core.enums import UploadPurpose
from fixmate.core.money import Money, exponent


class InputSerializer(serializers.Serializer[Any]):
    """A body: unknown fields are refused, not ignored."""

    @classmethod
    def parse(cls, data: Any, *, partial: bool = False) -> dict[str, Any]:
        """Return the fields of a request's data.

        :raises ValidationError: with a text for each field that is wrong
        """
        body = cls(data=data, partial=partial)
        body.is_valid(raise_exception=True)
        fields: dict[str, Any] = body.validated_data
        return fields

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, Mapping):
            unknown = sorted(str(key) for key in data if key not in self.fields)
            if unknown:
                raise serializers.ValidationError({key: ["This field is not known."] for key in unknown})
        return super().to_internal_value(data)


class OutputSerializer(serializers.Serializer[Any]):
    """An answer. Nothing is ever saved through it."""


class NoBody(InputSerializer):
    """An act that takes nothing."""


class ReasonInput(InputSerializer):
    """A staff act: it always says why."""

    reason = serializers.CharField(max_length=1000)


class LatitudeField(serializers.FloatField):
    def __init__(self, **kwargs: Any) -> None:
        super().__init__(min_value=-90, max_value=90, **kwargs)


class LongitudeField(serializers.FloatField):
    def __init__(self, **kwargs: Any) -> None:
        super().__init__(min_value=-180, max_value=180, **kwargs)


@extend_schema_field(
    {
        "type": "object",
        "properties": {
            "amount": {"type": "string", "pattern": r"^-?\d+(\.\d+)?$", "examples": ["129.90"]},
            "currency": {"type": "string", "minLength": 3, "maxLength": 3, "examples": ["USD"]},
        },
        "required": ["amount", "currency"],
        "additionalProperties": False,
    }
)
class MoneyField(serializers.Field[Any, Any, Any, Any]):
    """`{"amount": "129.90", "currency": "USD"}` in and out; a Money inside. In, the one currency of the settings."""

    default_error_messages = {
        "invalid": 'Give {{"amount": "129.90", "currency": "USD"}}.',
        "places": "{currency} has {places} decimal places.",
        "currency": "Amounts are in {currency}.",
        "range": "The amount is out of range.",
    }
    _MAX_MINOR = 10**12
    _MAX_DIGITS = 20

    def to_representation(self, value: Money) -> dict[str, str]:
        return {"amount": value.amount, "currency": value.currency}

    def to_internal_value(self, data: Any) -> Money:
        amount, currency = self._parts(data)
        if currency != settings.CURRENCY:
            self.fail("currency", currency=settings.CURRENCY)
        try:
            money = Money.parse(amount, currency)
        except ValueError:
            self.fail("places", currency=currency, places=exponent(currency))
        if not 0 <= money.minor <= self._MAX_MINOR:
            self.fail("range")
        return money

    def _parts(self, data: Any) -> tuple[str, str]:
        is_shaped = isinstance(data, dict) and set(data) == {"amount", "currency"}
        if not is_shaped or not all(isinstance(value, str) for value in data.values()):
            self.fail("invalid")
        amount, currency = data["amount"], data["currency"]
        is_number = len(amount) <= self._MAX_DIGITS and amount.isascii() and amount.replace(".", "", 1).isdigit()
        if not is_number:
            self.fail("invalid")
        return amount, currency


class UploadInput(InputSerializer):
    file = serializers.FileField(help_text="JPEG, PNG or WebP; a PDF as well where the purpose is EVIDENCE.")
    purpose = serializers.ChoiceField(UploadPurpose.choices)


class UploadOutput(OutputSerializer):
    id = serializers.UUIDField()
    purpose = serializers.ChoiceField(UploadPurpose.choices)
    content_type = serializers.CharField()
    size_bytes = serializers.IntegerField()
