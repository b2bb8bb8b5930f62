import pytest
from django.core.management import call_command

from catalog.models import Service
from fixmate.core import runner
from fixmate.ops.management.commands import work

pytestmark = pytest.mark.django_db


def test_seed_adds_the_catalogue_once(capsys):
    call_command("seed")
    count = Service.objects.count()
    call_command("seed")

    assert count > 0
    assert Service.objects.count() == count
    assert capsys.readouterr().out.splitlines()[-1] == "0 entries added"


def test_seed_dry_run_adds_nothing():
    call_command("seed", dry_run=True)

    assert not Service.objects.exists()


def test_work_runs_the_worker(monkeypatch):
    done = []
    monkeypatch.setattr(work, "heap_settle", lambda: done.append("settled"))
    monkeypatch.setattr(runner.Worker, "run", lambda self: done.append("ran"))

    call_command("work")

    assert done == ["settled", "ran"]
