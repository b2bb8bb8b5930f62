"""What all apps together do when somebody leaves, and when he asks what is held about him."""

import json
from datetime import timedelta

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage

from accounts.api.export import EXPORT_SCHEMA
from accounts.enums import UserStatus
from accounts.errors import AccountInUse, AccountSuspended
from accounts.hooks import export_parts
from accounts.models import User
from accounts.services import user_erase
from accounts.tests.factories import UserFactory
from catalog.tests.factories import ServiceFactory
from disputes.tests.factories import DisputeFactory, dispute_resolved
from fixmate.core import clock
from fixmate.core.enums import OutboxStatus, UploadPurpose
from fixmate.core.models import AuditEntry, OutboxMessage
from fixmate.core.tests.http import client_for
from fixmate.core.tests.pictures import picture, sent
from jobs.enums import JobStatus
from jobs.models import Block, Job, JobEvent, JobPhoto
from jobs.services import block_set, job_request
from jobs.tests.factories import (
    JobFactory,
    job_assigned,
    job_cancelled,
    job_completed,
    job_in_progress,
    job_matching,
    job_unmatched,
)
from matching.enums import Gate, OfferStatus, RejectReason
from matching.models import CandidateDecision, MatchingPass, Offer
from matching.services import matching_run_pass
from matching.tests.factories import offer_rejected
from notifications.models import Delivery, Notification
from notifications.tests.factories import DeliveryFactory
from payments.models import Payment
from payments.tests.factories import PaymentFactory, payment_captured, payment_voided
from reviews.tests.factories import ReviewFactory
from technicians.models import (
    AvailabilitySlot,
    Dispatchable,
    Document,
    Position,
    PositionTrace,
    Technician,
    TechnicianState,
    TimeOff,
)
from technicians.services import document_upload, time_off_add
from technicians.services.history import history_list_untrue
from technicians.tests.factories import TechnicianFactory, technician_ready

pytestmark = pytest.mark.django_db
ME = "/api/v1/auth/me"


def exported(user) -> dict:
    answer = client_for(user).get(f"{ME}/export")
    return json.loads(b"".join(answer.streaming_content))


# Farewell: when it is refused

LIVE = {
    "requested": JobFactory,
    "matching": job_matching,
    "unmatched": job_unmatched,
    "assigned": job_assigned,
    "in progress": job_in_progress,
}


@pytest.mark.parametrize("made", LIVE.values(), ids=LIVE.keys())
def test_a_customer_with_a_live_job_stays(made):
    job = made()

    answer = client_for(job.customer).delete(ME)

    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "ACCOUNT_IN_USE")
    assert User.objects.get(pk=job.customer_id).status == UserStatus.ACTIVE
    assert Job.objects.get().address == "12 Beacon Street"


@pytest.mark.parametrize("made", [job_assigned, job_in_progress])
def test_a_technician_with_a_live_job_stays_as_he_is(made):
    technician = TechnicianFactory(bio="Pipes.")
    made(technician)

    with pytest.raises(AccountInUse, match="jobs"):
        user_erase(user_id=technician.user_id)

    held = Technician.objects.get()
    assert (held.bio, held.deleted_at) == ("Pipes.", None)


@pytest.mark.parametrize("side", ["customer", "technician"])
@pytest.mark.parametrize("is_frozen", [False, True])
def test_who_owes_or_is_owed_money_stays(side, is_frozen):
    if is_frozen:
        payment = payment_captured()
        Payment.objects.update(payout_frozen_at=payment.captured_at)
    else:
        payment = PaymentFactory(job=job_completed())
    user = payment.job.customer if side == "customer" else payment.job.technician.user

    with pytest.raises(AccountInUse, match="payment"):
        user_erase(user_id=user.pk)

    assert User.objects.get(pk=user.pk).status == UserStatus.ACTIVE


@pytest.mark.parametrize("side", ["customer", "technician"])
def test_who_is_in_a_dispute_stays(side):
    dispute = DisputeFactory()
    user = dispute.job.customer if side == "customer" else dispute.technician.user

    with pytest.raises(AccountInUse, match="dispute"):
        user_erase(user_id=user.pk)

    assert User.objects.get(pk=user.pk).status == UserStatus.ACTIVE


def test_what_is_closed_keeps_nobody():
    user = UserFactory()
    job_completed(customer=user)
    job_cancelled(customer=user)
    payment_captured(job=job_completed(customer=user))
    payment_voided(job=job_cancelled(customer=user))
    dispute_resolved(job=job_completed(customer=user))

    assert client_for(user).delete(ME).status_code == 204


# Farewell: what goes and what stays


@pytest.mark.django_db(transaction=True)
def test_a_customers_words_and_pictures_go_and_the_books_stay():
    user = UserFactory(first_name="Ada", email="ada@example.com")
    upload = client_for(user).post(
        "/api/v1/uploads", {"file": sent(picture()), "purpose": UploadPurpose.JOB_PHOTO}, format="multipart"
    )
    job = job_completed(customer=user, latitude=42.3601, longitude=-71.0589)
    JobPhoto.objects.create(job=job, upload_id=upload.json()["id"], kind="PROBLEM")
    path = str(JobPhoto.objects.get().upload.file)
    payment = payment_captured(job=job)
    review = ReviewFactory(job=job, customer=user)
    Block.objects.create(
        customer=user, technician=job.technician, set_by="CUSTOMER", job=job, note="Rude.", created_at=job.created_at
    )
    before = (JobEvent.objects.count(), Payment.objects.values().get(), AuditEntry.objects.count())

    user_erase(user_id=user.pk)

    held = Job.objects.get()
    assert (held.status, held.customer_id, held.description, held.address) == (
        JobStatus.COMPLETED,
        user.pk,
        "(deleted)",
        "(deleted)",
    )
    assert (held.latitude, held.longitude) == (42.4, -71.1)
    assert (JobPhoto.objects.count(), default_storage.exists(path)) == (0, False)
    assert Block.objects.get().note == ""
    assert (JobEvent.objects.count(), Payment.objects.values().get(), AuditEntry.objects.count()) == before
    assert (payment.pk, review.customer_id) == (Payment.objects.get().pk, user.pk)
    seen = client_for(job.technician.user).get(f"/api/v1/jobs/{job.pk}").json()
    assert seen["customer"]["first_name"] == "Deleted"


@pytest.mark.django_db(transaction=True)
def test_a_technicians_documents_and_whereabouts_go_and_his_figures_stay():
    service = ServiceFactory()
    technician = technician_ready(service, bio="Twelve years of pipes.")
    job_completed(technician, service=service)
    document = document_upload(technician_id=technician.pk, kind="CERTIFICATE", file=sent(picture()))
    later = document.created_at + timedelta(days=1)
    time_off_add(technician_id=technician.pk, starts_at=document.created_at, ends_at=later, note="Away")
    offer_rejected(technician=technician, reason=RejectReason.OTHER)
    Offer.objects.update(reject_note="I know that man.")
    path = str(document.file)

    answer = client_for(technician.user).delete(ME)

    held = Technician.objects.get()
    assert answer.status_code == 204
    assert (held.bio, held.is_online, held.deleted_at is None) == ("", False, False)
    assert (held.base_latitude, held.base_longitude) == (42.4, -71.1)
    assert held.jobs_completed == technician.jobs_completed
    assert not default_storage.exists(path)
    assert set(Document.objects.values_list("file", flat=True)) == {""}
    for model in (Position, PositionTrace, AvailabilitySlot, TimeOff, Dispatchable):
        assert model.objects.count() == 0
    assert [state.facts["base"] for state in TechnicianState.objects.all()] == [[42.4, -71.1]]
    assert list(history_list_untrue()) == []
    assert Offer.objects.get().reject_note == ""
    assert client_for().get(f"/api/v1/technicians/{technician.pk}").status_code == 404
    staff = client_for(UserFactory(admin=True))
    assert staff.get(f"/api/v1/technicians/me/documents/{document.pk}/file").status_code == 404


def test_news_are_forgotten_and_none_is_sent_any_more(drain, mailoutbox):
    user = UserFactory()
    DeliveryFactory(notification__user=user)

    user_erase(user_id=user.pk)
    drain()

    assert (Notification.objects.count(), Delivery.objects.count()) == (0, 0)
    assert mailoutbox == []


def test_a_technician_is_not_given_where_customers_live_nor_who_blocked_him():
    service = ServiceFactory()
    technician = technician_ready(service)
    job = job_completed(technician, service=service)
    block_set(job_id=job.pk, actor=job.customer)
    again = job_matching(service=service, customer=job.customer, latitude=42.3678, longitude=-71.0612)
    matching_run_pass(job_id=again.pk)
    held = CandidateDecision.objects.get(matching_pass__job=again)

    data = exported(technician.user)
    text = json.dumps(data)

    (done,) = data["jobs_done"]
    assert done["id"] == str(job.pk)
    assert {"address", "latitude", "customer_id", "cancel_note"}.isdisjoint(done)
    (decision,) = data["matching_decisions"]
    assert held.distance_m % 100
    assert decision["distance_m"] % 100 == 0
    assert Gate.NOT_BLOCKED not in text
    assert job.address not in text


def test_the_offer_of_one_who_leaves_is_taken_back_and_the_search_goes_on(drain):
    service = ServiceFactory()
    technician = technician_ready(service)
    matching_run_pass(job_id=job_matching(service=service).pk)

    user_erase(user_id=technician.user_id)
    drain()

    assert Offer.objects.get().status == OfferStatus.WITHDRAWN
    assert MatchingPass.objects.count() == 2
    assert not OutboxMessage.objects.exclude(status=OutboxStatus.DONE).exists()


def test_an_erased_file_is_not_there():
    technician = TechnicianFactory()
    document = document_upload(technician_id=technician.pk, kind="CERTIFICATE", file=sent(picture()))
    Document.objects.update(file="")

    answer = client_for(technician.user).get(f"/api/v1/technicians/me/documents/{document.pk}/file")

    assert answer.status_code == 404


def test_a_deleted_customer_orders_nothing():
    user, service = UserFactory(), ServiceFactory()
    user_erase(user_id=user.pk)

    with pytest.raises(AccountSuspended):
        job_request(
            actor=user, service_id=service.pk, description="Drip", address="Here", latitude=42.3, longitude=-71.0
        )

    assert Job.objects.count() == 0


# Pictures


def test_the_other_party_of_a_booked_job_sees_the_picture():
    job, stranger = job_assigned(), TechnicianFactory().user
    User.objects.filter(pk=job.customer_id).update(avatar=default_storage.save("avatars/a.png", ContentFile(b"x")))
    url = f"/api/v1/users/{job.customer_id}/avatar"

    answers = [client_for(viewer).get(url) for viewer in (job.technician.user, stranger)]
    for answer in answers:
        answer.close()

    assert [answer.status_code for answer in answers] == [200, 404]


def test_after_the_job_the_picture_is_private_again():
    job = job_completed()
    User.objects.filter(pk=job.customer_id).update(avatar=default_storage.save("avatars/a.png", ContentFile(b"x")))

    assert client_for(job.technician.user).get(f"/api/v1/users/{job.customer_id}/avatar").status_code == 404


# Export


def test_a_technician_is_given_the_decisions_programs_made_about_him():
    service = ServiceFactory()
    technician = technician_ready(service)
    job = job_matching(service=service)
    matching_run_pass(job_id=job.pk)

    data = exported(technician.user)

    held, decision = CandidateDecision.objects.get(), data["matching_decisions"][0]
    gates = [verdict["gate"] for verdict in held.verdicts if verdict["gate"] != Gate.NOT_BLOCKED]
    assert [verdict["gate"] for verdict in decision["verdicts"]] == gates
    assert decision["terms"] == {name: round(points) for name, points in held.terms.items()}
    assert (decision["score"], decision["rank"], decision["was_offered"]) == (round(held.score), 1, True)
    assert decision["matching_pass_job_id"] == str(job.pk)
    assert [row["status"] for row in data["offers"]] == [OfferStatus.PENDING]
    assert data["technician"][0]["id"] == str(technician.pk)
    assert len(data["skills"]) == len(data["documents"]) == len(data["position"]) == 1
    assert exported(job.customer)["matching_passes"][0]["outcome"] == MatchingPass.objects.get().outcome
    assert exported(job.customer)["matching_decisions"] == []


def test_a_customer_is_given_what_he_did_and_nothing_of_others():
    user = UserFactory(email="ada@example.com")
    job = job_completed(customer=user)
    payment_captured(job=job)
    ReviewFactory(job=job, customer=user, comment="Fine work.")
    DisputeFactory(job=job, opened_by=user)
    DeliveryFactory(notification__user=user)
    other = job_completed(description="Somebody else's tap.")
    payment_captured(job=other)

    data = exported(user)

    counts = {name: len(rows) for name, rows in data.items() if isinstance(rows, list)}
    assert {name: counts[name] for name in ("jobs", "payments", "reviews_written", "disputes", "notifications")} == {
        "jobs": 1,
        "payments": 1,
        "reviews_written": 1,
        "disputes": 1,
        "notifications": 1,
    }
    assert data["reviews_written"][0]["comment"] == "Fine work."
    assert "Somebody else" not in json.dumps(data)


def test_every_part_is_in_the_schema_and_gives_the_fields_it_says():
    technician = technician_ready(ServiceFactory())
    data = exported(technician.user)

    for part in export_parts():
        described = EXPORT_SCHEMA["properties"][part.name]["items"]["properties"]
        assert tuple(described) == part.fields
        for row in data[part.name]:
            assert tuple(row) == part.fields
    assert set(data) == set(EXPORT_SCHEMA["required"])


@pytest.mark.parametrize("item_count", [1, 3])
def test_export_takes_the_same_queries_however_much_there_is(item_count, settings, django_assert_num_queries):
    settings.RATES = dict.fromkeys(settings.RATES, "")
    user = UserFactory()
    for _ in range(item_count):
        job_completed(customer=user)

    with clock.frozen(clock.now()), django_assert_num_queries(1 + len(export_parts())):
        exported(user)
