"""Model fields of our own."""

from typing import Any

from django.db import models


class DocumentField(models.JSONField):
    """A JSONField for rows that are inserted by the dozen.

    On PostgreSQL, Django packs the values of a bulk insert into one array per column, for which every quotation mark of
    every document is escaped: dearer than the insert itself. A field with a placeholder of its own is not packed.
    """

    def get_placeholder(self, _value: Any, _compiler: Any, _connection: Any) -> str:
        return "%s"

    def deconstruct(self) -> tuple[str, str, list[Any], dict[str, Any]]:
        name, _, args, kwargs = super().deconstruct()
        return name, "django.db.models.JSONField", list(args), dict(kwargs)  # the column is the same: no migration
