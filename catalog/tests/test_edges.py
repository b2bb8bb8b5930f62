"""The console and the command."""

from io import StringIO

import pytest
from django.core.management import call_command
from django.urls import reverse

from catalog.models import Category, FeeRate, Service
from catalog.services import catalogue_seed
from catalog.tests.factories import ServiceFactory
from catalog.tests.people import staff
from fixmate.core.models import AuditEntry

pytestmark = pytest.mark.django_db


def test_seed_catalogue_says_what_it_added_and_adds_it_once():
    first, second = StringIO(), StringIO()

    call_command("seed_catalogue", stdout=first)
    call_command("seed_catalogue", stdout=second)

    assert first.getvalue().splitlines()[-1] == "22 entries added"
    assert second.getvalue() == "0 entries added\n"
    assert set(AuditEntry.objects.values_list("source", flat=True)) == {"COMMAND"}


def test_seed_catalogue_dry_run_adds_nothing():
    out = StringIO()

    call_command("seed_catalogue", "--dry-run", stdout=out)

    assert out.getvalue().splitlines()[-1] == "22 entries would be added"
    assert (Category.objects.count(), AuditEntry.objects.count()) == (0, 0)


@pytest.mark.parametrize("model", ["category", "service", "feerate"])
def test_the_console_shows_every_page(client, model):
    catalogue_seed(actor=None, reason="Start.")
    client.force_login(staff())
    row = {"category": Category, "service": Service, "feerate": FeeRate}[model].objects.first()

    pages = [
        client.get(reverse(f"admin:catalog_{model}_changelist")),
        client.get(reverse(f"admin:catalog_{model}_change", args=[row.pk])),
    ]

    assert [page.status_code for page in pages] == [200, 200]


def test_the_console_announces_rates(client):
    service, actor = ServiceFactory(), staff()
    client.force_login(actor)
    facts = {"rate": "0.1", "tier": "PARTNER", "valid_from": "2100-01-01 08:00", "reason": "New terms."}

    client.post(reverse("admin:catalog_service_act", args=[service.pk, "rate"]), {**facts, "name": "first"})
    first = FeeRate.objects.get()
    page = client.get(reverse("admin:catalog_feerate_act", args=[first.pk, "follow"]))
    client.post(
        reverse("admin:catalog_feerate_act", args=[first.pk, "follow"]),
        {**facts, "name": "second", "tier": "", "valid_from": ""},
    )

    second = FeeRate.objects.get(name="second")
    assert '<option value="PARTNER" selected>' in page.text
    assert (first.service, first.tier, first.valid_from.year) == (service, "PARTNER", 2100)
    assert (second.service, second.tier, second.valid_from) == (service, "", second.created_at)
    assert AuditEntry.objects.filter(actor_id=actor.pk, source="CONSOLE").count() == 2


def test_the_console_deletes_and_restores_with_a_reason(client):
    service = ServiceFactory()
    actor = staff()
    client.force_login(actor)

    def act(model, row, name):
        return client.post(reverse(f"admin:catalog_{model}_act", args=[row.pk, name]), {"reason": "By hand."})

    act("service", service, "delete")
    deleted_at = Service.objects.get().deleted_at
    act("service", service, "restore")
    act("category", service.category, "delete")
    act("category", service.category, "restore")

    assert deleted_at is not None
    assert (Service.objects.get().deleted_at, Category.objects.get().deleted_at) == (None, None)
    assert list(AuditEntry.objects.order_by("sequence").values_list("action", "actor_id", "reason", "source")) == [
        (f"catalog.{action}", actor.pk, "By hand.", "CONSOLE")
        for action in ("service.delete", "service.restore", "category.delete", "category.restore")
    ]
