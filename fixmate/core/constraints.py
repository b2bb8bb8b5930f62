"""Checks that are added to tables in use, in two steps. For migrations.

`ALTER TABLE ... ADD CHECK` reads the whole table under a lock that lets nobody read it. Added unvalidated it holds for
whatever is written from then on, and takes that lock for a moment; validating it later, in a migration of its own,
reads the table beside everybody else. SQLite remakes the table whatever is done, and adds a check as any other.
"""

from typing import Any

from django.contrib.postgres.operations import AddConstraintNotValid, ValidateConstraint
from django.db.migrations import AddConstraint


class AddCheckBeside(AddConstraintNotValid):
    """Add a check for what is written from now on; a `ValidateCheck` in a later migration looks at what is there."""

    def database_forwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        is_postgresql = schema_editor.connection.vendor == "postgresql"
        base = AddConstraintNotValid if is_postgresql else AddConstraint
        base.database_forwards(self, app_label, schema_editor, from_state, to_state)


class ValidateCheck(ValidateConstraint):
    """Look whether all rows keep a check of `AddCheckBeside`. Idempotent."""

    def database_forwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        if schema_editor.connection.vendor == "postgresql":  # pragma: postgresql
            super().database_forwards(app_label, schema_editor, from_state, to_state)
