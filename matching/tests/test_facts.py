"""What is gathered about technicians from the rows of several apps."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from catalog.tests.factories import ServiceFactory
from jobs.enums import BlockSide
from jobs.models import Block
from jobs.tests.factories import JobFactory, job_assigned, job_completed, job_in_progress
from matching.enums import Gate, RejectReason
from matching.facts import facts_of
from matching.gates import MissingDocument, Search, Visit, verdicts_of
from matching.memory import Memory, Refusal
from matching.models import Exclusion
from matching.tests.factories import OfferFactory, offer_rejected
from technicians.enums import DocumentStatus
from technicians.models import Dispatchable, Document, Technician
from technicians.tests.factories import DocumentFactory, technician_ready

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)
MEMORY = Memory(refusal_s=7 * 86_400, busy_s=1800)


@pytest.fixture
def job(noon):
    return JobFactory(created_at=noon)


@pytest.fixture
def technician(job):
    return technician_ready(job.service, latitude=42.37)


def search_of(job, start, **kwargs):
    return Search(job.pk, start, start, start + HOUR, 6000, False, memory=MEMORY, **kwargs)


def facts(job, search):
    rows = Dispatchable.objects.select_related("technician__user").order_by("pk")
    return facts_of(job=job, search=search, rows=list(rows))


def only(job, search):
    (one,) = facts(job, search)
    return one


def test_good_technician_passes_every_gate(job, technician, noon):
    one = only(job, search_of(job, noon))

    assert (one.technician, one.tried, one.visits, one.refusals, one.blocked_by) == (technician, "", (), (), None)
    assert [verdict.gate for verdict in verdicts_of(search_of(job, noon), one) if not verdict.passed] == []


# Documents


@pytest.mark.parametrize(
    ("zone", "start", "last_day", "is_missing"),
    [
        ("UTC", datetime(2026, 3, 2, 22, 0, tzinfo=UTC), date(2026, 3, 2), False),
        ("UTC", datetime(2026, 3, 2, 23, 0, tzinfo=UTC), date(2026, 3, 2), False),
        ("UTC", datetime(2026, 3, 2, 23, 1, tzinfo=UTC), date(2026, 3, 2), True),
        ("UTC", datetime(2026, 3, 2, 23, 1, tzinfo=UTC), date(2026, 3, 3), False),
        ("America/New_York", datetime(2026, 3, 3, 3, 30, tzinfo=UTC), date(2026, 3, 2), False),
        ("America/New_York", datetime(2026, 3, 3, 4, 30, tzinfo=UTC), date(2026, 3, 2), True),
        ("Asia/Tokyo", datetime(2026, 3, 2, 15, 0, tzinfo=UTC), date(2026, 3, 2), True),
    ],
)
def test_documents_have_to_last_through_the_visit_in_his_own_zone(job, technician, zone, start, last_day, is_missing):
    Technician.objects.update(time_zone=zone)
    Document.objects.update(expires_on=last_day)

    one = only(job, search_of(job, start))

    assert one.missing_documents == ((MissingDocument("IDENTITY", last_day),) if is_missing else ())


def test_document_that_the_sweep_ended_by_utc_is_good_while_it_is_still_that_day_where_he_lives(job, technician):
    Technician.objects.update(time_zone="America/New_York")
    Document.objects.update(expires_on=date(2026, 3, 2))
    document = Document.objects.get()
    document.expire()
    document.save()

    one = only(job, search_of(job, datetime(2026, 3, 3, 3, 0, tzinfo=UTC)))

    assert (document.status, one.missing_documents) == (DocumentStatus.EXPIRED, ())


def test_newest_of_several_documents_of_a_kind_counts(job, technician, noon):
    Document.objects.update(expires_on=date(2026, 3, 1))
    DocumentFactory(technician=technician, approved=True, expires_on=date(2026, 2, 1))
    DocumentFactory(technician=technician, expires_on=date(2030, 1, 1))

    assert only(job, search_of(job, noon)).missing_documents == (MissingDocument("IDENTITY", date(2026, 3, 1)),)


def test_kind_never_approved_is_missing_without_a_day(job, technician, noon, settings):
    settings.REQUIRED_DOCUMENTS = ["IDENTITY", "INSURANCE"]

    assert only(job, search_of(job, noon)).missing_documents == (MissingDocument("INSURANCE", None),)


# Other work


def test_visits_are_what_he_is_booked_for_with_the_way_between(job, technician, noon):
    far = {"latitude": 42.36 + 0.0899322}  # 10 km north, 31.2 minutes
    job_assigned(technician, created_at=noon + 4 * HOUR, **far)
    job_completed(technician, created_at=noon - 4 * HOUR)

    (visit,) = only(job, search_of(job, noon)).visits

    assert (visit.begins, visit.ends, visit.is_under_way) == (noon + 4 * HOUR, noon + 5 * HOUR, False)
    assert visit.way_min == pytest.approx(31.2, abs=0.01)


def test_work_in_progress_reaches_from_its_real_start_to_now_at_least(job, technician, noon):
    over = job_in_progress(technician, created_at=noon - 5 * HOUR)
    over.started_at = noon - 6 * HOUR
    over.save()

    assert only(job, search_of(job, noon)).visits == (Visit(noon - 6 * HOUR, noon, 0.0, is_under_way=True),)


def test_overlong_way_from_work_to_work_is_refused_by_the_gate(job, technician, noon):
    job_assigned(technician, created_at=noon - HOUR, latitude=42.36 + 0.0899322)

    verdicts = verdicts_of(search_of(job, noon), only(job, search_of(job, noon)))

    (refusal,) = [verdict for verdict in verdicts if not verdict.passed]
    assert (refusal.gate, refusal.reason) == (Gate.FREE, "from your work before you could be there at 12:31")


# Who keeps apart


def test_exclusions_hold_for_that_job_alone(job, technician, noon):
    Exclusion.objects.create(
        job=job, technician=technician, reason="Complaint", created_by=job.customer, created_at=noon
    )
    other = JobFactory(service=job.service, created_at=noon)

    assert [only(each, search_of(each, noon)).is_excluded for each in (job, other)] == [True, False]


@pytest.mark.parametrize("side", list(BlockSide))
def test_blocks_keep_both_apart_whoever_set_them_until_lifted(job, technician, noon, side):
    block = Block.objects.create(customer=job.customer, technician=technician, set_by=side, job=job, created_at=noon)
    stranger = JobFactory(service=job.service, created_at=noon)

    blocked = [only(each, search_of(each, noon)).blocked_by for each in (job, stranger)]
    block.lifted_at = noon
    block.save()

    assert (blocked, only(job, search_of(job, noon)).blocked_by) == ([side, None], None)


# What he declined


def test_refusals_of_the_memory_are_gathered_and_nothing_older(job, technician, noon):
    old = noon - timedelta(days=7)
    for at, reason in [(old, "TOO_FAR"), (old + HOUR, "TOO_FAR"), (noon - HOUR, "OTHER"), (noon - HOUR, "PRICE")]:
        offer_rejected(reason=RejectReason(reason), technician=technician, created_at=at)
    same = JobFactory(service=job.service, created_at=noon)
    offer_rejected(reason=RejectReason.BUSY, technician=technician, created_at=noon, job=same)
    offer_rejected(created_at=noon)

    refusals = only(job, search_of(job, noon)).refusals

    assert refusals == (
        Refusal(RejectReason.TOO_FAR, old + HOUR, 1200, 8500, is_same_service=False),
        Refusal(RejectReason.PRICE, noon - HOUR, 1200, 8500, is_same_service=False),
        Refusal(RejectReason.BUSY, noon, 1200, 8500, is_same_service=True),
    )


def test_search_without_memory_gathers_no_refusals(job, technician, noon):
    offer_rejected(technician=technician, created_at=noon)

    assert only(job, replace(search_of(job, noon), memory=Memory())).refusals == ()


# Cost


@pytest.mark.parametrize("technician_count", [1, 4])
def test_facts_take_a_constant_number_of_queries(noon, technician_count, django_assert_num_queries):
    service = ServiceFactory()
    job = JobFactory(service=service, created_at=noon)
    for number in range(technician_count):
        technician = technician_ready(service)
        job_assigned(technician, created_at=noon)
        offer_rejected(technician=technician, created_at=noon)
        if number:
            OfferFactory(technician=technician, created_at=noon)
    rows = list(Dispatchable.objects.select_related("technician__user"))

    with django_assert_num_queries(9):
        facts_of(job=job, search=search_of(job, noon), rows=rows)
