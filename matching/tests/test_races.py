"""Races on PostgreSQL, where writers really meet; each with a control that shows the harness can see the bug."""

import time
from collections import Counter
from datetime import timedelta
from functools import partial
from threading import Barrier, Event

import pytest
from django.db import connection, transaction

from accounts.tests.factories import UserFactory
from catalog.tests.factories import ServiceFactory
from fixmate.core import clock
from fixmate.core.errors import DomainError
from fixmate.core.tests.http import client_for
from fixmate.core.tests.races import at_once
from jobs.enums import CancelReason, JobStatus
from jobs.models import Job, JobEvent
from jobs.selectors import job_get_locked
from jobs.services import job_cancel_by_customer
from jobs.tests.factories import JobFactory
from matching.enums import OfferStatus, RejectReason
from matching.facts import facts_of
from matching.gates import verdicts_of
from matching.models import Offer
from matching.rules import rules_for
from matching.services import matching_run_pass, offer_accept, offer_expire_due, offer_reject
from matching.services.search import search_for
from technicians.models import Dispatchable
from technicians.selectors import technician_get_locked
from technicians.services import position_record, technician_approve, technician_go_online
from technicians.tests.factories import DocumentFactory, TechnicianFactory, skill_add, technician_ready

OTHER = RejectReason.OTHER
pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]


def codes(answers):
    return [answer.code if isinstance(answer, DomainError) else answer for answer in answers]


def offered(service=None):
    """An offer as the engine makes it."""
    job = JobFactory(service=service or ServiceFactory())
    technician_ready(job.service)
    matching_run_pass(job_id=job.pk)
    return Offer.objects.select_related("technician__user", "job__customer").get(job=job)


@pytest.mark.parametrize("_round", range(5))
def test_sixteen_accepts_over_http_give_one_success_and_fifteen_conflicts(_round):
    offer = offered()

    def accept():
        response = client_for(offer.technician.user).post(f"/api/v1/offers/{offer.pk}/accept")
        return response.status_code, response.json().get("error", {}).get("code")

    answers = Counter(at_once(*[accept] * 16))

    assert answers == {(200, None): 1, (409, "OFFER_CLOSED"): 15}
    assert JobEvent.objects.filter(status=JobStatus.ASSIGNED).count() == 1


def test_control_without_any_lock_the_same_race_is_won_more_than_once():
    offer = offered()

    def accept_unlocked():
        seen = Offer.objects.get(pk=offer.pk)
        barrier.wait()
        seen.accept(at=clock.now())
        return "won"

    barrier = Barrier(4)
    answers = at_once(*[accept_unlocked] * 4)

    assert answers.count("won") == 4


def let_run_out(offer, *, in_ms):
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")  # lifts the trigger that freezes deadlines
        Offer.objects.filter(pk=offer.pk).update(expires_at=clock.now() + timedelta(milliseconds=in_ms))


@pytest.mark.parametrize("_round", range(10))
def test_accept_and_expiry_at_the_deadline_end_in_one_state(_round):
    offer = offered()
    let_run_out(offer, in_ms=15)

    answers = at_once(
        lambda: offer_accept(offer_id=offer.pk, actor=offer.technician.user).status,
        *[offer_expire_due] * 3,
    )
    offer_expire_due()

    offer = Offer.objects.get()
    job = Job.objects.get()
    answers = codes(answers)
    is_accepted = answers[0] == OfferStatus.ACCEPTED
    assert answers[0] in {OfferStatus.ACCEPTED, "OFFER_EXPIRED"}
    if is_accepted:
        assert (offer.status, job.status) == (OfferStatus.ACCEPTED, JobStatus.ASSIGNED)
        assert offer.closed_at < offer.expires_at
    else:
        expire_again_after(offer)
        assert (Offer.objects.get().status, Job.objects.get().status) == (OfferStatus.EXPIRED, JobStatus.MATCHING)


def expire_again_after(offer):
    while clock.now() < offer.expires_at:
        pass
    offer_expire_due()


def test_sweep_passes_by_an_offer_that_somebody_is_at():
    held, free = offered(), offered()
    let_run_out(held, in_ms=-20)
    let_run_out(free, in_ms=-10)
    is_held, is_swept = Event(), Event()

    def hold():
        with transaction.atomic():
            job_get_locked(held.job_id)
            is_held.set()
            return is_swept.wait(timeout=5)

    def sweep():
        is_held.wait(timeout=5)
        count = offer_expire_due()
        is_swept.set()
        return count

    answers = at_once(hold, sweep)

    assert answers == [True, 1]
    assert Offer.objects.get(pk=free.pk).status == OfferStatus.EXPIRED
    assert Offer.objects.get(pk=held.pk).status == OfferStatus.PENDING
    assert offer_expire_due() == 1


@pytest.mark.parametrize("_round", range(5))
def test_accept_and_cancel_end_in_one_state(_round):
    offer = offered()

    answers = at_once(
        lambda: offer_accept(offer_id=offer.pk, actor=offer.technician.user).status,
        lambda: (
            job_cancel_by_customer(job_id=offer.job_id, actor=offer.job.customer, reason=CancelReason.NOT_NEEDED).status
        ),
    )

    job = Job.objects.get()
    assert job.status == JobStatus.CANCELLED
    assert codes(answers) in (["OFFER_CLOSED", "CANCELLED"], ["ACCEPTED", "CANCELLED"])
    assert (job.technician_id is None) == (codes(answers)[0] == "OFFER_CLOSED")


def test_ten_jobs_at_once_spread_over_the_technicians():
    service = ServiceFactory()
    technicians = [technician_ready(service) for _ in range(6)]
    jobs = [JobFactory(service=service) for _ in range(10)]

    at_once(*[lambda job=job: matching_run_pass(job_id=job.pk) and None for job in jobs])

    holders = list(Offer.objects.filter(status=OfferStatus.PENDING).values_list("technician_id", flat=True))
    assert sorted(holders) == sorted(technician.pk for technician in technicians)


def test_passes_of_one_job_at_once_make_one_offer():
    service = ServiceFactory()
    for _ in range(4):
        technician_ready(service)
    job = JobFactory(service=service)

    at_once(*[lambda: matching_run_pass(job_id=job.pk) and None] * 8)

    assert Offer.objects.filter(job=job).count() == 1


@pytest.mark.parametrize("_round", range(3))
def test_passes_that_look_at_each_others_technicians_do_not_wait_crosswise(_round):
    """Each writes a decision about the technician whom the other holds: only his key is locked for that, and shared."""
    service = ServiceFactory()
    jobs = [JobFactory(service=service, latitude=42.36 + number * 0.02) for number in range(4)]
    nearest = [technician_ready(service, latitude=job.latitude, longitude=job.longitude) for job in jobs]

    at_once(*[partial(matching_run_pass, job_id=job.pk) for job in jobs])

    assert {offer.job_id: offer.technician_id for offer in Offer.objects.all()} == {
        job.pk: technician.pk for job, technician in zip(jobs, nearest, strict=True)
    }


def test_technician_whose_lock_was_waited_for_has_his_whole_time():
    job = JobFactory()
    technician = technician_ready(job.service)
    is_held, began = Event(), Event()

    def hold():
        with transaction.atomic():
            technician_get_locked(technician.pk)
            is_held.set()
            began.wait(timeout=20)
            time.sleep(0.5)
            return clock.now()

    def search():
        is_held.wait(timeout=20)
        began.set()
        return matching_run_pass(job_id=job.pk).started_at

    let_go_at, started_at = at_once(hold, search)

    offer = Offer.objects.get()
    assert started_at < let_go_at <= offer.created_at
    assert offer.expires_at - offer.created_at == timedelta(seconds=60)


@pytest.mark.parametrize("_round", range(5))
def test_rejects_and_passes_about_the_same_people_do_not_wait_crosswise(_round):
    service = ServiceFactory()
    for _ in range(3):
        technician_ready(service)
    jobs = [JobFactory(service=service) for _ in range(6)]
    at_once(*[partial(matching_run_pass, job_id=job.pk) for job in jobs])
    offers = list(Offer.objects.filter(status=OfferStatus.PENDING).select_related("technician__user"))

    at_once(
        *[partial(offer_reject, offer_id=one.pk, actor=one.technician.user, reason=OTHER) for one in offers],
        *[partial(matching_run_pass, job_id=job.pk) for job in jobs],
    )

    assert len(offers) == 3
    assert set(Offer.objects.filter(pk__in=[one.pk for one in offers]).values_list("status", flat=True)) == {"REJECTED"}


def test_accept_locks_the_job_and_the_offer_before_it_writes(django_assert_max_num_queries):
    offer = offered()

    with django_assert_max_num_queries(40) as queries:
        offer_accept(offer_id=offer.pk, actor=offer.technician.user)

    statements = [query["sql"] for query in queries.captured_queries]
    locks = [sql for sql in statements if " FOR UPDATE" in sql or " FOR NO KEY UPDATE" in sql]
    first_write = next(number for number, sql in enumerate(statements) if sql.startswith(("UPDATE", "INSERT")))
    order = ["jobs_job", "matching_offer", "technicians_technician"]
    assert [table for sql in locks[:3] for table in order if f'FROM "{table}"' in sql] == order
    assert all(statements.index(sql) < first_write for sql in locks[:3])


# Ten jobs and ten newly verified technicians at once


def newcomer(service, number):
    """A technician who has applied and shown his papers, and only waits to be approved."""
    technician = TechnicianFactory(pending=True)
    skill_add(technician, service)
    DocumentFactory(technician=technician, approved=True)
    position_record(technician_id=technician.pk, latitude=42.36 + number / 1000, longitude=-71.06)
    return technician


def test_ten_jobs_and_ten_newly_verified_technicians_at_once_make_ten_offers_to_ten_people():
    service, staff = ServiceFactory(), UserFactory(admin=True)
    technicians = [newcomer(service, number) for number in range(10)]
    jobs = [JobFactory(service=service) for _ in range(10)]

    def begin(technician):
        technician_approve(technician_id=technician.pk, actor=staff, reason="Checked")
        technician_go_online(technician_id=technician.pk)

    def search(job):
        matching_run_pass(job_id=job.pk)

    calls = [partial(begin, technician) for technician in technicians] + [partial(search, job) for job in jobs]
    at_once(*calls)
    for _ in range(10):  # whoever found nobody in the tumult looks again, as its timer would have it
        at_once(*[partial(search, job) for job in jobs])

    asked = list(Offer.objects.values_list("job_id", "technician_id", "status"))
    assert len(asked) == 10
    assert {job_id for job_id, _, _ in asked} == {job.pk for job in jobs}
    assert {technician_id for _, technician_id, _ in asked} == {technician.pk for technician in technicians}
    assert {status for _, _, status in asked} == {OfferStatus.PENDING}


def test_control_without_the_constraint_jobs_at_once_would_ask_one_person():
    service = ServiceFactory()
    for number in range(6):
        technician_ready(service, latitude=42.36 + number / 1000)
    jobs = [JobFactory(service=service) for _ in range(6)]
    barrier = Barrier(6)

    def choose(job):
        search = search_for(job, rules_for(service.pk), clock.now(), pays_minor=0)
        rows = list(Dispatchable.objects.filter(service=service).select_related("technician").order_by("latitude"))
        free = [one for one in facts_of(job=job, search=search, rows=rows) if all_pass(search, one)]
        barrier.wait(timeout=20)
        return free[0].technician.pk

    chosen = at_once(*[partial(choose, job) for job in jobs])

    assert len(set(chosen)) == 1


def all_pass(search, facts):
    return all(verdict.passed for verdict in verdicts_of(search, facts))
