"""Each invariant holds over a healthy database, and is found broken when it is broken: with the guards lifted."""

import json
from contextlib import contextmanager
from datetime import timedelta

import pytest
from django.core.management import call_command
from django.db import connection
from django.db.models import F
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.tests.factories import UserFactory
from catalog.tests.factories import ServiceFactory
from fixmate.core import audit, clock, triggers
from fixmate.core.enums import OutboxStatus
from fixmate.core.models import AuditEntry, OutboxMessage
from fixmate.ops.invariants import all_invariants
from jobs.models import Job, JobEvent, JobPrice
from jobs.tests.factories import (
    JobFactory,
    job_assigned,
    job_cancelled,
    job_completed,
    job_in_progress,
    job_matching,
    job_unmatched,
)
from matching.models import Offer
from matching.services import index_clamp_idle
from matching.tests.factories import OfferFactory, offer_accepted, offer_expired, offer_rejected
from payments.models import Payment
from payments.tests.factories import PaymentFactory, payment_captured
from reviews.models import Review
from technicians.models import Dispatchable, Technician
from technicians.tests.factories import TechnicianFactory, skill_add, technician_ready

pytestmark = pytest.mark.django_db


def _broken():
    """Return the names of the invariants that do not hold."""
    return [invariant.name for invariant in all_invariants() if invariant.broken()]


@contextmanager
def _lifted(*constraints):
    """Lift all triggers, and on PostgreSQL the named constraints too: what is broken here no service could break."""
    triggers.drop_triggers()
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")  # else the rows just made stand in the way
        for table, name in constraints:
            _lift(cursor, table, name)
    yield
    triggers.install_triggers()


def _lift(cursor, table, name):
    if connection.vendor == "postgresql":
        cursor.execute(f"ALTER TABLE {table} DROP CONSTRAINT IF EXISTS {name}")
        cursor.execute(f"DROP INDEX IF EXISTS {name}")
        return
    cursor.execute("SELECT count(*) FROM sqlite_master WHERE type = 'index' AND name = %s", [name])
    if cursor.fetchone()[0]:
        cursor.execute(f"DROP INDEX {name}")
    else:
        cursor.execute("PRAGMA ignore_check_constraints = ON")


@pytest.fixture(autouse=True)
def _checks_back_on():
    yield
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA ignore_check_constraints = OFF")


def _sql(statement, *params):
    with connection.cursor() as cursor:
        cursor.execute(statement, params)


def _set(model, pk, **columns):
    """Write columns behind everybody's back, past the lifecycle as well."""
    names = ", ".join(f"{name} = %s" for name in columns)
    key = model._meta.pk.get_db_prep_value(pk, connection)
    _sql(f"UPDATE {model._meta.db_table} SET {names} WHERE {model._meta.pk.column} = %s", *columns.values(), key)


# A healthy database


def test_everything_holds_over_nothing():
    assert _broken() == []


def test_everything_holds_over_jobs_in_every_state():
    JobFactory()
    job_unmatched()
    job_matching()
    job_cancelled()
    OfferFactory()
    closed = [offer_rejected().job_id, offer_expired().job_id]
    Job.objects.filter(pk__in=closed).update(next_pass_at=timezone.now())  # the service sets the timer on
    offer_accepted()
    finished = offer_accepted(created_at=timezone.now() - timedelta(hours=3))
    _finish(finished.job)
    payment_captured(job=finished.job)
    technician = finished.technician
    Review.objects.create(
        job=finished.job, customer=finished.job.customer, technician=technician, rating=4, created_at=timezone.now()
    )
    Technician.objects.filter(pk=technician.pk).update(rating_sum=4, rating_count=1)
    audit.record(actor=UserFactory(admin=True), action="test", target=technician, reason="for the chain")
    OutboxMessage.objects.create(task="x.y")

    assert _broken() == []


def _finish(job):
    job.start(at=job.created_at)
    job.complete(work_summary="Done.", at=job.created_at)
    job.save()
    JobEvent.objects.create(job=job, kind="COMPLETED", status="COMPLETED", at=job.created_at)


# Jobs and offers


@pytest.mark.parametrize("make", [job_assigned, job_in_progress, job_completed])
def test_job_without_its_accepted_offer_is_found(make):
    make()

    assert _broken() == ["job_has_one_accepted_offer"]


def test_job_with_the_accepted_offer_of_another_technician_is_found():
    offer = offer_accepted(created_at=timezone.now() - timedelta(minutes=5))
    with _lifted():
        _set(Offer, offer.pk, technician_id=_key(TechnicianFactory().pk))

    assert _broken() == ["job_has_one_accepted_offer", "offer_fits_job", "answers_are_those_of_the_offers"]


def _key(pk):
    return Technician._meta.pk.get_db_prep_value(pk, connection)


def test_job_with_two_accepted_offers_is_found():
    offer = offer_accepted()
    with _lifted(("matching_offer", "offer_one_live_per_job")):
        second = OfferFactory(job=offer.job, technician=offer.technician, number=2)
        second.accept(at=second.created_at)
        second.save()
        Technician.objects.update(recent_decided=2, recent_accepted=2)

    assert _broken() == ["job_has_one_accepted_offer"]


@pytest.mark.parametrize(("age", "expected"), [(29, []), (31, ["offer_fits_job"])])
def test_open_offer_of_a_cancelled_job_is_found_after_a_moment(age, expected):
    at = timezone.now()
    offer = OfferFactory(job=job_matching(created_at=at - timedelta(minutes=1)), created_at=at)
    offer.job.cancel(reason="NOT_NEEDED", note="", by="CUSTOMER", at=at - timedelta(seconds=age))
    offer.job.save()
    JobEvent.objects.create(job=offer.job, kind="CANCELLED", status="CANCELLED", at=at)

    assert _broken() == expected


@pytest.mark.parametrize(("age", "expected"), [(29, []), (31, ["offer_fits_job"])])
def test_accepted_offer_of_a_job_that_was_given_back_is_found_after_a_moment(age, expected):
    offer = offer_accepted(created_at=timezone.now() - timedelta(minutes=5))
    offer.job.release(at=timezone.now() - timedelta(seconds=age))
    offer.job.save()
    JobEvent.objects.create(job=offer.job, kind="RELEASED", status="MATCHING", at=timezone.now())

    assert _broken() == expected


def test_accepted_offer_of_a_job_cancelled_while_assigned_is_in_order():
    offer = offer_accepted(created_at=timezone.now() - timedelta(minutes=5))
    offer.job.cancel(reason="NOT_NEEDED", note="", by="CUSTOMER", at=timezone.now() - timedelta(minutes=4))
    offer.job.save()
    JobEvent.objects.create(job=offer.job, kind="CANCELLED", status="CANCELLED", at=timezone.now())

    assert _broken() == []


@pytest.mark.parametrize(("late", "expected"), [(9, []), (11, ["offer_expires"])])
def test_offer_open_past_its_deadline_is_found(late, expected):
    OfferFactory(created_at=timezone.now() - timedelta(seconds=60 + late))

    assert _broken() == expected


def test_job_in_matching_with_no_way_on_is_found():
    job = job_matching()
    Job.objects.filter(pk=job.pk).update(next_pass_at=None)

    assert _broken() == ["matching_goes_on"]


def test_job_in_matching_with_an_offer_and_a_timer_is_found():
    offer = OfferFactory()
    Job.objects.filter(pk=offer.job_id).update(next_pass_at=timezone.now())

    assert _broken() == ["matching_goes_on"]


def test_job_in_another_state_than_its_timeline_says_is_found():
    job = JobFactory()
    JobEvent.objects.create(job=job, kind="CANCELLED", status="CANCELLED", at=timezone.now())

    assert _broken() == ["job_is_where_its_timeline_ends"]


def test_job_without_a_timeline_is_found():
    with _lifted():
        JobEvent.objects.filter(job=JobFactory()).delete()

    assert _broken() == ["job_is_where_its_timeline_ends"]


def test_technician_working_on_two_jobs_is_found():
    first = offer_accepted(created_at=timezone.now() - timedelta(hours=5))
    second = offer_accepted(first.technician)
    with _lifted(("jobs_job", "job_one_in_progress_per_technician")):
        for job in (first.job, second.job):
            job.start(at=job.created_at)
            job.save()
            JobEvent.objects.create(job=job, kind="STARTED", status="IN_PROGRESS", at=job.created_at)

    assert _broken() == ["technician_works_on_one_job"]


def test_overlapping_bookings_are_found():
    offer = offer_accepted()
    with _lifted(("jobs_job", "job_no_overlapping_bookings")):
        offer_accepted(offer.technician)

    assert _broken() == ["bookings_do_not_overlap"]


def test_bookings_one_after_the_other_are_in_order():
    at = timezone.now()
    offer = offer_accepted(created_at=at)
    offer_accepted(offer.technician, created_at=at - timedelta(minutes=60))

    assert _broken() == []


# Who may be offered work


@pytest.fixture
def at_work(settings):
    """A technician at work, with one dispatchable row made by the services."""
    settings.POSITION_FRESH_S = 3600
    return technician_ready(ServiceFactory())


def test_dispatchable_rows_that_the_services_made_are_in_order(at_work):
    assert Dispatchable.objects.count() == 1
    assert _broken() == []


@pytest.mark.parametrize(
    "columns",
    [
        {"latitude": 10.0},
        {"longitude": 10.0},
        {"base_latitude": 10.0},
        {"base_longitude": 10.0},
        {"travel_radius_m": 1},
        {"location_at": timezone.now() - timedelta(days=1)},
        {"cell": 1},
        {"base_cell": 1},
        {"is_busy": True},
    ],
    ids=lambda columns: next(iter(columns)),
)
def test_dispatchable_row_that_says_something_else_is_found(at_work, columns):
    Dispatchable.objects.update(**columns)

    assert _broken() == ["dispatchable_is_true"]


@pytest.mark.parametrize(
    "columns",
    [
        {"rank_static": 1.0},
        {"rank_key": F("rank_key") + 1e-5},
        {"rank_key": F("rank_key") - 1e-5},
        {"rank_key": F("rank_static") + 18.0},  # at the cap too early
        {"idle_since": timezone.now() - timedelta(days=1)},
        {"idle_since": None},
    ],
    ids=["static", "key above", "key below", "at the cap too early", "idle since yesterday", "never idle"],
)
def test_dispatchable_row_that_ranks_wrongly_is_found(at_work, columns):
    Dispatchable.objects.update(**columns)

    assert _broken() == ["dispatchable_ranks_right"]


def test_dispatchable_row_at_its_cap_is_in_order(at_work):
    with clock.frozen(timezone.now() + timedelta(hours=3)):
        capped = index_clamp_idle()
        broken = [one.name for one in all_invariants() if one.name == "dispatchable_ranks_right" and one.broken()]

    assert (capped, broken) == (1, [])


def test_dispatchable_row_of_somebody_who_works_and_does_not_say_so_is_found(at_work):
    offer_accepted(at_work)

    assert _broken() == ["dispatchable_is_true", "dispatchable_ranks_right"]  # the factory counts, and ranks nobody


def test_answers_that_no_offer_gave_are_found():
    TechnicianFactory(recent_decided=1)

    assert _broken() == ["answers_are_those_of_the_offers"]


@pytest.mark.parametrize(("days", "expected"), [(29, ["answers_are_those_of_the_offers"]), (31, []), (33, [])])
def test_answers_that_left_the_window_wait_for_the_sweep(days, expected):
    offer = OfferFactory(created_at=timezone.now() - timedelta(days=days))
    offer.reject(reason="BUSY", note="", at=offer.created_at)
    offer.save()
    Job.objects.filter(pk=offer.job_id).update(next_pass_at=timezone.now())

    assert _broken() == expected


@pytest.mark.parametrize("columns", [{"is_online": False}, {"deleted_at": timezone.now()}])
def test_dispatchable_row_of_somebody_not_at_work_is_found(at_work, columns):
    Technician.objects.update(**columns)

    assert _broken() == ["dispatchable_is_true"]


def test_dispatchable_row_without_the_skill_is_found(at_work):
    at_work.skills.all().delete()

    assert _broken() == ["dispatchable_is_true"]


def test_skill_without_its_dispatchable_row_is_found(at_work):
    skill_add(at_work, ServiceFactory())

    assert _broken() == ["dispatchable_is_complete"]


# Money


def test_job_without_a_quote_is_found():
    with _lifted():
        JobPrice.objects.filter(job=JobFactory()).delete()

    assert _broken() == ["job_has_quote"]


def test_second_payment_of_a_job_is_found():
    payment = PaymentFactory()
    with _lifted(("payments_payment", "payment_one_per_job")):
        PaymentFactory(job=payment.job)

    assert _broken() == ["job_has_one_payment"]


def test_payment_that_does_not_add_up_is_found():
    job = offer_accepted(created_at=timezone.now() - timedelta(hours=3)).job
    _finish(job)
    payment = payment_captured(job=job)
    with _lifted(("payments_payment", "payment_split_adds_up")):
        _set(Payment, payment.pk, platform_fee_minor=1)

    assert _broken() == ["payment_adds_up"]


@pytest.mark.parametrize(("age", "expected"), [(59, []), (61, ["completed_job_is_paid"])])
def test_completed_job_without_its_money_is_found_after_a_minute(age, expected):
    job = offer_accepted(created_at=timezone.now() - timedelta(seconds=age)).job
    _finish(job)
    PaymentFactory(job=job)

    assert _broken() == expected


@pytest.mark.parametrize("counted", [{"rating_sum": 5, "rating_count": 1}, {"rating_sum": 4, "rating_count": 2}])
def test_rating_that_is_not_the_sum_of_the_reviews_is_found(counted):
    job = offer_accepted(created_at=timezone.now()).job
    _finish(job)
    Review.objects.create(
        job=job, customer=job.customer, technician=job.technician, rating=4, created_at=timezone.now()
    )
    Technician.objects.filter(pk=job.technician_id).update(**counted)

    assert _broken() == ["rating_is_sum_of_reviews"]


# Background work and the record


def test_dead_work_is_found():
    OutboxMessage.objects.create(task="x.y", status=OutboxStatus.DEAD)

    assert _broken() == ["outbox_has_no_dead_rows"]


@pytest.mark.parametrize(
    ("late", "lease", "expected"),
    [
        (4, None, []),
        (6, None, ["outbox_is_worked_off"]),
        (6, -1, ["outbox_is_worked_off"]),
        (6, 1, []),  # somebody is at it now
    ],
)
def test_work_nobody_takes_is_found(late, lease, expected):
    at = timezone.now()
    lease_until = None if lease is None else at + timedelta(minutes=lease)
    OutboxMessage.objects.create(task="x.y", run_at=at - timedelta(minutes=late), lease_until=lease_until)

    assert _broken() == expected


def test_changed_audit_row_is_found():
    audit.record(actor=UserFactory(admin=True), action="test", target=ServiceFactory(), reason="because")
    with _lifted():
        AuditEntry.objects.update(reason="for no reason")

    assert _broken() == ["audit_chain_is_whole"]


def test_missing_trigger_is_found():
    name = "jobs_jobevent_no_update"
    _sql(f"DROP TRIGGER {name}" + (" ON jobs_jobevent" if connection.vendor == "postgresql" else ""))

    [broken] = [invariant for invariant in all_invariants() if invariant.broken()]

    assert (broken.name, broken.broken()) == ("triggers_are_there", [name])


# The command


def test_check_invariants_prints_a_line_each(capsys):
    call_command("check_invariants")

    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == len(all_invariants()) + 1
    assert all(line.startswith("holds ") for line in lines[:-1])
    assert lines[-1] == f"{len(all_invariants())} invariants checked, 0 broken"


def test_check_invariants_shows_the_first_rows_of_a_broken_one_and_fails(capsys):
    for number in range(7):
        OutboxMessage.objects.create(task=f"x.{number}", status=OutboxStatus.DEAD)

    with pytest.raises(SystemExit) as ended:
        call_command("check_invariants")

    out = capsys.readouterr().out
    assert ended.value.code == 1
    assert "BROKEN      7  outbox_has_no_dead_rows" in out
    assert "x.4" in out
    assert "x.5" not in out
    assert "and 2 more" in out


def test_check_invariants_as_json(capsys):
    OutboxMessage.objects.create(task="x.y", status=OutboxStatus.DEAD)

    with pytest.raises(SystemExit):
        call_command("check_invariants", json=True)

    found = json.loads(capsys.readouterr().out)
    assert (found["checked"], found["broken"]) == (len(all_invariants()), 1)
    [broken] = [row for row in found["invariants"] if row["broken"]]
    assert (broken["name"], broken["broken"]) == ("outbox_has_no_dead_rows", 1)
    assert broken["rows"][0].startswith("x.y #")


def test_check_invariants_changes_nothing():
    with CaptureQueriesContext(connection) as captured:
        call_command("check_invariants", json=True)

    verbs = {query["sql"].split()[0].strip("(") for query in captured}
    assert verbs <= {"SELECT", "DECLARE"}
