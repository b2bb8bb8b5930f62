from datetime import timedelta
from decimal import Decimal

import pytest

from accounts.enums import Role
from accounts.tests.factories import UserFactory
from fixmate.core import clock
from fixmate.core.errors import Forbidden, IllegalTransition, Invalid, NotFound
from fixmate.core.models import AuditEntry
from fixmate.core.money import Money
from jobs.enums import CancelReason, JobEventKind, JobStatus, PriceKind
from jobs.events import JobCancelled
from jobs.selectors import price_current, price_list
from jobs.services import (
    job_cancel_by_customer,
    job_cancel_by_staff,
    job_cancel_preview,
)
from jobs.tests.factories import JOB_IN, job_assigned, job_in_progress
from jobs.tests.helpers import all_but, changed, last_event, nothing_written, outbox, rows_of, stored
from technicians.models import Technician
from technicians.tests.factories import TechnicianFactory

pytestmark = pytest.mark.django_db
SECOND = timedelta(seconds=1)
GRACE = timedelta(seconds=300)
OPEN_TO_THE_CUSTOMER = [JobStatus.REQUESTED, JobStatus.MATCHING, JobStatus.UNMATCHED, JobStatus.ASSIGNED]
OPEN = [*OPEN_TO_THE_CUSTOMER, JobStatus.IN_PROGRESS]


@pytest.fixture(autouse=True)
def _rules(settings):
    settings.CANCELLATION_GRACE_S = 300
    settings.CANCELLATION_FEE_RATE = Decimal("0.20")


def _cancel(job, **kwargs):
    kwargs = {"actor": job.customer, "reason": CancelReason.NOT_NEEDED, **kwargs}
    return job_cancel_by_customer(job_id=job.pk, **kwargs)


# By the customer


@pytest.mark.parametrize("status", OPEN_TO_THE_CUSTOMER)
def test_customer_cancels_what_nobody_has_started(noon, status):
    job = JOB_IN[status](created_at=noon)
    before = stored(job)

    _cancel(job, reason=CancelReason.TOO_SLOW, note="An hour gone.")

    after = stored(job)
    assert changed(before, after) - {"next_pass_at"} == {
        "status",
        "cancelled_at",
        "cancel_reason",
        "cancel_note",
        "cancelled_by",
    }
    assert (after.status, after.cancelled_at, after.next_pass_at) == (JobStatus.CANCELLED, noon, None)
    assert (after.cancel_reason, after.cancel_note) == (CancelReason.TOO_SLOW, "An hour gone.")
    assert (after.cancelled_by, after.technician_id) == (Role.CUSTOMER, job.technician_id)


@pytest.mark.parametrize("status", OPEN_TO_THE_CUSTOMER)
def test_customer_cancels_on_the_record_and_everybody_is_told(noon, status):
    job = JOB_IN[status](created_at=noon)

    _cancel(job, note="Found a wrench.")

    event = last_event(job)
    assert (event.kind, event.status, event.at) == (JobEventKind.CANCELLED, JobStatus.CANCELLED, noon)
    assert (event.actor_id, event.actor_role, event.note) == (job.customer_id, Role.CUSTOMER, "Found a wrench.")
    assert event.data == {"reason": CancelReason.NOT_NEEDED, "has_fee": False}
    assert outbox() == rows_of(
        JobCancelled(job_id=job.pk, technician_id=job.technician_id, has_fee=False, cancelled_by=Role.CUSTOMER)
    )
    assert AuditEntry.objects.count() == 0


@pytest.mark.parametrize("status", all_but(*OPEN_TO_THE_CUSTOMER))
def test_customer_cannot_cancel_any_more(status):
    job = JOB_IN[status]()

    with nothing_written(), pytest.raises(IllegalTransition) as refusal:
        _cancel(job)

    assert refusal.value.details == {"state": status, "action": "cancel"}


def test_customer_cannot_cancel_twice():
    job = job_assigned()
    _cancel(job)

    with nothing_written(), pytest.raises(IllegalTransition):
        _cancel(job)


def test_cancel_by_another_customer_is_forbidden():
    job, stranger = job_assigned(), UserFactory()

    with nothing_written(), pytest.raises(Forbidden):
        _cancel(job, actor=stranger)


def test_cancel_of_no_job_is_not_found():
    customer = UserFactory()

    with nothing_written(), pytest.raises(NotFound):
        job_cancel_by_customer(job_id=customer.pk, actor=customer, reason=CancelReason.MISTAKE)


@pytest.mark.parametrize("after", [timedelta(0), GRACE])
def test_cancel_within_the_grace_period_is_free(noon, after):
    job = job_assigned(created_at=noon - after)

    _cancel(job)

    assert [price.kind for price in price_list(job.pk)] == [PriceKind.QUOTE]


def test_cancel_after_the_grace_period_costs_a_share_of_the_quote(noon):
    job = job_assigned(created_at=noon - GRACE - SECOND)

    _cancel(job)

    price = price_current(job.pk)
    assert (price.revision, price.kind, price.amount) == (2, PriceKind.CANCELLATION_FEE, Money(2_000, "USD"))
    assert (price.fee_rate, price.fee_source) == (Decimal("0.1500"), "standard")
    assert (price.platform_fee_minor, price.technician_earnings_minor, price.created_at) == (300, 1_700, noon)
    assert last_event(job).data["has_fee"] is True
    assert outbox() == rows_of(
        JobCancelled(job_id=job.pk, technician_id=job.technician_id, has_fee=True, cancelled_by=Role.CUSTOMER)
    )


def test_cancel_costs_nothing_before_anybody_is_assigned(noon):
    job = JOB_IN[JobStatus.UNMATCHED](created_at=noon - timedelta(days=1))

    _cancel(job)

    assert price_list(job.pk).count() == 1


def test_cancel_lets_an_online_technician_wait_again(noon):
    technician = TechnicianFactory(is_online=True)
    job = job_assigned(technician, created_at=noon)

    _cancel(job)

    assert Technician.objects.get(pk=technician.pk).idle_since == noon


# By staff


@pytest.mark.parametrize("status", OPEN)
def test_staff_cancel_any_open_job(noon, admin, status):
    job = JOB_IN[status](created_at=noon)

    job_cancel_by_staff(job_id=job.pk, actor=admin, note="Fraud.")

    after = stored(job)
    assert (after.status, after.cancelled_at, after.next_pass_at) == (JobStatus.CANCELLED, noon, None)
    assert (after.cancel_reason, after.cancel_note, after.cancelled_by) == (CancelReason.STAFF, "Fraud.", Role.ADMIN)
    assert after.technician_id == job.technician_id
    event = last_event(job)
    assert (event.kind, event.actor_id, event.actor_role) == (JobEventKind.CANCELLED, admin.pk, Role.ADMIN)
    assert event.data == {"reason": CancelReason.STAFF, "has_fee": False}
    assert outbox() == rows_of(
        JobCancelled(job_id=job.pk, technician_id=job.technician_id, has_fee=False, cancelled_by=Role.ADMIN)
    )


def test_staff_cancel_is_audited(admin):
    job = job_in_progress()

    job_cancel_by_staff(job_id=job.pk, actor=admin, note="Fraud.")

    entry = AuditEntry.objects.get()
    assert (entry.actor_id, entry.action, entry.reason) == (admin.pk, "job.cancel", "Fraud.")
    assert (entry.target_type, entry.target_id) == ("jobs.Job", str(job.pk))
    assert (entry.before, entry.after) == ({"status": "IN_PROGRESS"}, {"status": "CANCELLED"})


def test_staff_cancel_without_a_fee_even_after_the_grace_period(noon, admin):
    job = job_assigned(created_at=noon - timedelta(hours=1))

    job_cancel_by_staff(job_id=job.pk, actor=admin, note="The technician fell ill.")

    assert price_list(job.pk).count() == 1


@pytest.mark.parametrize("status", all_but(*OPEN))
def test_staff_cannot_cancel_what_is_closed(admin, status):
    job = JOB_IN[status]()

    with nothing_written(), pytest.raises(IllegalTransition) as refusal:
        job_cancel_by_staff(job_id=job.pk, actor=admin, note="Fraud.")

    assert refusal.value.details == {"state": status, "action": "cancel_by_staff"}


@pytest.mark.parametrize("status", [JobStatus.MATCHING, JobStatus.COMPLETED])
@pytest.mark.parametrize("note", ["", "  "])
def test_staff_must_say_why_whatever_the_state(admin, status, note):
    job = JOB_IN[status]()

    with nothing_written(), pytest.raises(Invalid) as refusal:
        job_cancel_by_staff(job_id=job.pk, actor=admin, note=note)

    assert list(refusal.value.details) == ["note"]


# What it would cost


@pytest.mark.parametrize("status", [JobStatus.REQUESTED, JobStatus.MATCHING, JobStatus.UNMATCHED])
def test_preview_before_assignment_is_free(noon, status):
    job = JOB_IN[status](created_at=noon - timedelta(days=1))

    preview = job_cancel_preview(job=job, at=noon)

    assert (preview.fee, preview.free_until) == (Money(0, "USD"), None)


@pytest.mark.parametrize(
    ("after", "fee_minor", "is_free"),
    [(timedelta(0), 0, True), (GRACE, 0, True), (GRACE + SECOND, 2_000, False)],
)
def test_preview_says_until_when_it_is_free(noon, after, fee_minor, is_free):
    job = job_assigned(created_at=noon - after)

    preview = job_cancel_preview(job=job, at=noon)

    assert preview.fee == Money(fee_minor, "USD")
    assert preview.free_until == (noon - after + GRACE if is_free else None)


def test_preview_names_no_end_in_the_past_where_cancelling_is_always_free(noon, settings):
    settings.CANCELLATION_FEE_RATE = Decimal(0)
    job = job_assigned(created_at=noon - timedelta(hours=1))

    preview = job_cancel_preview(job=job, at=noon)

    assert (preview.fee, preview.free_until) == (Money(0, "USD"), None)


@pytest.mark.parametrize("after", [GRACE, GRACE + SECOND])
def test_preview_is_what_is_then_charged(noon, after):
    job = job_assigned(created_at=noon - after)
    preview = job_cancel_preview(job=job, at=clock.now())

    _cancel(job)

    charged = [price.amount for price in price_list(job.pk) if price.kind == PriceKind.CANCELLATION_FEE]
    assert charged == ([preview.fee] if preview.fee.minor else [])


@pytest.mark.parametrize("status", all_but(*OPEN_TO_THE_CUSTOMER))
def test_preview_of_what_cannot_be_cancelled_is_refused(noon, status):
    job = JOB_IN[status](created_at=noon)

    with nothing_written(), pytest.raises(IllegalTransition) as refusal:
        job_cancel_preview(job=job, at=noon)

    assert refusal.value.details == {"state": status, "action": "cancel"}
