"""JSON has types: a number is no text, and "yes" is no boolean. DRF takes one for the other; the contract does not."""

from collections.abc import Callable
from typing import Any, Final

from rest_framework import serializers

Check = Callable[[Any], bool]


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_truth(value: Any) -> bool:
    return isinstance(value, bool)


def _is_whole(value: Any) -> bool:
    """JSON knows one kind of number: 3.0 is as whole as 3."""
    return _is_number(value) and (isinstance(value, int) or value.is_integer())


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


_TYPES: Final[tuple[tuple[tuple[type, ...], Check, str], ...]] = (
    ((serializers.BooleanField,), _is_truth, "This must be true or false."),
    ((serializers.IntegerField,), _is_whole, "This must be a whole number."),
    ((serializers.FloatField,), _is_number, "This must be a number."),
    (
        (
            serializers.CharField,
            serializers.UUIDField,
            serializers.DateTimeField,
            serializers.DateField,
            serializers.TimeField,
            serializers.ChoiceField,
        ),
        _is_text,
        "This must be a text.",
    ),
)


def type_fault(field: Any, value: Any) -> str | None:
    """Return what is wrong with the value's type, or None; null is left to the field."""
    if value is None:
        return None
    if isinstance(field, serializers.ListField):
        return _fault_in(field.child, value)
    for kinds, holds, text in _TYPES:
        if isinstance(field, kinds):
            return None if holds(value) else text
    return None


def _fault_in(child: Any, values: Any) -> str | None:
    if not isinstance(values, list):
        return "This must be a list."
    return next((fault for fault in (type_fault(child, value) for value in values) if fault), None)
