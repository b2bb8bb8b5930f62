"""Empty the database after a test that committed: only where there are rows, and past the triggers that keep them."""

from collections.abc import Iterable

from django.db import connection, transaction

from fixmate.core import triggers

MADE_BY_MIGRATE = {"django_content_type", "auth_permission"}


def empty_database() -> None:
    """Delete every row but those that `migrate` itself makes; the triggers stand afterwards as they are declared."""
    with transaction.atomic(), connection.cursor() as cursor:
        filled = _filled_tables(cursor)
        keepers = [one for one in triggers.declared(connection.vendor) if one.table in filled]
        _execute(cursor, (keeper.statements(connection.vendor)[0] for keeper in keepers))
        _execute(cursor, (f'DELETE FROM "{table}"' for table in filled))  # keys are checked at the end
        if connection.vendor == "postgresql":
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")  # else no trigger is made while they are pending
        _execute(cursor, (statement for keeper in keepers for statement in keeper.statements(connection.vendor)))
    if triggers.missing_triggers():
        triggers.install_triggers()  # the test itself took some away


def _filled_tables(cursor) -> list[str]:
    names = set(connection.introspection.django_table_names(only_existing=True, include_views=False))
    looks = (f"SELECT '{name}' WHERE EXISTS (SELECT 1 FROM \"{name}\")" for name in sorted(names - MADE_BY_MIGRATE))
    cursor.execute(" UNION ALL ".join(looks))
    return [name for (name,) in cursor.fetchall()]


def _execute(cursor, statements: Iterable[str]) -> None:
    for statement in statements:
        cursor.execute(statement)
