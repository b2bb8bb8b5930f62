from datetime import date, timedelta

import pytest
from django.core.files.storage import default_storage

from accounts.tests.factories import UserFactory
from fixmate.core.errors import IllegalTransition, Invalid, NotFound
from fixmate.core.files import FileTypeRefused
from fixmate.core.ids import uuid7
from fixmate.core.models import AuditEntry, OutboxMessage
from technicians.enums import DocumentKind, DocumentStatus
from technicians.errors import DocumentOutOfDate
from technicians.events import DocumentExpired, DocumentExpiring, DocumentReviewed
from technicians.models import Document
from technicians.selectors import documents_missing
from technicians.services import (
    document_approve,
    document_expire,
    document_expire_due,
    document_reject,
    document_remind,
    document_remind_due,
    document_upload,
)
from technicians.tests.factories import DocumentFactory, TechnicianFactory
from technicians.tests.files import pdf, png, script

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


def statuses():
    return list(Document.objects.order_by("pk").values_list("status", flat=True))


def written():
    return AuditEntry.objects.count(), OutboxMessage.objects.count()


# Uploading


@pytest.mark.parametrize(
    ("file", "content_type", "suffix"), [(png, "image/png", ".png"), (pdf, "application/pdf", ".pdf")]
)
def test_upload_keeps_a_clean_file_under_a_random_name(noon, file, content_type, suffix):
    technician = TechnicianFactory(fresh=True)

    document = document_upload(
        technician_id=technician.pk, kind=DocumentKind.LICENCE, file=file(), expires_on=noon.date()
    )

    stored = Document.objects.get()
    assert (stored, stored.technician_id, stored.kind) == (document, technician.pk, DocumentKind.LICENCE)
    assert (stored.status, stored.content_type, stored.expires_on) == ("PENDING", content_type, noon.date())
    assert (stored.created_at, stored.size_bytes) == (noon, default_storage.size(stored.file.name))
    assert stored.file.name.startswith("documents/2026/03/")
    assert stored.file.name.endswith(suffix)
    assert "card" not in stored.file.name


def test_upload_refuses_what_is_out_of_date_or_no_document(noon):
    technician = TechnicianFactory(fresh=True)

    with pytest.raises(Invalid) as old:
        document_upload(technician_id=technician.pk, kind="IDENTITY", file=png(), expires_on=noon.date() - DAY)
    with pytest.raises(FileTypeRefused):
        document_upload(technician_id=technician.pk, kind="IDENTITY", file=script())

    assert list(old.value.details) == ["expires_on"]
    assert Document.objects.count() == 0
    assert not default_storage.exists("documents")


# Reviewing


@pytest.mark.parametrize(
    ("service", "status"), [(document_approve, DocumentStatus.APPROVED), (document_reject, DocumentStatus.REJECTED)]
)
def test_review_is_recorded_audited_and_told(noon, published, service, status):
    document, actor = DocumentFactory(), UserFactory(admin=True)

    service(document_id=document.pk, actor=actor, reason="Looked at it.")

    stored = Document.objects.get()
    assert (stored.status, stored.reviewed_by, stored.reviewed_at, stored.review_reason) == (
        status,
        actor,
        noon,
        "Looked at it.",
    )
    entry = AuditEntry.objects.get()
    assert (entry.target_id, entry.before, entry.after) == (
        str(document.pk),
        {"status": "PENDING"},
        {"status": status},
    )
    assert published == [
        DocumentReviewed(
            document_id=document.pk,
            user_id=document.technician.user_id,
            kind="IDENTITY",
            status=status,
            reason="Looked at it.",
        )
    ]


@pytest.mark.parametrize("service", [document_approve, document_reject])
def test_review_happens_once(service):
    document = DocumentFactory(approved=True)

    with pytest.raises(IllegalTransition):
        service(document_id=document.pk, actor=UserFactory(admin=True), reason="Again.")

    assert (statuses(), written()) == (["APPROVED"], (0, 0))


def test_what_is_out_of_date_is_not_approved(noon):
    document = DocumentFactory(expires_on=noon.date() - DAY)

    with pytest.raises(DocumentOutOfDate):
        document_approve(document_id=document.pk, actor=UserFactory(admin=True), reason="Fine.")

    assert (statuses(), written()) == (["PENDING"], (0, 0))


def test_on_its_last_day_it_is_approved(noon):
    document = DocumentFactory(expires_on=noon.date())

    document_approve(document_id=document.pk, actor=UserFactory(admin=True), reason="Fine.")

    assert statuses() == ["APPROVED"]


def test_a_document_that_is_not_there_is_not_found():
    with pytest.raises(NotFound):
        document_approve(document_id=uuid7(), actor=UserFactory(admin=True), reason="x")


# Time


def test_expire_due_ends_what_is_out_of_date_once(noon, published):
    over = DocumentFactory(approved=True, expires_on=noon.date() - DAY)
    for expires_on in (noon.date(), None):
        DocumentFactory(approved=True, expires_on=expires_on)
    DocumentFactory(expires_on=noon.date() - DAY)  # never approved

    counts = document_expire_due(), document_expire_due()

    assert counts == (1, 0)
    assert statuses() == ["EXPIRED", "APPROVED", "APPROVED", "PENDING"]
    assert published == [DocumentExpired(document_id=over.pk, user_id=over.technician.user_id, kind="IDENTITY")]


@pytest.mark.parametrize("facts", [{"approved": True}, {"status": DocumentStatus.EXPIRED}])
def test_expire_looks_again_under_the_lock(noon, facts, published):
    document = DocumentFactory(**facts)

    assert document_expire(document_id=document.pk) is False
    assert published == []


def test_remind_due_tells_once_and_in_time(noon, settings, published):
    settings.DOCUMENT_REMINDER_DAYS = 30
    day = noon.date()
    near = DocumentFactory(approved=True, expires_on=day + 30 * DAY)
    for facts in (
        {"approved": True, "expires_on": day + 31 * DAY},
        {"approved": True, "expires_on": day - DAY},
        {"approved": True},
        {"expires_on": day + DAY},
    ):
        DocumentFactory(**facts)

    counts = document_remind_due(), document_remind_due()

    assert counts == (1, 0)
    assert Document.objects.get(pk=near.pk).reminded_at == noon
    assert published == [
        DocumentExpiring(document_id=near.pk, user_id=near.technician.user_id, kind="IDENTITY", expires_on="2026-04-01")
    ]


def test_remind_looks_again_under_the_lock(noon, published):
    told = DocumentFactory(approved=True, expires_on=noon.date(), reminded_at=noon)

    assert document_remind(document_id=told.pk) is False
    assert published == []


# Missing


def test_missing_names_only_who_misses_something(noon, settings, django_assert_num_queries):
    settings.REQUIRED_DOCUMENTS = ["IDENTITY", "LICENCE"]
    day = noon.date()
    complete, half, none = TechnicianFactory.create_batch(3)
    for technician, kind in ((complete, "IDENTITY"), (complete, "LICENCE"), (half, "LICENCE")):
        DocumentFactory(technician=technician, kind=kind, approved=True, expires_on=day)
    DocumentFactory(technician=none, kind="IDENTITY", status=DocumentStatus.EXPIRED)
    everybody = [complete.pk, half.pk, none.pk]

    with django_assert_num_queries(1):
        missing = documents_missing(technician_ids=everybody, on=day)

    assert missing == {half.pk: ["IDENTITY"], none.pk: ["IDENTITY", "LICENCE"]}
    assert set(documents_missing(technician_ids=everybody, on=day + DAY)) == set(everybody)


def test_nothing_is_missing_where_nothing_is_required(settings):
    settings.REQUIRED_DOCUMENTS = []

    assert documents_missing(technician_ids=[TechnicianFactory().pk], on=date(2026, 3, 2)) == {}
