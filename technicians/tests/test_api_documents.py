import pytest

from accounts.tests.factories import UserFactory
from fixmate.core.ids import uuid7
from fixmate.core.tests.http import client_for
from technicians.models import Document
from technicians.services import document_upload
from technicians.tests.answers import refusal
from technicians.tests.factories import DocumentFactory, TechnicianFactory
from technicians.tests.files import PDF, pdf, png, script

pytestmark = pytest.mark.django_db
ME = "/api/v1/technicians/me"


# Documents


def test_a_document_is_uploaded_and_read_back_by_its_owner_and_staff(noon):
    technician = TechnicianFactory(fresh=True)
    client = client_for(technician.user)

    uploaded = client.post(
        f"{ME}/documents", {"kind": "LICENCE", "file": pdf(), "expires_on": "2027-01-31"}, format="multipart"
    )
    listed = client.get(f"{ME}/documents").json()["results"]

    document = Document.objects.get()
    assert uploaded.status_code == 201
    assert uploaded.json() == {
        "id": str(document.pk),
        "kind": "LICENCE",
        "status": "PENDING",
        "content_type": "application/pdf",
        "size_bytes": len(PDF),
        "expires_on": "2027-01-31",
        "created_at": "2026-03-02T12:00:00Z",
        "reviewed_at": None,
        "review_reason": "",
    }
    assert listed == [uploaded.json()]
    for reader in (technician.user, UserFactory(admin=True)):
        answer = client_for(reader).get(f"{ME}/documents/{document.pk}/file", headers={"Accept": "application/pdf"})
        assert (answer.status_code, answer.getvalue()) == (200, PDF)
        assert answer["Content-Type"] == "application/pdf"
        assert answer["Content-Disposition"] == f'attachment; filename="licence-{document.pk}.pdf"'
        assert answer["X-Content-Type-Options"] == "nosniff"
        assert answer["Cache-Control"] == "private, no-store"
        assert answer["Content-Security-Policy"] == "sandbox; default-src 'none'"


@pytest.mark.parametrize(
    ("change", "status", "code", "fields"),
    [
        ({"kind": "PASSPORT"}, 400, "VALIDATION_ERROR", ["kind"]),
        ({"status": "APPROVED"}, 400, "VALIDATION_ERROR", ["status"]),
        ({"extra": "x"}, 400, "VALIDATION_ERROR", ["extra"]),
        ({"expires_on": "2026-03-01"}, 400, "VALIDATION_ERROR", ["expires_on"]),
        ({"expires_on": "soon"}, 400, "VALIDATION_ERROR", ["expires_on"]),
        ({"file": "text"}, 400, "VALIDATION_ERROR", ["file"]),
        ({"file": script}, 415, "UNSUPPORTED_MEDIA_TYPE", []),
    ],
)
def test_a_bad_upload_is_refused(noon, change, status, code, fields):
    technician = TechnicianFactory(fresh=True)
    body = {"kind": "IDENTITY", "file": png(), **change}
    body["file"] = body["file"]() if callable(body["file"]) else body["file"]

    answer = client_for(technician.user).post(f"{ME}/documents", body, format="multipart")

    assert refusal(answer) == (status, code, fields)
    assert Document.objects.count() == 0


def test_an_upload_is_a_form():
    answer = client_for(TechnicianFactory(fresh=True).user).post(f"{ME}/documents", {"kind": "IDENTITY"})

    assert answer.status_code == 415


def test_a_file_that_is_lost_is_not_found():
    document = DocumentFactory()

    answer = client_for(document.technician.user).get(f"{ME}/documents/{document.pk}/file")

    assert refusal(answer) == (404, "NOT_FOUND", [])


def test_another_ones_document_does_not_exist():
    technician = TechnicianFactory()
    document = document_upload(technician_id=TechnicianFactory().pk, kind="IDENTITY", file=png())

    answers = [client_for(technician.user).get(f"{ME}/documents/{pk}/file") for pk in (document.pk, uuid7(), "x")]

    assert [refusal(answer) for answer in answers] == [(404, "NOT_FOUND", [])] * 3
    assert client_for(technician.user).get(f"{ME}/documents").json()["results"] == []


@pytest.mark.parametrize("item_count", [1, 3])
def test_my_documents_take_one_query(item_count, django_assert_num_queries):
    technician = TechnicianFactory()
    DocumentFactory.create_batch(item_count, technician=technician)

    with django_assert_num_queries(1):
        answer = client_for(technician.user).get(f"{ME}/documents")

    assert len(answer.json()["results"]) == item_count
