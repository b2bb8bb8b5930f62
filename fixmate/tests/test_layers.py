"""House rules that no tool checks, read from the source. import-linter holds the layers themselves."""

import ast
from collections.abc import Iterator
from importlib.metadata import distributions
from pathlib import Path

import pytest
from celery import current_app
from django.apps import apps
from django.conf import settings
from django.core.management import call_command
from django.db.models import Model
from django_fsm import FSMFieldMixin

from accounts.enums import UserStatus
from disputes.enums import DisputeStatus
from fixmate.core.events import Event, subscribers_of
from fixmate.core.lifecycle import StateField, StateModel
from jobs.enums import JobStatus, QuoteStatus
from matching.enums import OfferStatus
from payments.enums import CallStatus, ChargebackStatus, HoldStatus, PaymentStatus, PayoutStatus, RefundStatus
from technicians.enums import DocumentStatus, Verification

OUR_APPS = [config for config in apps.get_app_configs() if "site-packages" not in config.path]
LIFECYCLES = {
    "accounts.User.status",
    "technicians.Technician.verification",
    "technicians.Document.status",
    "jobs.Job.status",
    "jobs.QuoteRevision.status",
    "matching.Offer.status",
    "payments.Chargeback.status",
    "payments.Hold.status",
    "payments.Payment.status",
    "payments.Refund.status",
    "payments.Payout.status",
    "payments.ProviderCall.status",
    "disputes.Dispute.status",
}
STATES = {
    str(value)
    for choices in (
        UserStatus,
        Verification,
        DocumentStatus,
        JobStatus,
        QuoteStatus,
        OfferStatus,
        PaymentStatus,
        RefundStatus,
        PayoutStatus,
        HoldStatus,
        CallStatus,
        ChargebackStatus,
        DisputeStatus,
    )
    for value in choices.values
}
STATE_COLUMNS = {"status", "verification"}
# The status of an outbox row is a mark on it, and that of a kept answer is a number of HTTP: nobody's state.
NOT_A_LIFECYCLE = {"fixmate/core/outbox.py", "fixmate/core/idempotency.py"}


def _sources() -> Iterator[Path]:
    roots = {settings.BASE_DIR / Path(config.path).relative_to(settings.BASE_DIR).parts[0] for config in OUR_APPS}
    for root in sorted(roots):
        for path in sorted(root.rglob("*.py")):
            if not {"migrations", "tests"} & set(path.parts):
                yield path


SOURCES = [(str(path.relative_to(settings.BASE_DIR)), ast.parse(path.read_text())) for path in _sources()]


def _found(condition, but=frozenset()) -> list[str]:
    """Return where in the source a node meets the condition."""
    return [
        f"{path}:{node.lineno}"
        for path, tree in SOURCES
        if path not in but
        for node in ast.walk(tree)
        if condition(node)
    ]


# What is looked for


def _is_call_of(node: ast.AST, *names: str) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in names


def writes_a_state(node):
    if _is_call_of(node, "update"):
        return bool({keyword.arg for keyword in node.keywords} & STATE_COLUMNS)
    if _is_call_of(node, "bulk_update"):
        return any(isinstance(part, ast.Constant) and part.value in STATE_COLUMNS for part in ast.walk(node))
    return False


def names_a_state_by_a_string(node):
    if isinstance(node, ast.Compare):
        return any(_is_raw_state(part) for side in [node.left, *node.comparators] for part in ast.walk(side))
    if isinstance(node, ast.keyword) and node.arg and node.arg.split("__")[0] in STATE_COLUMNS:
        return any(_is_raw_state(part) for part in ast.walk(node.value))
    return False


def _is_raw_state(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and node.value in STATES


def reads_a_row_over_itself(node):
    return _is_call_of(node, "refresh_from_db")


def is_signal_import(node):
    modules = ("django.db.models.signals", "django.dispatch", "django_fsm.signals", "django.core.signals")
    return isinstance(node, ast.ImportFrom) and (node.module or "").startswith(modules)


def asks_this_host_for_the_time(node):
    is_now = _is_call_of(node, "now", "today", "utcnow")
    return is_now and isinstance(node.func.value, ast.Name) and node.func.value.id in {"timezone", "datetime", "date"}


def imports_inside_a_function(node):
    is_function = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    return is_function and any(isinstance(part, ast.Import | ast.ImportFrom) for part in ast.walk(node))


@pytest.mark.parametrize(
    ("condition", "source"),
    [
        (writes_a_state, "Job.objects.filter(pk=1).update(status=x)"),
        (writes_a_state, "Job.objects.bulk_update(rows, ['status'])"),
        (names_a_state_by_a_string, "job.status == 'ASSIGNED'"),
        (names_a_state_by_a_string, "'ASSIGNED' == job.status"),
        (names_a_state_by_a_string, "job.status in ('ASSIGNED', 'MATCHING')"),
        (names_a_state_by_a_string, "Job.objects.filter(status='ASSIGNED')"),
        (names_a_state_by_a_string, "Job.objects.filter(status__in=['ASSIGNED'])"),
        (reads_a_row_over_itself, "job.refresh_from_db()"),
        (is_signal_import, "from django.db.models.signals import post_save"),
        (is_signal_import, "from django.dispatch import receiver"),
        (asks_this_host_for_the_time, "timezone.now()"),
        (asks_this_host_for_the_time, "datetime.now(UTC)"),
        (imports_inside_a_function, "def f():\n    from x import y"),
    ],
)
def test_what_is_looked_for_would_be_found(condition, source):
    assert any(condition(node) for node in ast.walk(ast.parse(source)))


def test_source_is_found():
    assert len(SOURCES) > 100


# Lifecycles


def test_only_the_maintained_state_machine_is_installed():
    names = {distribution.metadata["Name"].lower() for distribution in distributions()}

    assert "django-fsm-2" in names
    assert "django-fsm" not in names


def _lifecycle_fields() -> Iterator[tuple[type[Model], FSMFieldMixin]]:
    for model in apps.get_models():
        for field in model._meta.get_fields():
            if isinstance(field, FSMFieldMixin):
                yield model, field


def test_every_lifecycle_is_a_state_field():
    assert {f"{model._meta.label}.{field.name}" for model, field in _lifecycle_fields()} == LIFECYCLES
    assert all(isinstance(field, StateField) for _, field in _lifecycle_fields())
    assert all(issubclass(model, StateModel) for model, _ in _lifecycle_fields())


def test_database_knows_the_states_of_every_lifecycle():
    for model, field in _lifecycle_fields():
        conditions = [str(getattr(constraint, "condition", "")) for constraint in model._meta.constraints]
        assert any(f"'{field.name}__in'" in condition for condition in conditions), model


def test_no_state_is_written_past_its_lifecycle():
    assert _found(writes_a_state, but=NOT_A_LIFECYCLE) == []


def test_no_state_is_named_by_a_raw_string():
    assert _found(names_a_state_by_a_string) == []


def test_no_row_is_read_again_over_itself():
    """It unprotects the lifecycle field for the whole process while it runs: read the row again with a selector."""
    assert _found(reads_a_row_over_itself, but={"fixmate/core/lifecycle.py"}) == []


# Reactions


def test_nothing_listens_to_signals_but_the_triggers_after_migrate():
    assert [place.split(":")[0] for place in _found(is_signal_import)] == ["fixmate/core/apps.py"]
    [imported] = [
        node
        for path, tree in SOURCES
        if path == "fixmate/core/apps.py"
        for node in ast.walk(tree)
        if is_signal_import(node)
    ]
    assert [alias.name for alias in imported.names] == ["post_migrate"]


def test_every_task_that_reacts_is_known_to_celery():
    names = {name for event in _all_events(Event) for name in subscribers_of(event) if "tests" not in name}

    assert names
    assert names <= set(current_app.tasks)


def _all_events(event):
    for child in event.__subclasses__():
        yield child
        yield from _all_events(child)


def test_every_event_has_a_name_of_its_own():
    names = [event.name for event in _all_events(Event) if not event.__module__.count("tests")]

    assert len(names) == len(set(names))
    assert all(len(name.split(".")) == 3 for name in names)


# Time and imports


def test_services_ask_the_database_for_the_time():
    assert [place for place in _found(asks_this_host_for_the_time) if "/services" in place] == []


def test_nothing_is_imported_inside_a_function():
    assert _found(imports_inside_a_function) == []


@pytest.mark.parametrize("config", OUR_APPS, ids=lambda config: config.label)
def test_migrations_are_up_to_date(config, db):
    call_command("makemigrations", config.label, check=True, dry_run=True, verbosity=0)
