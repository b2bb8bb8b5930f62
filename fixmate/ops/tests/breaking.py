"""How tests break what no service could break, and which invariants notice."""

from contextlib import contextmanager

from django.db import connection

from fixmate.core import triggers
from fixmate.ops.invariants import all_invariants
from jobs.models import JobEvent
from technicians.hooks import figures_of
from technicians.models import Technician


def broken_names():
    """Return the names of the invariants that do not hold, of figures that follow what factories have made."""
    count_figures()
    return broken_names_of_figures_too()


def broken_names_of_figures_too():
    return [invariant.name for invariant in all_invariants() if invariant.broken()]


def count_figures():
    """Count what factories made behind the services' backs; ranks are left as they are."""
    for technician_id, figures in figures_of(list(Technician.objects.values_list("pk", flat=True))).items():
        Technician.objects.filter(pk=technician_id).exclude(**figures).update(**figures)


@contextmanager
def lifted(*constraints):
    """Lift all triggers, and on PostgreSQL the named constraints too: what is broken here no service could break."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")  # else the rows just made stand in the way
        triggers.drop_triggers()
        for table, name in constraints:
            _lift(cursor, table, name)
    yield
    triggers.install_triggers()
    if connection.vendor == "postgresql":
        run_sql("SET CONSTRAINTS ALL DEFERRED")  # what is made from here on may add up in the end


def _lift(cursor, table, name):
    if connection.vendor == "postgresql":
        cursor.execute(f"ALTER TABLE {table} DROP CONSTRAINT IF EXISTS {name}")
        cursor.execute(f"DROP INDEX IF EXISTS {name}")
        return
    cursor.execute("SELECT count(*) FROM sqlite_master WHERE type = 'index' AND name = %s", [name])
    if cursor.fetchone()[0]:
        cursor.execute(f"DROP INDEX {name}")
    else:
        cursor.execute("PRAGMA ignore_check_constraints = ON")


def run_sql(statement, *params):
    with connection.cursor() as cursor:
        cursor.execute(statement, params)


def set_behind(model, pk, **columns):
    """Write columns behind everybody's back, past the lifecycle as well."""
    names = ", ".join(f"{name} = %s" for name in columns)
    key = model._meta.pk.get_db_prep_value(pk, connection)
    run_sql(f"UPDATE {model._meta.db_table} SET {names} WHERE {model._meta.pk.column} = %s", *columns.values(), key)


def finish(job):
    job.start(at=job.created_at)
    job.complete(work_summary="Done.", at=job.created_at)
    job.save()
    JobEvent.objects.create(job=job, kind="COMPLETED", status="COMPLETED", at=job.created_at)


def key_of(pk):
    return Technician._meta.pk.get_db_prep_value(pk, connection)
