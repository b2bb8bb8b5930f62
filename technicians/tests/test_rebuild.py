"""Making the candidate table anew: it finds whatever differs, mends it, and leaves the rest alone."""

from datetime import timedelta

import pytest
from django.core.management import call_command
from django.db.models import F

from catalog.tests.factories import ServiceFactory
from fixmate.core import clock
from technicians import hooks
from technicians.models import Dispatchable, Technician
from technicians.ranking import Patience
from technicians.services import dispatchable_cap_patience, dispatchable_rebuild, dispatchable_rebuild_preview
from technicians.tests.factories import TechnicianFactory, skill_add, technician_ready

pytestmark = pytest.mark.django_db


def rows():
    names = [field.attname for field in Dispatchable._meta.concrete_fields if field.attname != "id"]
    return set(Dispatchable.objects.values_list(*names))


@pytest.fixture
def crowd(settings):
    """Two at work with two rows each, one offline; in batches of two."""
    settings.RANK_BATCH = 2
    first, second = ServiceFactory(), ServiceFactory()
    technicians = [technician_ready(first), technician_ready(first), TechnicianFactory()]
    for technician in technicians[:2]:
        skill_add(technician, second)
    dispatchable_rebuild()
    return technicians


@pytest.mark.parametrize(
    "columns",
    [
        {"cell": 1},
        {"rank_key": F("rank_key") + 1},
        {"rank_static": 1.0},
        {"is_busy": True},
        {"idle_since": None},
        {"latitude": 1.0},
        {"travel_radius_m": 1},
    ],
    ids=str,
)
def test_a_row_that_says_something_else_is_made_anew(crowd, columns):
    right = rows()
    Dispatchable.objects.filter(technician=crowd[0]).update(**columns)

    previewed, left = dispatchable_rebuild_preview(), rows()
    rebuilt = dispatchable_rebuild()

    assert (previewed, rebuilt) == (2, 2)
    assert left != right
    assert rows() == right
    assert dispatchable_rebuild() == 0


def test_rows_that_are_missing_or_too_many_are_found(crowd):
    right = rows()
    stray = Dispatchable.objects.filter(technician=crowd[0]).first()
    stray.pk, stray.technician = None, crowd[2]
    stray.save(force_insert=True)
    Dispatchable.objects.filter(technician=crowd[1]).delete()

    assert dispatchable_rebuild() == 3
    assert rows() == right


def test_a_key_at_its_cap_is_left_alone(crowd):
    row = Dispatchable.objects.first()
    at = clock.now() + timedelta(hours=3)
    assert dispatchable_cap_patience(service_id=row.service_id, patience=Patience(0.15, 120.0), at=at) == 2

    assert dispatchable_rebuild() == 0


def test_who_is_at_work_is_found_out_again(crowd, monkeypatch):
    working, waiting = crowd[:2]
    monkeypatch.setattr(hooks, "_work_checks", [lambda ids: {working.pk} & set(ids)])
    Technician.objects.filter(pk=waiting.pk).update(idle_since=None)

    assert dispatchable_rebuild() == 2  # those of the other say the right thing already
    found = dict(Dispatchable.objects.values_list("technician_id", "is_busy"))
    assert found == {working.pk: True, waiting.pk: False}
    assert Technician.objects.get(pk=waiting.pk).idle_since == waiting.online_since


@pytest.mark.parametrize(
    ("options", "said"), [({"dry_run": True}, "2 rows differ\n"), ({}, "2 rows differed and were made anew\n")]
)
def test_the_command_says_how_many(crowd, capsys, options, said):
    Dispatchable.objects.filter(technician=crowd[0]).update(cell=1)

    call_command("rebuild_dispatch_index", **options)

    assert capsys.readouterr().out == said
    assert Dispatchable.objects.filter(cell=1).exists() is bool(options)
