"""What stays of somebody who deleted his account, and for how long."""

from datetime import timedelta

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage

from accounts.services import user_erase
from accounts.tests.factories import UserFactory
from disputes.models import Dispute, DisputeEvent, DisputeEvidence
from disputes.services import dispute_dismiss, dispute_erase_due, dispute_evidence_add, dispute_message_add
from disputes.tests.helpers import opened
from fixmate.core import clock
from fixmate.core.enums import UploadPurpose
from fixmate.core.models import Upload
from fixmate.core.tests.http import client_for
from jobs.tests.factories import job_completed
from jobs.tests.helpers import upload_of
from payments.tests.factories import payment_captured

LONG = timedelta(days=1095, seconds=1)


@pytest.fixture
def dispute(noon):
    """Closed at noon, after everybody said something and the customer handed in a file."""
    dispute = opened(payment_captured(job=job_completed(created_at=noon)).job)
    customer, staff = dispute.opened_by, UserFactory(admin=True)
    path = default_storage.save("uploads/2026/03/evidence.jpg", ContentFile(b"evidence"))
    upload = upload_of(customer, purpose=UploadPurpose.EVIDENCE)
    Upload.objects.update(file=path)
    dispute_evidence_add(dispute_id=dispute.pk, actor=customer, evidence_ids=[upload.pk], note="My tap.")
    for actor in (dispute.technician.user, staff):
        dispute_message_add(dispute_id=dispute.pk, actor=actor, text="Well.")
    dispute_dismiss(dispute_id=dispute.pk, actor=staff, note="Nothing to it.")
    return dispute


def texts():
    return [text for text in DisputeEvent.objects.order_by("id").values_list("text", flat=True) if text]


def held():
    evidence = DisputeEvidence.objects.select_related("upload").get()
    return Dispute.objects.get().description, texts(), evidence.is_kept


@pytest.mark.django_db(transaction=True)
def test_words_and_files_stay_while_a_claim_may_be_made_and_then_go(noon, dispute):
    everything = ("It drips again.", ["My tap.", "Well.", "Well.", "Nothing to it."], True)
    path = str(DisputeEvidence.objects.get().upload.file)
    user_erase(user_id=dispute.opened_by_id)
    with clock.frozen(noon + LONG - timedelta(seconds=1)):
        assert dispute_erase_due() == 0
    assert held() == everything

    with clock.frozen(noon + LONG):
        assert dispute_erase_due() == 1
        assert dispute_erase_due() == 0

    assert held() == ("(deleted)", ["Well.", "Well.", "Nothing to it."], False)
    assert DisputeEvidence.objects.get().sha256 == DisputeEvidence.objects.get().upload.sha256
    assert not default_storage.exists(path)


@pytest.mark.django_db
def test_who_leaves_later_takes_his_words_with_him_at_once(noon, dispute):
    with clock.frozen(noon + LONG):
        user_erase(user_id=dispute.technician.user_id)

    assert held() == ("It drips again.", ["My tap.", "Well.", "Nothing to it."], True)


@pytest.mark.django_db
def test_who_keeps_his_account_keeps_his_words(noon, dispute):
    with clock.frozen(noon + LONG):
        assert dispute_erase_due() == 0

    assert held()[2] is True


@pytest.mark.django_db(transaction=True)
def test_an_erased_file_is_gone_and_its_hash_is_told(noon, dispute):
    staff, evidence = client_for(UserFactory(admin=True)), DisputeEvidence.objects.get()
    with clock.frozen(noon + LONG):
        user_erase(user_id=dispute.opened_by_id)

    assert staff.get(f"/api/v1/disputes/{dispute.pk}/evidence/{evidence.pk}/file").status_code == 404
    (told,) = staff.get(f"/api/v1/disputes/{dispute.pk}").json()["thread"][1]["evidence"]
    assert (told["is_kept"], told["sha256"]) == (False, evidence.sha256)
