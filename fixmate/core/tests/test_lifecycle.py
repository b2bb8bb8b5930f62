import threading

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, models, transaction
from django.test.utils import isolate_apps

from fixmate.core.errors import IllegalTransition, StaleState
from fixmate.core.lifecycle import StateField, StateModel, state_constraint
from fixmate.core.lifecycle import transition as step


class Light(models.TextChoices):
    RED = "RED", "Red"
    GREEN = "GREEN", "Green"


with isolate_apps("fixmate.core"):

    class Lamp(StateModel):
        label = models.CharField(max_length=20, default="corner")
        light = StateField(choices=Light.choices, default=Light.RED)

        class Meta:
            app_label = "core"
            constraints = [state_constraint("lamp_light_known", Light, "light")]

        def __str__(self):
            return self.label

        @step(light, source=Light.RED, target=Light.GREEN)
        def go(self):
            return "gone"

        @step(light, source=Light.GREEN, target=Light.RED, conditions=[lambda lamp: lamp.label != "stuck"])
        def stop(self):
            return None


@pytest.fixture
def lamp(db):
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE TABLE core_lamp (id integer PRIMARY KEY, label varchar(20), light varchar(20),"
            " CHECK (light IN ('RED', 'GREEN')))"
        )
    return Lamp.objects.create(id=1)


# Transitions


def test_a_transition_changes_memory_and_save_the_row(lamp):
    assert lamp.go() == "gone"
    assert (lamp.light, Lamp.objects.get().light) == (Light.GREEN, Light.RED)

    lamp.save(update_fields=["light"])

    assert Lamp.objects.get().light == Light.GREEN
    lamp.stop()
    lamp.save(update_fields=["light"])
    assert Lamp.objects.get().light == Light.RED


def test_an_illegal_transition_says_state_and_action_and_changes_nothing(lamp):
    with pytest.raises(IllegalTransition) as refusal:
        lamp.stop()

    assert refusal.value.details == {"state": "RED", "action": "stop"}
    assert (refusal.value.code, refusal.value.status) == ("ILLEGAL_TRANSITION", 409)
    assert lamp.light == Light.RED


def test_a_condition_that_is_not_met_is_an_illegal_transition(lamp):
    lamp.label = "stuck"
    lamp.go()

    with pytest.raises(IllegalTransition):
        lamp.stop()


@pytest.mark.parametrize("is_loaded", [True, False])
def test_assigning_the_state_is_refused(lamp, is_loaded):
    held = Lamp.objects.get() if is_loaded else lamp

    with pytest.raises(AttributeError, match="light changes through its transitions alone"):
        held.light = Light.GREEN

    assert held.light == Light.RED


def test_a_new_row_may_be_born_in_any_state():
    assert Lamp(light=Light.GREEN).light == Light.GREEN


def test_the_database_holds_no_other_state_than_the_known_ones(lamp):
    (constraint,) = Lamp._meta.constraints

    assert constraint.condition == models.Q(light__in=["RED", "GREEN"])
    with pytest.raises(IntegrityError), transaction.atomic():
        Lamp.objects.create(id=2, light="BLUE")


def test_the_field_is_written_into_migrations_without_its_protection():
    _, path, _, kwargs = Lamp._meta.get_field("light").deconstruct()

    assert path == "fixmate.core.lifecycle.StateField"
    assert "protected" not in kwargs
    assert StateField(choices=Light.choices).protected is True
    assert kwargs["max_length"] == 20


# Two writers


def test_saving_what_somebody_else_moved_is_stale(lamp):
    other = Lamp.objects.get()
    other.go()
    other.save()

    lamp.go()
    with pytest.raises(StaleState) as refusal:
        lamp.save()

    assert (refusal.value.code, refusal.value.status) == ("STALE_STATE", 409)


def test_a_stale_row_is_not_written_even_where_the_state_is_left_alone(lamp):
    other = Lamp.objects.get()
    other.go()
    other.save()

    lamp.label = "yard"
    with pytest.raises(StaleState), transaction.atomic():
        lamp.save(update_fields=["label"])

    assert Lamp.objects.get().label == "corner"


def test_a_row_read_again_is_not_stale(lamp):
    other = Lamp.objects.get()
    other.go()
    other.save()

    lamp.refresh_from_db()
    lamp.stop()
    lamp.save()

    assert Lamp.objects.get().light == Light.RED


# Loading


@pytest.mark.parametrize("pick", [lambda rows: rows.only("label"), lambda rows: rows.defer("light")])
def test_a_deferred_state_costs_no_query_until_it_is_read(lamp, django_assert_num_queries, pick):
    with django_assert_num_queries(1):
        rows = list(pick(Lamp.objects.all()))
    with django_assert_num_queries(1):
        assert rows[0].light == Light.RED
    with pytest.raises(AttributeError):
        rows[0].light = Light.GREEN


def test_a_row_read_without_its_state_can_be_moved_and_saved(lamp):
    held = Lamp.objects.only("id").get()

    held.go()
    held.save(update_fields=["light"])

    assert Lamp.objects.get().light == Light.GREEN


def test_a_row_read_without_its_state_saves_its_other_columns(lamp):
    held = Lamp.objects.only("label").get()
    held.label = "yard"

    held.save(update_fields=["label"])

    assert Lamp.objects.get().label == "yard"


def test_loading_another_column_after_a_transition_does_not_make_the_row_stale(lamp):
    held = Lamp.objects.defer("label").get()
    held.go()

    assert held.label == "corner"
    held.save(update_fields=["light"])

    assert Lamp.objects.get().light == Light.GREEN


def test_full_clean_works(lamp):
    lamp.full_clean()

    with pytest.raises(ValidationError):
        Lamp(id=2, label="", light=Light.RED).full_clean()


def test_full_clean_of_a_row_with_deferred_columns_works_and_protects_afterwards(lamp):
    held = Lamp.objects.only("id").get()

    held.full_clean()

    with pytest.raises(AttributeError):
        held.light = Light.GREEN


def test_a_row_that_is_gone_stays_protected_after_the_failed_refresh(lamp):
    Lamp.objects.filter(pk=1).delete()

    with pytest.raises(Lamp.DoesNotExist):
        lamp.refresh_from_db()

    with pytest.raises(AttributeError):
        lamp.light = Light.GREEN


def test_a_refresh_in_one_thread_unprotects_nothing_in_another(monkeypatch):
    is_inside, may_go_on = threading.Event(), threading.Event()

    def slow_refresh(self, *args, **kwargs):
        is_inside.set()
        assert may_go_on.wait(5)
        self.light = Light.GREEN

    monkeypatch.setattr(models.Model, "refresh_from_db", slow_refresh)
    loading, bystander = Lamp(id=1), Lamp(id=2)
    thread = threading.Thread(target=loading.refresh_from_db)

    thread.start()
    assert is_inside.wait(5)
    try:
        with pytest.raises(AttributeError):
            bystander.light = Light.GREEN
    finally:
        may_go_on.set()
        thread.join()

    assert (loading.light, bystander.light, str(bystander)) == (Light.GREEN, Light.RED, "corner")
