"""Bases of the serializers: input refuses what it does not know, output has one form for money and times."""

import re
from collections.abc import Mapping
from typing import Any, ClassVar

from django.conf import settings
from django.http import QueryDict
from rest_framework import serializers

from fixmate.core.api.json_types import type_fault
from fixmate.core.enums import UploadPurpose
from fixmate.core.money import Money, exponent


class InputSerializer(serializers.Serializer[Any]):
    """A body: unknown fields are refused, not ignored; and in JSON, fields of another type than they are of."""

    ignores_unknown: ClassVar[bool] = False  # where a standard wants it
    # For the schema: what a PATCH has to have as well, and what fields have to do with each other.
    always: ClassVar[tuple[str, ...]] = ()
    also: ClassVar[dict[str, Any]] = {}

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
            if unknown and self.ignores_unknown:
                data = {name: data[name] for name in self.fields if name in data}
            elif unknown:
                raise serializers.ValidationError({key: ["This field is not known."] for key in unknown})
            self._check_types(data)
        return super().to_internal_value(data)

    def _check_types(self, data: Mapping[Any, Any]) -> None:
        if isinstance(data, QueryDict):
            return  # in a form everything is text
        faults = {name: type_fault(self.fields[name], data[name]) for name in data}
        wrong = {name: [fault] for name, fault in faults.items() if fault}
        if wrong:
            raise serializers.ValidationError(wrong)


class OutputSerializer(serializers.Serializer[Any]):
    """An answer. Nothing is ever saved through it."""


class NoBody(InputSerializer):
    """An act that takes nothing."""


class ReasonInput(InputSerializer):
    """A staff act: it always says why."""

    reason = serializers.CharField(max_length=1000)


class UploadIdsField(serializers.ListField):
    child = serializers.UUIDField()

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"help_text": "Upload ids.", **kwargs})


class LatitudeField(serializers.FloatField):
    def __init__(self, **kwargs: Any) -> None:
        super().__init__(min_value=-90, max_value=90, **kwargs)


class LongitudeField(serializers.FloatField):
    def __init__(self, **kwargs: Any) -> None:
        super().__init__(min_value=-180, max_value=180, **kwargs)


class MoneyField(serializers.Field[Any, Any, Any, Any]):
    """`{"amount": "129.90", "currency": "USD"}` in and out; a Money inside. In, the one currency of the settings."""

    default_error_messages = {
        "invalid": 'Give {{"amount": "129.90", "currency": "USD"}}.',
        "places": "{currency} has {places} decimal places.",
        "currency": "Amounts are in {currency}.",
        "range": "The amount is out of range.",
    }
    _MAX_DIGITS = 12  # of minor units
    _NUMBER = re.compile(r"([0-9]{1,20})(?:\.([0-9]{1,20}))?")

    def schema_in(self) -> dict[str, Any]:
        """Return what the schema says of an amount that is sent; `to_internal_value` takes this and nothing else."""
        places = exponent(settings.CURRENCY)
        decimals = rf"(\.[0-9]{{1,{places}}})?" if places else ""
        pattern = rf"^[0-9]{{1,{self._MAX_DIGITS - places}}}{decimals}$"
        return _money({"pattern": pattern}, {"enum": [settings.CURRENCY]})

    def schema_out(self) -> dict[str, Any]:
        return _money({"pattern": r"^-?\d+(\.\d+)?$"}, {"minLength": 3, "maxLength": 3})

    def to_representation(self, value: Money) -> dict[str, str]:
        return {"amount": value.amount, "currency": value.currency}

    def to_internal_value(self, data: Any) -> Money:
        amount, currency = self._parts(data)
        if currency != settings.CURRENCY:
            self.fail("currency", currency=settings.CURRENCY)
        places = exponent(currency)
        whole, decimals = self._digits(amount)
        if len(decimals) > places:
            self.fail("places", currency=currency, places=places)
        if len(whole) > self._MAX_DIGITS - places:
            self.fail("range")
        return Money.parse(amount, currency)

    def _parts(self, data: Any) -> tuple[str, str]:
        is_shaped = isinstance(data, dict) and set(data) == {"amount", "currency"}
        if not is_shaped or not all(isinstance(value, str) for value in data.values()):
            self.fail("invalid")
        return data["amount"], data["currency"]

    def _digits(self, amount: str) -> tuple[str, str]:
        found = self._NUMBER.fullmatch(amount)
        if not found:
            self.fail("invalid")
        return found[1], found[2] or ""


class PriceField(MoneyField):
    """Money that is more than nothing."""

    default_error_messages = {"nothing": "The price must be more than zero."}

    def schema_in(self) -> dict[str, Any]:
        schema = super().schema_in()
        schema["properties"]["amount"]["not"] = {"pattern": r"^[0.]+$"}
        return schema

    def to_internal_value(self, data: Any) -> Money:
        money = super().to_internal_value(data)
        if not money.minor:
            self.fail("nothing")
        return money


def _money(amount: dict[str, Any], currency: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": {
            "amount": {"type": "string", **amount, "examples": ["129.90"]},
            "currency": {"type": "string", **currency, "examples": ["USD"]},
        },
        "required": ["amount", "currency"],
        "additionalProperties": False,
    }


class UploadInput(InputSerializer):
    file = serializers.FileField(help_text="JPEG, PNG or WebP; a PDF as well where the purpose is EVIDENCE.")
    purpose = serializers.ChoiceField(UploadPurpose.choices)


class UploadOutput(OutputSerializer):
    id = serializers.UUIDField()
    purpose = serializers.ChoiceField(UploadPurpose.choices)
    content_type = serializers.CharField()
    size_bytes = serializers.IntegerField()
