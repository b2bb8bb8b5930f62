"""What happens to a job, told as it happens: each event is published and carried as in life."""

from datetime import timedelta

import pytest
from django.core import mail

from accounts.enums import Role, UserStatus
from accounts.events import UserRestricted, UserSuspended
from accounts.tests.factories import UserFactory
from fixmate.core import clock
from fixmate.core.models import OutboxMessage
from jobs.enums import CancelReason, PriceKind
from jobs.events import (
    JobAssigned,
    JobCancelled,
    JobCompleted,
    JobReleased,
    JobReminderDue,
    JobRequested,
    JobStarted,
    JobUnmatched,
)
from jobs.models import Job
from jobs.services import job_assign, job_remind_due, job_transfer_by_staff
from jobs.services.closing import job_release
from jobs.tests.factories import (
    JobFactory,
    job_assigned,
    job_completed,
    job_in_progress,
    job_matching,
    job_unmatched,
    price_for,
)
from notifications.enums import Kind
from notifications.models import Notification
from notifications.tests.helpers import kinds_told, payload_of
from payments.enums import Provider
from payments.tests.factories import PaymentFactory
from technicians.tests.factories import TechnicianFactory

pytestmark = pytest.mark.django_db


def test_job_requested_tells_the_customer_what_it_costs(tell):
    job = JobFactory()

    assert tell(JobRequested(job_id=job.pk)) == [(job.customer, Kind.JOB_REQUESTED)]
    assert payload_of(Kind.JOB_REQUESTED, job.customer) == {
        "job_id": str(job.pk),
        "service": job.service.name,
        "price": {"amount": "100.00", "currency": "USD"},
    }


def test_what_began_and_is_long_over_is_no_news(tell):
    gone_on, done = job_assigned(), job_completed()

    assert tell(JobRequested(job_id=gone_on.pk)) == []
    assert tell(JobStarted(job_id=done.pk, technician_id=done.technician_id)) == []


def test_job_assigned_tells_both(tell):
    job = job_assigned()
    event = JobAssigned(job_id=job.pk, technician_id=job.technician_id)

    told = tell(event)

    assert told == [(job.customer, Kind.JOB_ASSIGNED), (job.technician.user, Kind.JOB_YOURS)]
    assert payload_of(Kind.JOB_ASSIGNED, job.customer)["technician"] == "Ada"
    assert payload_of(Kind.JOB_YOURS, job.technician.user)["pays"] == {"amount": "85.00", "currency": "USD"}
    assert tell(event) == told


def test_mails_name_no_place_and_no_contact(tell):
    job = job_matching(address="12 Beacon Street", customer__phone="+16175550100", customer__email="c@example.com")

    tell(JobRequested(job_id=job.pk))
    tell(_assign(job, TechnicianFactory(), job.created_at))

    everything = " ".join(letter.subject + letter.body for letter in mail.outbox) + str(
        list(Notification.objects.values_list("payload", flat=True))
    )
    assert len(mail.outbox) == 3
    for private in ("Beacon", "6175550100", "c@example.com", "42.36"):
        assert private not in everything


def _assign(job, technician, at):
    job_assign(job=job, technician=technician, actor=technician.user, at=at)
    return JobAssigned(job_id=job.pk, technician_id=technician.pk)


def _release(job, reason, at):
    """Take the job from whoever has it, as the services do."""
    technician_id = job.technician_id
    job_release(job, technician_id, reason=reason, at=at)
    return JobReleased(job_id=job.pk, technician_id=technician_id, reason=reason)


def test_job_assigned_to_another_technician_is_news_again(tell, noon):
    first, second, job = TechnicianFactory(), TechnicianFactory(), job_matching(created_at=noon)
    tell(_assign(job, first, noon))
    tell(_release(job, CancelReason.CANNOT_COME, noon))

    tell(_assign(job, second, noon))

    assert kinds_told(job.customer) == [Kind.JOB_ASSIGNED, Kind.JOB_RELEASED, Kind.JOB_ASSIGNED]


def test_job_assigned_to_who_lost_it_is_news_again(tell, noon):
    technician, job = TechnicianFactory(), job_matching(created_at=noon)
    for _ in range(2):
        tell(_assign(job, technician, noon))
        tell(_release(job, CancelReason.CANNOT_COME, noon))

    assert kinds_told(technician.user) == [Kind.JOB_YOURS, Kind.JOB_YOURS]


def test_job_released_tells_the_customer(tell, noon):
    job = job_assigned(created_at=noon)

    assert tell(_release(job, CancelReason.CANNOT_COME, noon)) == [(job.customer, Kind.JOB_RELEASED)]


def test_job_taken_from_who_went_dark_tells_both(tell, noon):
    technician, job = TechnicianFactory(), job_matching(created_at=noon)
    _assign(job, technician, noon)
    event = _release(job, CancelReason.WENT_DARK, noon)
    OutboxMessage.objects.all().delete()

    told = tell(event)

    assert told == [(job.customer, Kind.JOB_RELEASED), (technician.user, Kind.JOB_GONE)]
    assert payload_of(Kind.JOB_GONE, technician.user)["lost_by"] == CancelReason.WENT_DARK
    assert tell(event) == told


def test_job_transferred_tells_who_had_it_and_who_has_it(tell, noon):
    first, second, job = TechnicianFactory(), TechnicianFactory(), job_matching(created_at=noon)
    tell(_assign(job, first, noon))

    job_transfer_by_staff(job=job, held_by=first.pk, technician=second, actor=UserFactory(admin=True), at=noon)
    tell(JobReleased(job_id=job.pk, technician_id=first.pk, reason=CancelReason.TRANSFERRED))

    assert kinds_told(job.customer) == [Kind.JOB_ASSIGNED, Kind.JOB_ASSIGNED]
    assert kinds_told(first.user) == [Kind.JOB_YOURS, Kind.JOB_GONE]
    assert payload_of(Kind.JOB_GONE, first.user)["lost_by"] == CancelReason.TRANSFERRED
    assert kinds_told(second.user) == [Kind.JOB_YOURS]


@pytest.fixture
def visit(noon):
    """A visit an hour ahead, of which both are to be reminded now."""
    at = noon - timedelta(hours=5)
    job = job_matching(created_at=at, scheduled_for=noon + timedelta(hours=1))
    _assign(job, TechnicianFactory(time_zone="America/New_York"), at)
    OutboxMessage.objects.all().delete()
    assert job_remind_due() == 1
    OutboxMessage.objects.all().delete()
    return Job.objects.get(pk=job.pk)


def _reminder(job):
    return JobReminderDue(job_id=job.pk, technician_id=job.technician_id)


def test_visit_near_tells_both_the_time_where_it_is(tell, visit):
    told = tell(_reminder(visit))

    assert told == [(visit.customer, Kind.VISIT_REMINDER), (visit.technician.user, Kind.VISIT_REMINDER)]
    assert payload_of(Kind.VISIT_REMINDER, visit.customer) == {
        "job_id": str(visit.pk),
        "service": visit.service.name,
        "technician": "Ada",
        "begins_at": "2026-03-02T13:00:00+00:00",
        "time_zone": "America/New_York",
    }
    assert all(" at 08:00. " in " ".join(letter.body.split()) for letter in mail.outbox)
    assert tell(_reminder(visit)) == told


def test_visit_near_is_no_news_once_another_has_the_job(tell, visit):
    assert tell(JobReminderDue(job_id=visit.pk, technician_id=TechnicianFactory().pk)) == []


def test_visit_near_is_no_news_of_a_job_that_was_called_off(tell, visit):
    visit.cancel(reason=CancelReason.NOT_NEEDED, note="", by="CUSTOMER", at=visit.assigned_at)
    visit.save()

    assert tell(_reminder(visit)) == []


def test_visit_near_is_no_news_once_the_hour_has_come(tell, visit):
    with clock.frozen(visit.booked_from):
        assert tell(_reminder(visit)) == []


def test_visit_near_of_an_earlier_turn_is_no_news_to_who_has_the_job_again(tell, visit, noon):
    technician, event = visit.technician, _reminder(visit)
    _release(visit, CancelReason.WENT_DARK, noon)
    _assign(visit, technician, noon)
    OutboxMessage.objects.all().delete()

    assert tell(event) == []


def test_job_unmatched_tells_the_customer_once_per_search(tell):
    job = job_unmatched()
    tell(JobUnmatched(job_id=job.pk, search_number=1))
    assert tell(JobUnmatched(job_id=job.pk, search_number=1)) == [(job.customer, Kind.JOB_UNMATCHED)]

    job.search_again(at=job.created_at)
    job.give_up()
    job.save()

    assert len(tell(JobUnmatched(job_id=job.pk, search_number=2))) == 2


def test_job_unmatched_tells_a_restricted_customer_why_he_cannot_search_again(tell):
    job = job_unmatched(customer=UserFactory(status=UserStatus.RESTRICTED))
    tell(UserRestricted(user_id=job.customer_id, reason="two bills are unpaid"))

    tell(JobUnmatched(job_id=job.pk, search_number=1))

    assert payload_of(Kind.JOB_UNMATCHED, job.customer) == {
        "job_id": str(job.pk),
        "service": job.service.name,
        "is_restricted": True,
        "reason": "two bills are unpaid",
    }
    letter = " ".join(mail.outbox[-1].body.split())
    assert "restricted: two bills are unpaid. You cannot search again" in letter
    assert "order it again for another time" not in letter


def test_job_unmatched_tells_a_suspended_customer_that_he_can_do_nothing_about_it(tell):
    job = job_unmatched(customer=UserFactory(status=UserStatus.SUSPENDED))
    tell(UserSuspended(user_id=job.customer_id, reason="fraud"))

    tell(JobUnmatched(job_id=job.pk, search_number=1))

    told = payload_of(Kind.JOB_UNMATCHED, job.customer)
    assert (told["is_suspended"], told["reason"], "is_restricted" in told) == (True, "fraud", False)
    letter = " ".join(mail.outbox[-1].body.split())
    assert "it costs you nothing. Your account is suspended: fraud. You cannot log in" in letter
    assert "search again now" not in letter


def test_two_searches_that_ended_are_one_piece_of_news_if_it_comes_after_both(tell):
    job = job_unmatched()
    job.search_again(at=job.created_at)
    job.give_up()
    job.save()

    tell(JobUnmatched(job_id=job.pk, search_number=2))

    assert tell(JobUnmatched(job_id=job.pk, search_number=1)) == [(job.customer, Kind.JOB_UNMATCHED)]


def test_job_unmatched_is_no_news_once_the_search_goes_on(tell):
    assert tell(JobUnmatched(job_id=job_matching().pk, search_number=1)) == []


def test_job_started_tells_the_customer(tell):
    job = job_in_progress()

    assert tell(JobStarted(job_id=job.pk, technician_id=job.technician_id)) == [(job.customer, Kind.JOB_STARTED)]


def test_job_completed_tells_both_what_it_came_to(tell):
    job = job_completed()
    price_for(job, PriceKind.FINAL, amount_minor=12_000, revision=2)

    told = tell(JobCompleted(job_id=job.pk, technician_id=job.technician_id))

    assert told == [(job.customer, Kind.JOB_COMPLETED), (job.technician.user, Kind.JOB_COMPLETED)]
    assert payload_of(Kind.JOB_COMPLETED, job.customer)["price"] == {"amount": "120.00", "currency": "USD"}
    assert payload_of(Kind.JOB_COMPLETED, job.technician.user)["pays"] == {"amount": "102.00", "currency": "USD"}


def test_job_cancelled_before_anybody_took_it_tells_the_customer(tell):
    job = job_matching()

    told = tell(JobCancelled(job_id=job.pk, technician_id=None, has_fee=False, cancelled_by="CUSTOMER"))

    assert told == [(job.customer, Kind.JOB_CANCELLED)]
    assert "fee" not in payload_of(Kind.JOB_CANCELLED, job.customer)


def test_job_cancelled_for_a_fee_tells_both_their_part(tell):
    job = job_assigned()
    price_for(job, PriceKind.CANCELLATION_FEE, amount_minor=2_000, revision=2)

    told = tell(JobCancelled(job_id=job.pk, technician_id=job.technician_id, has_fee=True, cancelled_by="CUSTOMER"))

    assert told == [(job.customer, Kind.JOB_CANCELLED), (job.technician.user, Kind.JOB_CANCELLED)]
    assert payload_of(Kind.JOB_CANCELLED, job.customer)["fee"] == {"amount": "20.00", "currency": "USD"}
    payload = payload_of(Kind.JOB_CANCELLED, job.technician.user)
    assert payload["share_owed"] == {"amount": "17.00", "currency": "USD"}
    assert "pays" not in payload


def test_job_cancelled_for_a_fee_that_a_provider_takes_is_earned(tell):
    job = job_assigned()
    price_for(job, PriceKind.CANCELLATION_FEE, amount_minor=2_000, revision=2)
    PaymentFactory(job=job, provider=Provider.STRIPE)

    tell(JobCancelled(job_id=job.pk, technician_id=job.technician_id, has_fee=True, cancelled_by="CUSTOMER"))

    payload = payload_of(Kind.JOB_CANCELLED, job.technician.user)
    assert payload["pays"] == {"amount": "17.00", "currency": "USD"}
    assert "share_owed" not in payload


def test_job_nobody_was_there_for_tells_both_so(tell, noon, settings):
    settings.DISPUTE_WINDOW_DAYS = 14
    job = job_assigned(created_at=noon)
    price_for(job, PriceKind.CANCELLATION_FEE, amount_minor=2_000, revision=2)
    job.no_show(note="Rang three times.", by=Role.TECHNICIAN, at=noon)
    job.save()

    tell(JobCancelled(job_id=job.pk, technician_id=job.technician_id, has_fee=True, cancelled_by="TECHNICIAN"))

    customers, his = (payload_of(Kind.JOB_CANCELLED, user) for user in (job.customer, job.technician.user))
    about = {"job_id": str(job.pk), "service": job.service.name, "cancelled_by": "TECHNICIAN", "is_no_show": True}
    about |= {"technician": "Ada", "dispute_until": "2026-03-16T12:00:00+00:00"}
    assert customers == {**about, "fee": {"amount": "20.00", "currency": "USD"}}
    assert his == {**about, "share_owed": {"amount": "17.00", "currency": "USD"}}


def test_job_cancelled_for_nothing_tells_the_technician_too(tell):
    job = job_assigned()

    told = tell(JobCancelled(job_id=job.pk, technician_id=job.technician_id, has_fee=False, cancelled_by="ADMIN"))

    assert told == [(job.customer, Kind.JOB_CANCELLED), (job.technician.user, Kind.JOB_CANCELLED)]
    assert "pays" not in payload_of(Kind.JOB_CANCELLED, job.technician.user)
