"""The lifecycle field: django-fsm with its three sharp edges taken off.

The library's own mixin unprotects the field object, shared by all threads, while it refreshes; `full_clean()` raises
on a protected field; `.only()` costs a query per row. Its exceptions never leave this file.
"""

from collections.abc import Callable, Iterator
from functools import cache
from typing import TYPE_CHECKING, Any, cast

from django.db import models
from django_fsm import (
    RETURN_VALUE,
    ConcurrentTransition,
    FSMField,
    FSMFieldDescriptor,
    FSMFieldMixin,
    TransitionNotAllowed,
    transition,
)

from fixmate.core.errors import IllegalTransition, StaleState

if TYPE_CHECKING:

    class ConcurrentTransitionMixin:
        """The library has no types; an unknown base would make every query of a lifecycle model unknown as well."""

else:
    from django_fsm import ConcurrentTransitionMixin

__all__ = ["RETURN_VALUE", "StateField", "StateModel", "state_constraint", "transition"]

_LOADING = "_fsm_loading"


class StateDescriptor(FSMFieldDescriptor):
    def __set__(self, instance: models.Model, value: Any) -> None:
        field = self.field
        if field.protected and field.name in instance.__dict__ and not instance.__dict__.get(_LOADING):
            raise AttributeError(f"{field.name} changes through its transitions alone")
        field.set_proxy(instance, value)
        field.set_state(instance, value)


class StateField(FSMField):
    """A state that only its transitions may change; an illegal one raises IllegalTransition."""

    descriptor_class = StateDescriptor

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs["protected"] = True
        kwargs.setdefault("max_length", 20)
        super().__init__(*args, **kwargs)

    def contribute_to_class(
        self, cls: type[models.Model], name: str, private_only: bool = False, **kwargs: Any
    ) -> None:
        if cls.__module__ == "__fake__":
            # A model of a migration gets a plain column: transitions are sought in every model made after it, and a
            # migration makes thousands.
            super(FSMFieldMixin, self).contribute_to_class(cls, name, private_only=private_only, **kwargs)
        else:
            super().contribute_to_class(cls, name, private_only=private_only, **kwargs)

    def deconstruct(self) -> Any:
        name, path, args, kwargs = super().deconstruct()
        kwargs.pop("protected", None)
        return name, path, args, kwargs

    def change_state(self, instance: models.Model, method: Any, *args: Any, **kwargs: Any) -> Any:
        try:
            return super().change_state(instance, method, *args, **kwargs)
        except TransitionNotAllowed as exc:
            raise IllegalTransition(state=str(self.get_state(instance)), action=method.__name__) from exc


class StateModel(ConcurrentTransitionMixin, models.Model):
    """A model with lifecycle fields: saving a row whose state moved meanwhile raises StaleState."""

    class Meta:
        abstract = True

    def save(self, *args: Any, **kwargs: Any) -> None:
        try:
            super().save(*args, **kwargs)
        except ConcurrentTransition as exc:
            raise StaleState from exc

    def refresh_from_db(self, using: str | None = None, fields: Any = None, from_queryset: Any = None) -> None:
        states = {field.attname for field in self._meta.concrete_fields if isinstance(field, FSMFieldMixin)}
        refresh = super().refresh_from_db
        if fields is not None and states.isdisjoint(fields):
            # A deferred column is loaded: the state in memory, perhaps moved, must not pass for the stored one.
            refresh = super(ConcurrentTransitionMixin, self).refresh_from_db
        self._loading(refresh, using, fields, from_queryset)

    def clean_fields(self, exclude: Any = None) -> None:
        self._loading(super().clean_fields, exclude)

    @property
    def state_fields(self) -> Iterator[FSMFieldMixin]:
        """Yield the loaded lifecycle fields: deferred ones stay deferred."""
        return (field for field in _state_fields(type(self)) if field.attname in self.__dict__)

    def _get_protected_fsm_fields(self) -> set[str]:
        return set()  # never flip the field object, which every thread shares

    def _loading(self, call: Callable[..., None], *args: Any, **kwargs: Any) -> None:
        was_loading = self.__dict__.get(_LOADING, False)  # loading a deferred field may happen inside
        self.__dict__[_LOADING] = True
        try:
            call(*args, **kwargs)
        finally:
            self.__dict__[_LOADING] = was_loading


@cache  # asked whenever a row is read
def _state_fields(model: type[models.Model]) -> tuple[FSMFieldMixin, ...]:
    fields = (field for field in model._meta.concrete_fields if isinstance(field, FSMFieldMixin))
    return tuple(cast("FSMFieldMixin", field) for field in fields)


def state_constraint(name: str, choices: type[models.TextChoices], field: str = "status") -> models.CheckConstraint:
    """Return the constraint that lets the database hold no other state than the known ones."""
    return models.CheckConstraint(condition=models.Q(**{f"{field}__in": list(choices.values)}), name=name)
