import pytest
from django.db import IntegrityError, connection, models
from django.db.migrations.loader import MigrationLoader

from fixmate.core.constraints import AddCheckBeside, ValidateCheck
from fixmate.core.models import AuditHead

NAME = "audit_head_sequence_small"
TABLE = "core_audithead"


def _steps(*operations):
    """Apply each by itself, as migrations do; return the calls that take them back, the last first."""
    state = MigrationLoader(connection).project_state()
    back = []
    for operation in operations:
        before, state = state, state.clone()
        operation.state_forwards("core", state)
        _run(operation.database_forwards, before, state)
        back.insert(0, lambda it=operation, old=before, new=state: _run(it.database_backwards, new, old))
    return back


def _run(change, before, after):
    with connection.schema_editor(atomic=False) as editor:
        change("core", editor, before, after)


def _names():
    with connection.cursor() as cursor:
        return connection.introspection.get_constraints(cursor, TABLE).keys()


def _check():
    return AddCheckBeside("audithead", models.CheckConstraint(condition=models.Q(sequence__lt=5), name=NAME))


@pytest.mark.django_db(transaction=True)
def test_check_is_added_looked_at_and_taken_away():
    back = _steps(_check(), ValidateCheck("audithead", NAME))

    there = NAME in _names()
    with pytest.raises(IntegrityError):
        AuditHead.objects.update_or_create(pk=1, defaults={"sequence": 5})
    for undo in back:
        undo()

    assert there
    assert NAME not in _names()


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_rows_that_are_there_are_looked_at_by_the_second_step_alone():
    AuditHead.objects.update_or_create(pk=1, defaults={"sequence": 5})
    back = _steps(_check())

    with pytest.raises(IntegrityError):
        _steps(ValidateCheck("audithead", NAME))
    for undo in back:
        undo()
