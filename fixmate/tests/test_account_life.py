"""What all apps together do when somebody leaves."""

from datetime import timedelta

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage

from accounts.enums import UserStatus
from accounts.errors import AccountInUse, AccountSuspended
from accounts.models import User
from accounts.services import user_erase
from accounts.tests.factories import UserFactory
from accounts.tests.helpers import logged_in
from catalog.tests.factories import ServiceFactory
from disputes.tests.factories import DisputeFactory, dispute_resolved
from fixmate.core.enums import OutboxStatus, UploadPurpose
from fixmate.core.models import AuditEntry, OutboxMessage, Upload
from fixmate.core.tests.http import client_for
from fixmate.core.tests.pictures import picture, sent
from jobs.enums import JobStatus
from jobs.models import Block, Job, JobEvent, JobPhoto
from jobs.services import job_cancel_by_customer, job_note_add, job_request
from jobs.tests.factories import (
    JobFactory,
    job_assigned,
    job_cancelled,
    job_completed,
    job_in_progress,
    job_matching,
    job_unmatched,
)
from matching.enums import OfferStatus, RejectReason
from matching.models import MatchingPass, Offer
from matching.services import matching_run_pass
from matching.tests.factories import offer_rejected
from notifications.models import Delivery, Notification
from notifications.tests.factories import DeliveryFactory
from payments.models import Payment
from payments.tests.factories import PaymentFactory, payment_captured, payment_voided
from reviews.models import Review, ReviewPhoto
from reviews.tests.factories import ReplyFactory, ReviewFactory
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

    answer = logged_in(job.customer).delete(ME)

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

    assert logged_in(user).delete(ME).status_code == 204


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
    shown = client_for(user).post(
        "/api/v1/uploads", {"file": sent(picture()), "purpose": UploadPurpose.REVIEW_PHOTO}, format="multipart"
    )
    photo = ReviewPhoto.objects.create(review=review, upload_id=shown.json()["id"])
    paths = [path, str(photo.upload.file)]
    ReplyFactory(review=review, text="Thank you.")
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
    assert JobPhoto.objects.count() == ReviewPhoto.objects.count() == Upload.objects.count() == 0
    assert [default_storage.exists(path) for path in paths] == [False, False]
    assert Block.objects.get().note == ""
    assert (JobEvent.objects.count(), Payment.objects.values().get(), AuditEntry.objects.count()) == before
    assert (payment.pk, review.customer_id) == (Payment.objects.get().pk, user.pk)
    assert Review.objects.values_list("comment", "rating", "reply__text").get() == ("", 4, "Thank you.")
    seen = client_for(job.technician.user).get(f"/api/v1/jobs/{job.pk}").json()
    assert seen["customer"]["first_name"] == "Deleted"


def test_what_a_technician_answered_goes_and_what_was_said_of_him_stays():
    reply = ReplyFactory()

    user_erase(user_id=reply.review.technician.user_id)

    assert Review.objects.values_list("comment", "reply__text").get() == ("Quick and tidy.", "")


def test_what_somebody_wrote_on_timelines_goes_and_that_he_did_stays():
    """But for the summary of work done: it is the customer's proof."""
    user, technician = UserFactory(), TechnicianFactory()
    cancelled = job_matching(customer=user)
    job_cancel_by_customer(job_id=cancelled.pk, actor=user, reason="OTHER", note="My mother, Ada, fell ill.")
    done = job_completed(technician, customer=user)
    for actor in (user, technician.user):
        job_note_add(job_id=done.pk, actor=actor, note=f"Written by {actor.pk}")
    work = JobEvent.objects.create(
        job=done, kind="COMPLETED", status=done.status, actor=technician.user, at=done.completed_at, note="New tap."
    )
    count = JobEvent.objects.count()

    for leaver in (user, technician.user):
        user_erase(user_id=leaver.pk)

    notes = JobEvent.objects.exclude(note="")
    assert list(notes) == [work]
    assert JobEvent.objects.count() == count


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

    answer = logged_in(technician.user).delete(ME)

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
