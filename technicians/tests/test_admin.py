import pytest
from django.core.files.storage import default_storage
from django.urls import reverse

from catalog.tests.factories import ServiceFactory
from fixmate.core.models import AuditEntry
from fixmate.core.storage import StorageUnavailable
from technicians.models import Document, Technician
from technicians.services import document_upload
from technicians.tests.factories import DocumentFactory, TechnicianFactory, technician_ready
from technicians.tests.files import PDF, pdf

pytestmark = pytest.mark.django_db


def act(console, model, row, name, reason="By hand."):
    address = reverse(f"admin:technicians_{model}_act", args=[row.pk, name])
    return console.post(address, {"reason": reason}, follow=True)


def test_a_technicians_page_shows_his_documents_and_their_files(console):
    technician = technician_ready(ServiceFactory())
    document = Document.objects.get()

    listed = console.get(reverse("admin:technicians_technician_changelist"))
    page = console.get(reverse("admin:technicians_technician_change", args=[technician.pk]))

    assert (listed.status_code, page.status_code) == (200, 200)
    assert reverse("admin:technicians_document_file", args=[document.pk]) in page.content.decode()
    assert reverse("admin:technicians_document_change", args=[document.pk]) in page.content.decode()


def test_a_documents_page_leads_to_the_file_and_the_technician(console):
    document = DocumentFactory()

    listed = console.get(reverse("admin:technicians_document_changelist"))
    page = console.get(reverse("admin:technicians_document_change", args=[document.pk]))

    assert (listed.status_code, page.status_code) == (200, 200)
    assert reverse("admin:technicians_document_file", args=[document.pk]) in page.content.decode()
    assert reverse("admin:technicians_technician_change", args=[document.technician_id]) in page.content.decode()
    assert document.file.name not in page.content.decode()


def test_staff_download_the_file_from_the_console(console):
    document = document_upload(technician_id=TechnicianFactory().pk, kind="LICENCE", file=pdf())

    answer = console.get(reverse("admin:technicians_document_file", args=[document.pk]))

    assert (answer.status_code, answer.getvalue(), answer["X-Content-Type-Options"]) == (200, PDF, "nosniff")
    assert answer["Content-Disposition"].startswith("attachment")


def test_with_the_storage_away_staff_are_told_so(console, monkeypatch):
    def away(*_):
        raise StorageUnavailable

    document = document_upload(technician_id=TechnicianFactory().pk, kind="LICENCE", file=pdf())
    monkeypatch.setattr(default_storage, "open", away)

    page = console.get(reverse("admin:technicians_document_file", args=[document.pk]), follow=True)

    assert (page.status_code, StorageUnavailable.code in page.content.decode()) == (200, True)


@pytest.mark.parametrize("pk", ["x", "0198f0c4-7a51-7c3e-9d0a-3f1f6f0f2b10"])
def test_a_file_that_is_not_there_is_not_found(console, pk):
    assert console.get(reverse("admin:technicians_document_file", args=[pk])).status_code == 404


def test_others_do_not_reach_the_file(client):
    document = DocumentFactory()
    client.force_login(document.technician.user)

    answer = client.get(reverse("admin:technicians_document_file", args=[document.pk]))

    assert (answer.status_code, answer["Location"].split("?")[0]) == (302, reverse("admin:login"))


def test_a_technician_is_approved_suspended_and_reinstated(console, staff):
    technician = TechnicianFactory(pending=True)
    document = DocumentFactory(technician=technician)

    act(console, "document", document, "approve")
    for name in ("approve", "suspend", "reinstate"):
        act(console, "technician", technician, name)

    assert (Technician.objects.get().verification, Document.objects.get().status) == ("VERIFIED", "APPROVED")
    assert list(AuditEntry.objects.order_by("sequence").values_list("action", "actor_id", "source", "reason")) == [
        (f"technicians.{name}", staff.pk, "CONSOLE", "By hand.")
        for name in ("document.approve", "technician.approve", "technician.suspend", "technician.reinstate")
    ]


def test_an_application_and_a_document_are_turned_down(console):
    document = DocumentFactory(technician=TechnicianFactory(pending=True))

    act(console, "document", document, "reject")
    act(console, "technician", document.technician, "reject")

    assert (Technician.objects.get().verification, Document.objects.get().status) == ("REJECTED", "REJECTED")


def test_a_refusal_is_shown_and_changes_nothing(console):
    technician = TechnicianFactory(pending=True)

    answer = act(console, "technician", technician, "approve")

    assert "DOCUMENTS_MISSING" in answer.content.decode()
    assert (Technician.objects.get().verification, AuditEntry.objects.count()) == ("PENDING", 0)


def test_a_technicians_tier_is_set_with_a_reason(console, staff):
    technician = TechnicianFactory()
    address = reverse("admin:technicians_technician_act", args=[technician.pk, "tier"])

    page = console.get(address)
    console.post(address, {"tier": "PARTNER", "reason": "By hand."})

    assert '<option value="STANDARD" selected>' in page.text
    assert Technician.objects.get().tier == "PARTNER"
    assert AuditEntry.objects.get().actor_id == staff.pk
