import pytest
from django.db import connection, models
from django.db.migrations.loader import MigrationLoader

from fixmate.core.indexes import AddIndexBeside

NAME = "audit_entry_of_source"


def _names():
    with connection.cursor() as cursor:
        return connection.introspection.get_constraints(cursor, "core_auditentry").keys()


@pytest.mark.django_db(transaction=True)
def test_index_is_added_and_taken_away_beside_others():
    before = MigrationLoader(connection).project_state()
    operation = AddIndexBeside("auditentry", models.Index(fields=["source"], name=NAME))
    after = before.clone()
    operation.state_forwards("core", after)

    with connection.schema_editor(atomic=False) as editor:
        operation.database_forwards("core", editor, before, after)
    there = _names()
    with connection.schema_editor(atomic=False) as editor:
        operation.database_backwards("core", editor, after, before)

    assert NAME in there
    assert NAME not in _names()
