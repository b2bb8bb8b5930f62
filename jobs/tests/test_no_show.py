"""The customer is not there: what the technician at the door has to have done, and what becomes of the job."""

from datetime import timedelta
from decimal import Decimal
from functools import partial

import pytest

from accounts.enums import Role
from fixmate.core import clock
from fixmate.core.errors import IllegalTransition, NotFound
from fixmate.core.models import AuditEntry
from fixmate.core.money import Money
from fixmate.core.tests.http import client_for
from jobs.enums import CancelReason, JobEventKind, JobStatus, LineKind, PriceKind
from jobs.errors import LocationStale, NoShowTooEarly, TooFarFromJob
from jobs.events import JobCancelled
from jobs.figures import released_count
from jobs.models import Job, JobEvent
from jobs.rules import no_show_from, start_code
from jobs.selectors import price_current, price_list
from jobs.services import job_no_show_by_technician, job_release_by_technician, job_start_by_technician
from jobs.services.erasure import job_erase_customer
from jobs.tests.factories import JOB_IN, job_assigned, job_nobody_opens
from jobs.tests.helpers import (
    all_but,
    changed,
    last_event,
    north_of,
    nothing_written,
    outbox,
    put,
    rows_of,
    stored,
)
from jobs.tests.http import code_of, details_of, post, url_of
from technicians.models import Position, Technician
from technicians.tests.factories import TechnicianFactory

pytestmark = pytest.mark.django_db
WAIT = timedelta(minutes=15)
SECOND = timedelta(seconds=1)


@pytest.fixture(autouse=True)
def _rules(settings):
    settings.NO_SHOW_WAIT_MINUTES = 15
    settings.START_MAX_DISTANCE_M = 500
    settings.START_MAX_POSITION_AGE_S = 600
    settings.CANCELLATION_FEE_RATE = Decimal("0.20")


@pytest.fixture
def job(noon):
    """A job whose technician is at the door and has waited just long enough."""
    job = job_nobody_opens(created_at=noon - WAIT)
    put(job.technician, north_of(job, 30), noon - timedelta(seconds=20))
    return job


def _no_show(job, *, by=None, **kwargs):
    return job_no_show_by_technician(job_id=job.pk, actor=(by or job.technician).user, **kwargs)


# What becomes of it


def test_no_show_calls_the_job_off_by_its_technician(job, noon):
    _no_show(job, note="Rang three times.")

    after = stored(job)
    assert changed(job, after) == {"status", "cancelled_at", "cancel_reason", "cancel_note", "cancelled_by"}
    assert (after.status, after.cancelled_at, after.technician_id) == (JobStatus.CANCELLED, noon, job.technician_id)
    assert (after.cancel_reason, after.cancel_note) == (CancelReason.NO_SHOW, "Rang three times.")
    assert after.cancelled_by == Role.TECHNICIAN


def test_no_show_is_on_record_with_where_he_was_and_everybody_is_told(job, noon):
    _no_show(job, note="Rang three times.")

    event = last_event(job)
    assert (event.kind, event.status, event.at) == (JobEventKind.CANCELLED, JobStatus.CANCELLED, noon)
    assert (event.actor_id, event.actor_role, event.note) == (
        job.technician.user_id,
        Role.TECHNICIAN,
        "Rang three times.",
    )
    facts = {"reason": CancelReason.NO_SHOW, "has_fee": True}
    assert event.data == {**facts, "away_m": 30, "position_age_s": 20}
    assert outbox() == rows_of(
        JobCancelled(job_id=job.pk, technician_id=job.technician_id, has_fee=True, cancelled_by=Role.TECHNICIAN)
    )
    assert AuditEntry.objects.count() == 0


def test_no_show_costs_the_share_of_the_quote_split_as_the_price_was(job, noon):
    _no_show(job)

    price = price_current(job.pk)
    assert (price.revision, price.kind, price.amount) == (2, PriceKind.CANCELLATION_FEE, Money(2_000, "USD"))
    assert (price.fee_rate, price.fee_source, price.created_at) == (Decimal("0.1500"), "standard", noon)
    assert (price.platform_fee_minor, price.technician_earnings_minor) == (300, 1_700)
    (line,) = price.lines.all()
    assert (line.kind, line.quantity, line.unit_minor) == (LineKind.CANCELLATION_FEE, Decimal("0.2000"), 10_000)
    assert line.description == "Nobody was there for the visit: this share of the price"


def test_no_show_costs_the_fee_within_the_grace_period_too(job, settings):
    settings.CANCELLATION_GRACE_S = 86_400

    _no_show(job)

    assert price_current(job.pk).amount_minor == 2_000


def test_no_show_costs_nothing_where_late_cancellations_cost_nothing(job, settings):
    settings.CANCELLATION_FEE_RATE = Decimal(0)

    _no_show(job)

    assert [price.kind for price in price_list(job.pk)] == [PriceKind.QUOTE]
    assert last_event(job).data["has_fee"] is False


def test_no_show_leaves_the_technician_free_and_his_figures_as_they_were(noon):
    technician = TechnicianFactory(is_online=True, jobs_assigned=1)
    job = job_nobody_opens(technician, created_at=noon - WAIT)
    put(technician, north_of(job, 0), noon)
    before = Technician.objects.filter(pk=technician.pk).values().get()

    _no_show(job)

    after = Technician.objects.filter(pk=technician.pk).values().get()
    assert {name for name in after if after[name] != before[name]} == {"idle_since"}
    assert after["idle_since"] == noon
    assert [row["jobs_released"] for row in released_count([technician.pk])] == [0]
    assert stored(job).rematch_count == 0


# At the door, as to start


def test_no_show_takes_a_position_along(noon):
    job = job_nobody_opens(created_at=noon - WAIT)

    _no_show(job, here=north_of(job, 100))

    assert Position.objects.get(technician=job.technician).latitude == north_of(job, 100).latitude
    assert last_event(job).data["away_m"] == 100


@pytest.mark.parametrize("age_s", [None, 601])
def test_no_show_without_a_fresh_position_is_refused(job, noon, age_s):
    Position.objects.all().delete()
    if age_s:
        put(job.technician, north_of(job, 0), noon - timedelta(seconds=age_s))

    with nothing_written(), pytest.raises(LocationStale) as refusal:
        _no_show(job)

    assert refusal.value.details == {"age_s": age_s, "limit_s": 600}


@pytest.mark.parametrize("create", [job_assigned, job_nobody_opens])
def test_no_show_from_too_far_is_refused_and_begins_no_wait(noon, create):
    job = create(created_at=noon - WAIT)

    with nothing_written(), pytest.raises(TooFarFromJob) as refusal:
        _no_show(job, here=north_of(job, 501))

    assert refusal.value.details == {"distance_m": 501, "limit_m": 500}


# The wait


def test_wait_begins_with_the_first_call_however_long_ago_he_was_assigned(noon):
    job = job_assigned(created_at=noon - timedelta(hours=3))
    put(job.technician, north_of(job, 0), noon)
    before = stored(job)

    with pytest.raises(NoShowTooEarly) as refusal:
        _no_show(job)

    assert refusal.value.details == {"from": "2026-03-02T12:15:00+00:00", "server_now": "2026-03-02T12:00:00+00:00"}
    after = stored(job)
    assert (changed(before, after), after.waiting_from) == ({"waiting_from"}, noon)
    assert ([price.kind for price in price_list(job.pk)], outbox()) == ([PriceKind.QUOTE], [])


def test_call_before_the_wait_is_over_changes_nothing(noon):
    job = job_nobody_opens(created_at=noon - WAIT + SECOND)
    put(job.technician, north_of(job, 0), noon)

    with nothing_written(), pytest.raises(NoShowTooEarly) as refusal:
        _no_show(job)

    assert refusal.value.details == {"from": "2026-03-02T12:00:01+00:00", "server_now": "2026-03-02T12:00:00+00:00"}


def test_who_calls_again_after_the_wait_has_waited(noon):
    job = job_assigned(created_at=noon)
    with pytest.raises(NoShowTooEarly):
        _no_show(job, here=north_of(job, 0))

    with clock.frozen(noon + WAIT):
        _no_show(job, here=north_of(job, 0))

    assert stored(job).cancel_reason == CancelReason.NO_SHOW


def test_without_a_wait_the_first_call_is_enough(noon, settings):
    settings.NO_SHOW_WAIT_MINUTES = 0
    job = job_assigned(created_at=noon)

    _no_show(job, here=north_of(job, 0))

    assert stored(job).cancel_reason == CancelReason.NO_SHOW


@pytest.mark.parametrize(("booked_from", "begins"), [(-60, 0), (0, 0), (60, 60)])
def test_wait_begins_when_he_comes_but_not_before_the_hour(noon, booked_from, begins):
    job = Job(booked_from=noon + timedelta(minutes=booked_from))

    assert no_show_from(job, noon) == noon + timedelta(minutes=begins) + WAIT


def test_wait_is_forgotten_with_the_technician_who_gave_the_job_back(noon):
    job = job_nobody_opens(created_at=noon - WAIT)

    job_release_by_technician(job_id=job.pk, actor=job.technician.user, reason=CancelReason.CANNOT_COME)

    assert stored(job).waiting_from is None


def test_wait_is_forgotten_when_somebody_opens(noon):
    job = job_nobody_opens(created_at=noon - WAIT)
    put(job.technician, north_of(job, 0), noon)

    job_start_by_technician(job_id=job.pk, actor=job.technician.user, start_code=start_code(job))

    assert stored(job).waiting_from is None


# Whose and when


@pytest.mark.parametrize("status", all_but(JobStatus.ASSIGNED))
def test_no_show_is_possible_from_assigned_alone(noon, status):
    job = JOB_IN[status](created_at=noon - WAIT)
    technician = job.technician or TechnicianFactory()
    put(technician, north_of(job, 0), noon)

    with nothing_written(), pytest.raises(IllegalTransition if job.technician else NotFound) as refusal:
        _no_show(job, by=technician)

    assert refusal.value.details == ({"state": status, "action": "no_show"} if job.technician else {})


def test_no_show_of_a_job_called_off_on_the_way_is_refused(job, noon):
    job.cancel(reason=CancelReason.NOT_NEEDED, note="", by=Role.CUSTOMER, at=noon)
    job.save()

    with nothing_written(), pytest.raises(IllegalTransition):
        _no_show(job)


def test_no_show_of_somebody_elses_job_is_not_found(job):
    stranger = TechnicianFactory()

    with nothing_written(), pytest.raises(NotFound):
        _no_show(job, by=stranger)


# Over HTTP


def test_no_show_over_http(job):
    answer = post(job.technician.user, job, "no-show", {"note": "Rang three times."})

    shown = answer.json()
    assert (answer.status_code, shown["status"], shown["cancel_reason"]) == (200, "CANCELLED", "NO_SHOW")
    assert (shown["cancelled_by"], shown["price"]) == ("TECHNICIAN", {"amount": "20.00", "currency": "USD"})


def test_no_show_too_early_over_http_says_from_when(noon):
    job = job_assigned(created_at=noon)
    there = north_of(job, 0)

    answer = post(job.technician.user, job, "no-show", {"latitude": there.latitude, "longitude": there.longitude})

    assert code_of(answer) == (409, "NO_SHOW_TOO_EARLY")
    assert set(answer.json()["error"]["details"]) == {"from", "server_now"}


def test_no_show_with_a_key_begins_the_wait_and_may_be_sent_again_with_it(noon):
    job = job_assigned(created_at=noon)
    there = north_of(job, 0)
    call = partial(
        client_for(job.technician.user).post,
        url_of(job, "no-show"),
        {"latitude": there.latitude, "longitude": there.longitude},
        headers={"Idempotency-Key": "nobody-opens"},
    )

    early = call()
    with clock.frozen(noon + WAIT):
        late = call()

    assert code_of(early) == (409, "NO_SHOW_TOO_EARLY")
    assert (late.status_code, late.json()["cancel_reason"]) == (200, "NO_SHOW")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"note": "x" * 1_001}, "note"),
        ({"note": None}, "note"),
        ({"latitude": 42.36}, "latitude"),
        ({"reason": "NO_SHOW"}, "reason"),
        ({"fee": "0"}, "fee"),
    ],
)
def test_no_show_refuses_a_bad_body(job, body, field):
    with nothing_written():
        answer = post(job.technician.user, job, "no-show", body)

    assert details_of(answer) == {field}


# Afterwards


def test_note_of_a_no_show_goes_with_the_account_of_who_wrote_it(job):
    _no_show(job, note="Rang three times.")

    job_erase_customer(job.technician.user)

    assert stored(job).cancel_note == ""
    assert not JobEvent.objects.filter(job=job).exclude(note="").exists()


def test_note_of_a_no_show_stays_on_the_timeline_when_the_customer_goes(job):
    _no_show(job, note="Rang three times.")

    job_erase_customer(job.customer)

    assert (stored(job).cancel_note, last_event(job).note) == ("", "Rang three times.")
