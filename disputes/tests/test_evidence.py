"""Files handed in in a dispute."""

import hashlib
from threading import Barrier

import pytest
from django.db import IntegrityError, connection, transaction

from accounts.tests.factories import UserFactory
from disputes.enums import DisputeCategory, DisputeEventKind
from disputes.errors import DisputeNotLive, EvidenceFull
from disputes.models import Dispute, DisputeEvidence
from disputes.selectors import evidence_measure
from disputes.services import dispute_ask, dispute_evidence_add, dispute_open, parts
from disputes.services import thread as thread_service
from disputes.tests.factories import DisputeFactory, dispute_dismissed
from disputes.tests.helpers import CLOSED, opened, thread, written
from fixmate.core.enums import UploadPurpose
from fixmate.core.errors import Forbidden, NotFound
from fixmate.core.files import UploadNotUsable
from fixmate.core.ids import uuid7
from fixmate.core.models import AuditEntry, Upload
from fixmate.core.tests.http import client_for
from fixmate.core.tests.pictures import picture, sent
from fixmate.core.tests.races import at_once
from jobs.tests.factories import job_completed
from jobs.tests.helpers import upload_of

pytestmark = pytest.mark.django_db
LIST = "/api/v1/disputes"


def evidence_of(user, **kwargs):
    return upload_of(user, purpose=UploadPurpose.EVIDENCE, **kwargs)


@pytest.fixture
def dispute():
    return opened(job_completed())


def handed_in(dispute, actor, *uploads, note="The tap."):
    ids = [upload.pk for upload in uploads]
    return dispute_evidence_add(dispute_id=dispute.pk, actor=actor, evidence_ids=ids, note=note)


@pytest.mark.parametrize("who", ["customer", "technician"])
def test_a_side_hands_in_files_and_what_they_are_like_is_kept(dispute, who):
    actor = {"customer": dispute.job.customer, "technician": dispute.technician.user}[who]
    uploads = [evidence_of(actor), evidence_of(actor)]

    event = handed_in(dispute, actor, *uploads)

    assert thread()[1:] == [(DisputeEventKind.EVIDENCE, actor.role, "The tap.")]
    kept = list(DisputeEvidence.objects.order_by("id"))
    assert [(one.event, one.upload) for one in kept] == [(event, upload) for upload in uploads]
    assert [(one.sha256, one.size_bytes, one.content_type) for one in kept] == [
        (upload.sha256, upload.size_bytes, upload.content_type) for upload in uploads
    ]
    assert not Upload.objects.filter(used_at__isnull=True).exists()
    assert list(AuditEntry.objects.all()) == []
    assert str(kept[0]) == f"{kept[0].content_type} {kept[0].sha256[:12]}"


def test_staff_hand_in_files_and_that_is_audited(dispute):
    staff = UserFactory(admin=True)

    handed_in(dispute, staff, evidence_of(staff), note="What the bank sent.")

    entry = AuditEntry.objects.get()
    assert (entry.action, entry.reason) == ("dispute.evidence", "What the bank sent.")


def test_a_dispute_is_opened_with_files():
    job = job_completed()
    upload = evidence_of(job.customer)

    dispute_open(
        actor=job.customer,
        job_id=job.pk,
        category=DisputeCategory.QUALITY,
        description="It drips.",
        evidence_ids=[upload.pk],
    )

    assert DisputeEvidence.objects.get().event.kind == DisputeEventKind.OPENED


@pytest.mark.parametrize("wrong", ["another's", "of another purpose", "used", "unknown"])
def test_what_is_no_unused_evidence_of_ones_own_is_refused(dispute, wrong, noon):
    actor = dispute.opened_by
    upload_id = {
        "another's": lambda: evidence_of(dispute.technician.user).pk,
        "of another purpose": lambda: upload_of(actor).pk,
        "used": lambda: evidence_of(actor, used_at=noon).pk,
        "unknown": uuid7,
    }[wrong]()
    before = written()

    with pytest.raises(UploadNotUsable):
        dispute_evidence_add(dispute_id=dispute.pk, actor=actor, evidence_ids=[upload_id], note="?")

    assert written() == before


def test_a_stranger_hands_nothing_in(dispute):
    stranger = UserFactory()
    upload, before = evidence_of(stranger), None
    before = written()

    with pytest.raises(NotFound):
        handed_in(dispute, stranger, upload)

    assert written() == before


@pytest.mark.parametrize("make", CLOSED)
def test_nothing_is_handed_in_once_closed(make):
    dispute = make()
    upload = evidence_of(dispute.opened_by)
    before = written()

    with pytest.raises(DisputeNotLive):
        handed_in(dispute, dispute.opened_by, upload)

    assert written() == before


@pytest.mark.parametrize("limit", ["files", "bytes"])
def test_a_side_hands_in_so_much_and_no_more(dispute, settings, limit):
    settings.DISPUTE_EVIDENCE_PER_SIDE = 2 if limit == "files" else 9
    settings.DISPUTE_EVIDENCE_BYTES_PER_SIDE = 9 if limit == "files" else 2
    customer, technician, staff = dispute.job.customer, dispute.technician.user, UserFactory(admin=True)
    handed_in(dispute, customer, evidence_of(customer), evidence_of(customer))
    upload = evidence_of(customer)
    before = written()

    with pytest.raises(EvidenceFull) as refusal:
        handed_in(dispute, customer, upload)

    assert written() == before
    assert refusal.value.details == {
        "files": 2,
        "bytes": 2,
        "limit_files": settings.DISPUTE_EVIDENCE_PER_SIDE,
        "limit_bytes": settings.DISPUTE_EVIDENCE_BYTES_PER_SIDE,
    }
    handed_in(dispute, technician, evidence_of(technician), evidence_of(technician))
    handed_in(dispute, staff, *[evidence_of(staff) for _ in range(3)])
    assert DisputeEvidence.objects.count() == 7


def test_what_a_dispute_is_opened_with_counts(settings):
    settings.DISPUTE_EVIDENCE_PER_SIDE = 1
    job = job_completed()
    facts = {"actor": job.customer, "job_id": job.pk, "category": DisputeCategory.QUALITY, "description": "It drips."}
    one, two = evidence_of(job.customer), evidence_of(job.customer)
    before = written()

    with pytest.raises(EvidenceFull):
        dispute_open(**facts, evidence_ids=[one.pk, two.pk])

    assert written() == before
    dispute = dispute_open(**facts, evidence_ids=[one.pk])
    with pytest.raises(EvidenceFull):
        handed_in(dispute, job.customer, two)


def test_room_is_asked_for_over_rest(dispute, settings):
    settings.DISPUTE_EVIDENCE_PER_SIDE = 1
    ids = [str(evidence_of(dispute.opened_by).pk) for _ in range(2)]

    answer = client_for(dispute.opened_by).post(f"{LIST}/{dispute.pk}/evidence", {"evidence": ids, "note": "Both."})

    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "EVIDENCE_FULL")


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_eight_at_once_hand_in_no_more_than_there_is_room_for(settings):
    settings.DISPUTE_EVIDENCE_PER_SIDE = 3
    dispute = opened(job_completed())
    customer = dispute.opened_by
    uploads = [evidence_of(customer) for _ in range(8)]

    results = at_once(*[lambda one=one: handed_in(dispute, customer, one) for one in uploads])

    assert [type(result) for result in results].count(EvidenceFull) == 5
    assert DisputeEvidence.objects.count() == 3
    assert Upload.objects.filter(used_at__isnull=True).count() == 5


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_control_without_the_lock_more_are_handed_in(settings, monkeypatch):
    settings.DISPUTE_EVIDENCE_PER_SIDE = 1
    dispute = opened(job_completed())
    customer, both_there = dispute.opened_by, Barrier(2)
    uploads = [evidence_of(customer) for _ in range(2)]

    def measured(**kwargs):
        found = evidence_measure(**kwargs)
        both_there.wait(timeout=10)
        return found

    monkeypatch.setattr(thread_service, "live_locked", lambda dispute_id, actor: Dispute.objects.get(pk=dispute_id))
    monkeypatch.setattr(parts, "evidence_measure", measured)
    at_once(*[lambda one=one: handed_in(dispute, customer, one) for one in uploads])

    assert DisputeEvidence.objects.count() == 2


def test_only_staff_ask_a_side(dispute):
    before = written()

    with pytest.raises(Forbidden):
        dispute_ask(dispute_id=dispute.pk, actor=dispute.opened_by, text="Well?", awaits="TECHNICIAN")

    assert written() == before


@pytest.mark.parametrize(
    "change",
    [
        lambda: DisputeEvidence.objects.update(sha256="0" * 64),
        lambda: DisputeEvidence.objects.all().delete(),
        lambda: connection.cursor().execute("UPDATE disputes_disputeevidence SET size_bytes = 1"),
    ],
)
def test_database_refuses_to_change_evidence(dispute, change):
    handed_in(dispute, dispute.opened_by, evidence_of(dispute.opened_by))
    before = list(DisputeEvidence.objects.values())

    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
        change()

    assert list(DisputeEvidence.objects.values()) == before


# Over REST


def test_evidence_is_sent_in_told_and_downloaded_with_its_hash(dispute):
    client = client_for(dispute.opened_by)
    form = {"file": sent(picture()), "purpose": UploadPurpose.EVIDENCE}
    upload = client.post("/api/v1/uploads", form, format="multipart").json()

    answer = client.post(f"{LIST}/{dispute.pk}/evidence", {"evidence": [upload["id"]], "note": "The tap."})

    assert answer.status_code == 201
    event = answer.json()["thread"][-1]
    (told,) = event["evidence"]
    assert (event["kind"], event["text"], told["is_kept"]) == ("EVIDENCE", "The tap.", True)
    for user in (dispute.opened_by, dispute.technician.user, UserFactory(admin=True)):
        file = client_for(user).get(f"{LIST}/{dispute.pk}/evidence/{told['id']}/file")
        assert file.status_code == 200
        assert hashlib.sha256(file.getvalue()).hexdigest() == told["sha256"]
    assert client_for(UserFactory()).get(f"{LIST}/{dispute.pk}/evidence/{told['id']}/file").status_code == 404
    assert client.get(f"{LIST}/{DisputeFactory().pk}/evidence/{told['id']}/file").status_code == 404


def test_a_dispute_is_opened_with_files_over_rest():
    job = job_completed()
    body = {"job_id": str(job.pk), "category": "QUALITY", "description": "It drips."}
    upload = evidence_of(job.customer)

    answer = client_for(job.customer).post(LIST, {**body, "evidence": [str(upload.pk)]})

    assert answer.status_code == 201
    assert [one["sha256"] for one in answer.json()["thread"][0]["evidence"]] == [upload.sha256]


def test_staff_ask_a_side_over_rest(dispute):
    staff = client_for(UserFactory(admin=True))

    answer = staff.post(f"{LIST}/{dispute.pk}/messages", {"text": "Send a photo.", "awaits": "CUSTOMER"})

    body = answer.json()
    assert (answer.status_code, body["thread"][-1]["kind"]) == (201, "ASKED")
    assert [one["side"] for one in body["deadlines"] if one["side"] == "CUSTOMER"] == ["CUSTOMER"]
    assert AuditEntry.objects.get().action == "dispute.asked"


@pytest.mark.parametrize("item_count", [1, 3])
def test_a_thread_with_files_takes_a_constant_number_of_queries(item_count, django_assert_num_queries):
    dispute = dispute_dismissed()
    dispute = opened(dispute.job)
    for _ in range(item_count):
        handed_in(dispute, dispute.opened_by, evidence_of(dispute.opened_by))

    with django_assert_num_queries(4):
        answer = client_for(dispute.opened_by).get(f"{LIST}/{dispute.pk}")

    assert len(answer.json()["thread"]) == 1 + item_count
