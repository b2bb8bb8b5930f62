"""News in every order: the outbox promises none, and what people hear has to be true all the same."""

from datetime import timedelta
from itertools import permutations
from random import Random

import pytest
from django.core import mail
from django.utils import timezone

from accounts.tests.factories import UserFactory
from disputes.enums import DisputeCategory
from disputes.services import dispute_open, dispute_withdraw
from fixmate.core import runner
from fixmate.core.enums import OutboxStatus
from fixmate.core.models import OutboxMessage
from jobs.enums import WAITING, CancelReason, JobStatus
from jobs.models import Job
from jobs.services import job_assign, job_cancel_by_customer, job_transfer_by_staff
from jobs.services.closing import job_release
from jobs.tests.factories import job_completed, job_matching
from matching.services import offer_expire_due
from matching.tests.factories import OfferFactory
from notifications.enums import DeliveryStatus, Kind
from notifications.models import Delivery, Notification
from notifications.tests.helpers import kinds_told
from technicians.services import technician_reinstate, technician_reject, technician_suspend
from technicians.tests.factories import TechnicianFactory

pytestmark = pytest.mark.django_db
DELIVER = "notifications.deliver"
ORDERS = list(permutations(range(3)))


@pytest.fixture(params=ORDERS, ids=lambda order: "".join(map(str, order)))
def handle(request):
    """Return the call that has this app alone react to what was published, three rows, in one order of all."""

    def handled():
        rows = list(_waiting().order_by("id"))
        assert len(rows) == len(request.param)
        for place in request.param:
            _work_off(rows[place])

    return handled


def _waiting():
    """Return what this app has yet to react to; other apps react to nothing here, and no letter is sent."""
    OutboxMessage.objects.exclude(task__startswith="notifications.").delete()
    return OutboxMessage.objects.filter(status=OutboxStatus.READY).exclude(task=DELIVER)


def _work_off(row):
    """Have the runner work off this row, and no other: the longest due comes first."""
    OutboxMessage.objects.filter(pk=row.pk).update(run_at=row.created_at - timedelta(days=1))
    runner.drain(limit=1)
    row.refresh_from_db()
    assert row.status == OutboxStatus.DONE


def _assign(job, technician):
    job_assign(job=job, technician=technician, actor=technician.user, at=timezone.now())


def _release(job, reason):
    job_release(job, job.technician_id, reason=reason, at=timezone.now())


@pytest.fixture
def job():
    return job_matching(created_at=timezone.now() - timedelta(minutes=5))


@pytest.fixture
def ada():
    return TechnicianFactory(user__first_name="Ada")


@pytest.fixture
def ben():
    return TechnicianFactory(user__first_name="Ben")


def _names_told(user):
    told = Notification.objects.filter(user=user, kind=Kind.JOB_ASSIGNED).order_by("id")
    return [notification.payload["technician"] for notification in told]


# Jobs


def test_job_that_went_on_to_another_is_told_of_him_alone(job, ada, ben, handle):
    _assign(job, ada)
    _release(job, CancelReason.CANNOT_COME)
    _assign(job, ben)

    handle()

    assert kinds_told(job.customer) == [Kind.JOB_ASSIGNED]
    assert _names_told(job.customer) == ["Ben"]
    assert (kinds_told(ada.user), kinds_told(ben.user)) == ([], [Kind.JOB_YOURS])


def test_job_that_came_back_to_who_lost_it_is_told_once(job, ada, handle):
    _assign(job, ada)
    _release(job, CancelReason.WENT_DARK)
    _assign(job, ada)

    handle()

    assert kinds_told(job.customer) == [Kind.JOB_ASSIGNED]
    assert kinds_told(ada.user) == [Kind.JOB_YOURS]


def test_job_that_was_transferred_is_told_of_who_has_it(job, ada, ben, handle):
    _assign(job, ada)
    job_transfer_by_staff(job=job, held_by=ada.pk, technician=ben, actor=UserFactory(admin=True), at=timezone.now())

    handle()

    assert _names_told(job.customer) == ["Ben"]
    assert (kinds_told(ada.user), kinds_told(ben.user)) == ([Kind.JOB_GONE], [Kind.JOB_YOURS])


def test_job_given_back_once_too_often_is_told_as_it_went(job, ada, handle, settings):
    settings.MAX_REMATCHES = 0
    _assign(job, ada)
    _release(job, CancelReason.WENT_DARK)

    handle()

    assert kinds_told(job.customer) == [Kind.JOB_RELEASED, Kind.JOB_UNMATCHED]
    assert kinds_told(ada.user) == [Kind.JOB_GONE]


def test_job_that_was_called_off_is_told_as_such(job, ada, ben, handle):
    _assign(job, ada)
    _waiting().delete()
    _release(job, CancelReason.CANNOT_COME)
    _assign(job, ben)
    job_cancel_by_customer(job_id=job.pk, actor=job.customer, reason=CancelReason.NOT_NEEDED)

    handle()

    assert kinds_told(job.customer) == [Kind.JOB_CANCELLED]
    assert (kinds_told(ada.user), kinds_told(ben.user)) == ([], [Kind.JOB_CANCELLED])


FITS = {
    Kind.JOB_REQUESTED: WAITING,
    Kind.JOB_ASSIGNED: (JobStatus.ASSIGNED,),
    Kind.JOB_RELEASED: (JobStatus.MATCHING, JobStatus.UNMATCHED),
    Kind.JOB_UNMATCHED: (JobStatus.UNMATCHED,),
    Kind.JOB_CANCELLED: (JobStatus.CANCELLED,),
}


@pytest.mark.parametrize("seed", range(20))
def test_what_the_customer_hears_fits_the_job_however_late_the_rows_are(job, ada, ben, settings, seed):
    settings.MAX_REMATCHES = 1
    dice = Random(seed)
    steps = (
        lambda: _assign(job, ada),
        lambda: _release(job, CancelReason.WENT_DARK),
        lambda: _assign(job, ben),
        lambda: _release(job, CancelReason.CANNOT_COME),
        lambda: _assign(job, ada),
        lambda: job_cancel_by_customer(job_id=job.pk, actor=job.customer, reason=CancelReason.NOT_NEEDED),
    )

    for step in steps:
        step()
        waiting = list(_waiting().order_by("id"))
        for row in dice.sample(waiting, dice.randint(0, len(waiting))):
            _work_off_and_judge(row, job)
    for row in dice.sample(left := list(_waiting().order_by("id")), len(left)):
        _work_off_and_judge(row, job)

    assert kinds_told(job.customer)[-1] == Kind.JOB_CANCELLED
    assert kinds_told(ada.user)[-1] == Kind.JOB_CANCELLED


def _work_off_and_judge(row, job):
    known = set(Notification.objects.values_list("pk", flat=True))
    _work_off(row)
    now = Job.objects.select_related("technician__user").get(pk=job.pk)
    for told in Notification.objects.filter(user=job.customer).exclude(pk__in=known):
        assert now.status in FITS[told.kind]
        if told.kind == Kind.JOB_ASSIGNED:
            assert told.payload["technician"] == now.technician.user.first_name


# Letters


@pytest.mark.parametrize("order", ORDERS, ids=lambda order: "".join(map(str, order)))
def test_letters_that_were_overtaken_are_not_sent(job, ada, ben, order):
    for step in (
        lambda: _assign(job, ada),
        lambda: _release(job, CancelReason.CANNOT_COME),
        lambda: _assign(job, ben),
    ):
        step()
        for row in _waiting():
            _work_off(row)
    letters = list(OutboxMessage.objects.filter(task=DELIVER, status=OutboxStatus.READY).order_by("id"))
    to_customer = [letter for letter in letters if _addressee(letter) == job.customer]

    for letter in [to_customer[place] for place in order] + [one for one in letters if one not in to_customer]:
        _work_off(letter)

    subjects = {letter.to[0]: letter.subject for letter in mail.outbox}
    service = job.service.name
    assert len(mail.outbox) == len(subjects)
    assert subjects == {job.customer.email: "Ben takes your job", ben.user.email: f"The job is yours: {service}"}
    overtaken = Delivery.objects.filter(status=DeliveryStatus.OVERTAKEN).values_list("notification__kind", flat=True)
    assert sorted(overtaken) == [Kind.JOB_ASSIGNED, Kind.JOB_RELEASED, Kind.JOB_YOURS]


def _addressee(letter):
    return Delivery.objects.select_related("notification__user").get(pk=letter.payload["delivery_id"]).notification.user


# Offers, profiles, disputes


def test_offer_that_ran_out_is_not_told_as_new():
    offer = OfferFactory(created_at=timezone.now() - timedelta(minutes=5))
    OutboxMessage.objects.create(task="notifications.offer_created", payload={"offer_id": str(offer.pk)})
    for row in _waiting():
        _work_off(row)
    assert kinds_told(offer.technician.user) == []

    offer_expire_due()
    for row in _waiting():
        _work_off(row)

    assert kinds_told(offer.technician.user) == [Kind.OFFER_EXPIRED]


def test_offer_of_a_job_that_was_called_off_is_not_told_as_new():
    offer = OfferFactory()
    OutboxMessage.objects.create(task="notifications.offer_created", payload={"offer_id": str(offer.pk)})
    job_cancel_by_customer(job_id=offer.job_id, actor=offer.job.customer, reason=CancelReason.NOT_NEEDED)

    for row in _waiting():
        _work_off(row)

    assert kinds_told(offer.technician.user) == []


def test_decisions_about_a_profile_end_with_the_last(handle):
    staff, technician = UserFactory(admin=True), TechnicianFactory()
    technician_suspend(technician_id=technician.pk, actor=staff, reason="Complaints")
    technician_reinstate(technician_id=technician.pk, actor=staff, reason="Cleared")
    technician_suspend(technician_id=technician.pk, actor=staff, reason="More complaints")

    handle()

    told = Notification.objects.filter(user=technician.user).order_by("id")
    assert told.last().payload == {"reason": "More complaints"}
    assert set(kinds_told(technician.user)) == {Kind.PROFILE_SUSPENDED}


@pytest.mark.parametrize("order", [(0, 1), (1, 0)], ids=["as it went", "turned round"])
def test_second_refusal_of_a_profile_is_the_last_word(order):
    staff, technician = UserFactory(admin=True), TechnicianFactory(pending=True)
    technician_reject(technician_id=technician.pk, actor=staff, reason="Blurred")
    technician.refresh_from_db()
    technician.apply(at=timezone.now())
    technician.save()
    technician_reject(technician_id=technician.pk, actor=staff, reason="Out of date")
    rows = list(_waiting().order_by("id"))

    for place in order:
        _work_off(rows[place])

    assert Notification.objects.order_by("id").last().payload == {"reason": "Out of date"}


def test_dispute_that_is_over_is_not_told_as_open():
    job = job_completed()
    dispute = dispute_open(
        actor=job.customer, job_id=job.pk, category=DisputeCategory.QUALITY, description="It drips again."
    )
    dispute_withdraw(dispute_id=dispute.pk, actor=job.customer)

    for row in _waiting().order_by("-id"):
        _work_off(row)

    assert kinds_told(job.customer) == [Kind.DISPUTE_CLOSED]
