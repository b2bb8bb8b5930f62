import pytest
from django.core.management import call_command
from django.db import IntegrityError, connection, models, transaction
from django.test.utils import isolate_apps

from fixmate.core import triggers
from fixmate.core.models import AuditEntry
from fixmate.core.tests.test_audit import record

pytestmark = pytest.mark.django_db


@pytest.fixture
def own_triggers(monkeypatch):
    """Declare into a registry of this test's own."""
    declared: dict[str, triggers.Trigger] = {}
    monkeypatch.setattr(triggers, "_declared", declared)
    return declared


@pytest.fixture
def jar():
    """A model with a table, that no migration knows."""
    with isolate_apps("fixmate.core"):

        class Jar(models.Model):
            label = models.CharField(max_length=20)
            sealed_at = models.IntegerField(null=True)

            class Meta:
                app_label = "core"

            def __str__(self):
                return self.label

        with connection.cursor() as cursor:
            cursor.execute("CREATE TABLE core_jar (id integer PRIMARY KEY, label varchar(20), sealed_at integer)")
        yield Jar


def test_every_declared_trigger_is_in_the_database():
    assert triggers.missing_triggers() == []


def test_no_refusing_trigger_is_there_that_nobody_declared():
    present = set(triggers._present(connection))

    ours = {name for name in present if name.endswith(("_no_update", "_no_delete", "_frozen"))}
    assert ours <= {trigger.name for trigger in triggers.declared(connection.vendor)}


def test_a_dropped_trigger_is_missed_and_made_again():
    names = sorted(trigger.name for trigger in triggers.declared(connection.vendor))
    triggers.drop_triggers()
    assert triggers.missing_triggers() == names

    triggers.install_triggers()
    triggers.install_triggers()

    assert triggers.missing_triggers() == []


@pytest.mark.django_db(transaction=True)
def test_migrate_makes_again_what_a_table_remake_dropped():
    with connection.schema_editor() as editor:
        if connection.vendor == "sqlite":
            editor._remake_table(AuditEntry)
        else:
            editor.execute("DROP TRIGGER core_auditentry_no_update ON core_auditentry")
    assert "core_auditentry_no_update" in triggers.missing_triggers()

    call_command("migrate", verbosity=0)

    assert triggers.missing_triggers() == []
    record()
    with pytest.raises(IntegrityError), transaction.atomic():
        AuditEntry.objects.update(reason="better")


def test_a_trigger_of_a_table_that_is_not_there_yet_is_left_out(own_triggers):
    triggers.declare(triggers.Trigger("core_no_such_table", "core_no_such_trigger", "UPDATE", "no"))

    triggers.install_triggers()

    assert triggers.missing_triggers() == ["core_no_such_trigger"]


def test_a_trigger_of_the_other_database_is_neither_made_nor_missed(own_triggers):
    other = "postgresql" if connection.vendor == "sqlite" else "sqlite"
    triggers.declare(triggers.Trigger("core_auditentry", "core_elsewhere", "UPDATE", "no", vendors=(other,)))

    triggers.install_triggers()

    assert triggers.missing_triggers() == []
    assert "core_elsewhere" not in triggers._present(connection)


def test_append_only_rows_are_added_and_nothing_else(own_triggers, jar):
    triggers.append_only(jar)
    triggers.install_triggers()
    jar.objects.create(id=1, label="plums")

    with pytest.raises(IntegrityError, match="core_jar is append-only"), transaction.atomic():
        jar.objects.update(label="pears")
    with pytest.raises(IntegrityError, match="core_jar is append-only"), transaction.atomic():
        jar.objects.all().delete()

    assert list(jar.objects.values_list("label", flat=True)) == ["plums"]


def test_unchangeable_rows_may_be_purged(own_triggers, jar):
    triggers.unchangeable(jar)
    triggers.install_triggers()
    jar.objects.create(id=1, label="plums")

    with pytest.raises(IntegrityError), transaction.atomic():
        jar.objects.update(label="pears")

    assert jar.objects.all().delete()[0] == 1


def test_frozen_columns_never_change_and_the_others_do(own_triggers, jar):
    triggers.frozen_columns("label")(jar)
    triggers.install_triggers()
    jar.objects.create(id=1, label="plums")

    with pytest.raises(IntegrityError, match="core_jar: label never change"), transaction.atomic():
        jar.objects.update(label="pears")
    jar.objects.update(sealed_at=1, label="plums")

    assert jar.objects.get().sealed_at == 1


def test_columns_frozen_once_another_is_set_change_until_then(own_triggers, jar):
    triggers.frozen_columns("label", "sealed_at", once="sealed_at")(jar)
    triggers.install_triggers()
    jar.objects.create(id=1, label="plums")

    jar.objects.update(label="pears")
    jar.objects.update(sealed_at=1)
    for change in ({"label": "figs"}, {"sealed_at": None}):
        with pytest.raises(IntegrityError), transaction.atomic():
            jar.objects.update(**change)

    row = jar.objects.get()
    assert (row.label, row.sealed_at, str(row)) == ("pears", 1, "pears")
