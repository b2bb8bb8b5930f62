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


def test_a_text_may_be_emptied_and_nothing_else(own_triggers, jar):
    triggers.append_only_but_for("label")(jar)
    triggers.install_triggers()
    row = jar.objects.create(id=1, label="typed", sealed_at=7)

    for change in ({"label": "other"}, {"sealed_at": 8}, {"label": "", "sealed_at": None}):
        with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
            jar.objects.update(**change)
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
        row.delete()
    jar.objects.update(label="")

    assert list(jar.objects.values_list("label", "sealed_at")) == [("", 7)]


def test_rows_may_be_refused_for_what_other_rows_say(own_triggers, jar):
    triggers.refused_where(
        "INSERT", "one_open", "EXISTS (SELECT 1 FROM core_jar j WHERE j.sealed_at IS NULL)", "one is open at a time"
    )(jar)
    triggers.install_triggers()
    jar.objects.create(id=1, label="plums")

    with pytest.raises(IntegrityError, match="core_jar: one is open at a time"), transaction.atomic():
        jar.objects.create(id=2, label="pears")

    jar.objects.update(sealed_at=1)
    jar.objects.create(id=3, label="pears")
    assert triggers.missing_triggers() == []


def test_columns_may_be_frozen_by_several_rules(own_triggers, jar):
    triggers.frozen_columns("label")(triggers.frozen_columns("sealed_at", once="sealed_at", name="sealed_once")(jar))
    triggers.install_triggers()
    row = jar.objects.create(id=4, label="plums")
    jar.objects.update(sealed_at=1)

    for changed in ({"label": "pears"}, {"sealed_at": 2}):
        with pytest.raises(IntegrityError, match="never change"), transaction.atomic():
            jar.objects.update(**changed)

    assert (jar.objects.get().label, jar.objects.get().sealed_at) == (row.label, 1)


def test_balance_is_asked_where_the_database_can_wait(own_triggers, jar):
    triggers.balanced("label", "sealed_at")(jar)
    triggers.install_triggers()

    jar.objects.create(id=5, label="plums", sealed_at=1)
    if connection.vendor == "sqlite":
        assert triggers.declared("sqlite") == []
        return
    with pytest.raises(IntegrityError, match="add up to nothing"), connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")


def _plum_of(jar):
    """A model whose rows belong to a jar, with the same amount of its own."""

    class Plum(models.Model):
        jar_of = models.ForeignKey(jar, on_delete=models.CASCADE)
        sealed_at = models.IntegerField()

        class Meta:
            app_label = "core"

        def __str__(self):
            return str(self.sealed_at)

    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE core_plum (id integer PRIMARY KEY, jar_of_id integer, sealed_at integer)")
    return Plum


@pytest.mark.parametrize("amounts", [[], [1], [1, 3]])
def test_parts_that_do_not_come_to_the_whole_are_refused_where_the_database_can_wait(own_triggers, jar, amounts):
    plum = _plum_of(jar)
    triggers.adds_up("jar_of", "sealed_at")(plum)
    triggers.install_triggers()

    whole = jar.objects.create(id=5, label="plums", sealed_at=2)
    for number, amount in enumerate(amounts):
        plum.objects.create(id=number, jar_of=whole, sealed_at=amount)

    if connection.vendor == "sqlite":
        assert triggers.declared("sqlite") == []
        return
    with pytest.raises(IntegrityError, match="come to its sealed_at"), connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")


def test_parts_that_come_to_the_whole_are_let_through(own_triggers, jar):
    plum = _plum_of(jar)
    triggers.adds_up("jar_of", "sealed_at")(plum)
    triggers.install_triggers()

    whole = jar.objects.create(id=5, label="plums", sealed_at=2)
    for number, amount in enumerate([5, -3]):
        assert str(plum.objects.create(id=number, jar_of=whole, sealed_at=amount)) == str(amount)

    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    assert jar.objects.count() == 1
