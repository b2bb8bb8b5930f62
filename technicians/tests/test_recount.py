"""Figures of reputation made anew: they are what the rows say, whoever has tampered with them."""

import pytest
from django.core.management import call_command

from catalog.tests.factories import ServiceFactory
from technicians import hooks
from technicians.models import Dispatchable, Technician
from technicians.services import reputation_list_untrue, reputation_rebuild, reputation_rebuild_preview
from technicians.tests.factories import TechnicianFactory, technician_ready

pytestmark = pytest.mark.django_db


@pytest.fixture
def told(monkeypatch, settings):
    """What upper apps count of whom; batches of two."""
    rows = []
    monkeypatch.setattr(hooks, "_figure_counts", {})
    hooks.figures_told_by(
        lambda ids: [row for row in rows if row["technician_id"] in ids], "rating_sum", "rating_count"
    )
    hooks.figures_told_by(lambda ids: [], "jobs_completed")
    settings.RANK_BATCH = 2
    return rows


def figures():
    return list(Technician.objects.order_by("pk").values_list("rating_sum", "rating_count", "jobs_completed"))


@pytest.fixture
def crowd(told):
    """Five technicians; the second and the last have other figures than the rows."""
    crowd = sorted((TechnicianFactory() for _ in range(5)), key=lambda one: one.pk)
    told += [{"technician_id": one.pk, "rating_sum": 9, "rating_count": 2} for one in crowd[::2]]
    Technician.objects.filter(pk__in=[one.pk for one in crowd[::2]]).update(rating_sum=9, rating_count=2)
    Technician.objects.filter(pk=crowd[1].pk).update(rating_sum=5, rating_count=1)
    Technician.objects.filter(pk=crowd[4].pk).update(jobs_completed=7)
    return crowd


RIGHT = [(9, 2, 0), (0, 0, 0), (9, 2, 0), (0, 0, 0), (9, 2, 0)]


def test_what_differs_is_found_and_mended(crowd):
    before = figures()

    previewed, left = reputation_rebuild_preview(), figures()
    rebuilt = reputation_rebuild()

    assert left == before
    assert previewed == rebuilt
    assert [str(difference) for difference in rebuilt] == [
        f"{crowd[1].pk}: rating_sum 5, counted 0; rating_count 1, counted 0",
        f"{crowd[4].pk}: jobs_completed 7, counted 0",
    ]
    assert (figures(), list(reputation_list_untrue()), reputation_rebuild()) == (RIGHT, [], [])


def test_ranks_follow(told, settings):
    technician = technician_ready(ServiceFactory())
    before = Dispatchable.objects.get().rank_static
    told.append({"technician_id": technician.pk, "rating_sum": 100, "rating_count": 20})

    reputation_rebuild()

    assert Dispatchable.objects.get().rank_static > before


def test_the_command_tells_whose_and_what(crowd, capsys):
    call_command("rebuild_reputation", "--dry-run")
    dry = capsys.readouterr().out.splitlines()
    call_command("rebuild_reputation")
    done = capsys.readouterr().out.splitlines()
    call_command("rebuild_reputation")
    again = capsys.readouterr().out.splitlines()

    assert dry[:-1] == done[:-1]
    assert [line.split(":")[0] for line in done[:-1]] == [str(crowd[1].pk), str(crowd[4].pk)]
    assert dry[-1] == "figures of 2 technicians differ"
    assert done[-1] == "figures of 2 technicians differed and were made anew"
    assert again == ["figures of 0 technicians differed and were made anew"]
    assert figures() == RIGHT
