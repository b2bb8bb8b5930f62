"""What the gates say afterwards of a technician as he was: the same as they said then, for everybody looked at."""

from datetime import timedelta
from random import Random

import pytest

from accounts.tests.factories import UserFactory
from catalog.tests.factories import ServiceFactory
from fixmate.core import clock
from fixmate.core.errors import DomainError
from jobs.enums import BlockSide, CancelReason, JobStatus, PriceKind
from jobs.models import Block, Job
from jobs.services import job_complete_by_technician, job_release_by_technician, job_start_by_technician
from jobs.tests.factories import JobFactory, job_matching, price_for
from matching.enums import Gate, OfferStatus, PassOutcome, RejectReason
from matching.models import CandidateDecision, Exclusion, MatchingPass, Offer
from matching.services import (
    job_exclude,
    matching_run_pass,
    offer_accept,
    offer_expire_due,
    offer_mark_seen,
    offer_reject,
    service_rules_set,
)
from matching.services.explain import accounts_of, looks_of
from matching.tests.factories import OfferFactory, offer_expired, offer_rejected
from technicians.availability import Slot
from technicians.models import Technician
from technicians.services import (
    availability_replace,
    position_record,
    technician_go_offline,
    technician_go_online,
    technician_profile_update,
    technician_reinstate,
    technician_suspend,
    time_off_add,
)
from technicians.tests.factories import TechnicianFactory, skill_add, technician_ready

pytestmark = pytest.mark.django_db
KM = 0.009  # degrees of latitude, nearly
STEP = timedelta(seconds=7)


def pass_of(job, at, **kwargs):
    """A pass that looked at nobody."""
    what = {"number": 1, "search_number": 1, "policy": "index", "policy_version": "v", "radius_m": 6000}
    counts = {"looked_at": 0, "passed": 0, "outcome": PassOutcome.NOBODY, "seed": "s", "digest": "d"}
    return MatchingPass.objects.create(job=job, started_at=at, duration_ms=1, **{**what, **counts, **kwargs})


def verdicts_then(technician, this_pass):
    """What the gates say afterwards, by gate; the record of the pass is not asked."""
    (account,) = accounts_of(technician, [this_pass], {})
    return {verdict["gate"]: verdict for verdict in account.verdicts}


def kept_out(technician, this_pass):
    return {gate for gate, verdict in verdicts_then(technician, this_pass).items() if not verdict["passed"]}


# Whoever was looked at is told the same afterwards


class City:
    """A few technicians and jobs, to whom things happen one after another."""

    def __init__(self, seed, at):
        self.lot, self.at = Random(seed), at
        self.staff = UserFactory(admin=True)
        self.services = [ServiceFactory(), ServiceFactory()]
        self.customers = [UserFactory(), UserFactory()]
        with clock.frozen(at):
            self.technicians = [self._technician() for _ in range(6)]
        self.jobs = []

    def _technician(self):
        north, east = self.lot.uniform(-6, 6) * KM, self.lot.uniform(-6, 6) * KM
        technician = technician_ready(
            self.services[0],
            latitude=42.36 + north,
            longitude=-71.06 + east,
            base_latitude=42.36 + north,
            base_longitude=-71.06 + east,
            travel_radius_m=self.lot.choice([3_000, 8_000, 20_000]),
            time_zone=self.lot.choice(["UTC", "America/New_York"]),
        )
        technician_profile_update(
            technician_id=technician.pk, service_ids=[service.pk for service in self.services[: self.lot.randint(1, 2)]]
        )
        return technician

    def live(self, steps):
        acts = [self.request, self.search, self.search, self.search, self.answer, self.answer, self.answer, self.work]
        acts += [self.presence, self.move, self.profile, self.hours, self.away, self.block, self.exclude, self.suspend]
        for _ in range(steps):
            self.at += STEP * self.lot.randint(1, 4)
            with clock.frozen(self.at):
                try:
                    self.lot.choice(acts)()
                except DomainError:
                    continue

    def request(self):
        ahead = self.lot.choice([None, None, timedelta(minutes=100), timedelta(hours=3)])
        self.jobs.append(
            job_matching(
                customer=self.lot.choice(self.customers),
                service=self.lot.choice(self.services),
                created_at=self.at,
                scheduled_for=self.at + ahead if ahead else None,
                latitude=42.36 + self.lot.uniform(-4, 4) * KM,
            )
        )

    def search(self):
        """Look for every job, one moment after the other: two things at the same one have no order."""
        for job in Job.objects.filter(status=JobStatus.MATCHING):
            self.at += STEP
            with clock.frozen(self.at):
                matching_run_pass(job_id=job.pk)

    def answer(self):
        offer_expire_due()
        for offer in Offer.objects.filter(status=OfferStatus.PENDING).select_related("technician__user"):
            actor = offer.technician.user
            what = self.lot.choice(["accept", "reject", "seen", "nothing"])
            if what == "accept":
                offer_accept(offer_id=offer.pk, actor=actor)
            elif what == "reject":
                offer_reject(offer_id=offer.pk, actor=actor, reason=self.lot.choice(list(RejectReason)))
            elif what == "seen":
                offer_mark_seen(offer_id=offer.pk, actor=actor)

    def work(self):
        for job in Job.objects.filter(technician__isnull=False).select_related("technician__user"):
            actor, here = job.technician.user, None
            if job.status == JobStatus.IN_PROGRESS:
                job_complete_by_technician(job_id=job.pk, actor=actor, work_summary="Done.", here=here)
            elif self.lot.random() < 0.5:
                job_release_by_technician(job_id=job.pk, actor=actor, reason=CancelReason.CANNOT_COME)
            else:
                job_start_by_technician(job_id=job.pk, actor=actor, here=here)

    def anybody(self):
        return Technician.objects.get(pk=self.lot.choice(self.technicians).pk)

    def presence(self):
        """One goes offline, everybody else comes back."""
        for technician in Technician.objects.filter(verification="VERIFIED"):
            technician_go_online(technician_id=technician.pk)
        technician_go_offline(technician_id=self.anybody().pk)

    def move(self):
        place = {"latitude": 42.36 + self.lot.uniform(-9, 9) * KM, "longitude": -71.06}
        position_record(technician_id=self.anybody().pk, recorded_at=self.at, **place)

    def profile(self):
        technician_profile_update(technician_id=self.anybody().pk, travel_radius_m=self.lot.choice([2_000, 15_000]))

    def hours(self):
        slots = [Slot(day, self.at.time().replace(microsecond=0), self.at.time().replace(hour=23)) for day in range(5)]
        availability_replace(technician_id=self.anybody().pk, time_zone="UTC", slots=self.lot.choice([slots, []]))

    def away(self):
        start = self.at + timedelta(minutes=self.lot.choice([-30, 30]))
        time_off_add(technician_id=self.anybody().pk, starts_at=start, ends_at=start + timedelta(minutes=45))

    def block(self):
        held = Block.objects.filter(lifted_at__isnull=True).first()
        if held and self.lot.random() < 0.5:
            held.lifted_at = self.at
            held.save()
        elif self.jobs:
            job = self.lot.choice(self.jobs)
            side = self.lot.choice(list(BlockSide))
            Block.objects.get_or_create(
                customer=job.customer,
                technician=self.anybody(),
                set_by=side,
                lifted_at=None,
                defaults={"job": job, "created_at": self.at},
            )

    def exclude(self):
        if self.jobs and self.lot.random() < 0.3:
            job_exclude(
                job_id=self.lot.choice(self.jobs).pk, technician_id=self.anybody().pk, actor=self.staff, reason="Asked."
            )

    def suspend(self):
        """One is suspended, and who was so is let back."""
        for technician in Technician.objects.filter(verification="SUSPENDED"):
            technician_reinstate(technician_id=technician.pk, actor=self.staff, reason="All well.")
        technician_suspend(technician_id=self.anybody().pk, actor=self.staff, reason="A complaint.")


@pytest.fixture
def easy_start(settings):
    settings.START_CODE_REQUIRED = False
    settings.START_MAX_DISTANCE_M = 100_000


@pytest.mark.parametrize("seed", range(4))
def test_gates_say_afterwards_what_they_said_in_the_pass(seed, noon, easy_start):
    city = City(seed, noon)
    city.live(150)
    decisions = list(CandidateDecision.objects.select_related("matching_pass__job", "technician"))

    differing = []
    for decision in decisions:
        afterwards = verdicts_then(decision.technician, decision.matching_pass)
        for verdict in decision.verdicts:
            then = afterwards[verdict["gate"]]
            if verdict["gate"] == Gate.POSITION:  # its age is not kept, see `matching.past`
                verdict = then = verdict["passed"] or then
            if then != verdict:
                differing.append((str(decision.matching_pass), verdict, then))

    assert differing == []
    assert len(decisions) > 20
    failed = {verdict["gate"] for one in decisions for verdict in one.verdicts if not verdict["passed"]}
    assert len(failed) >= 4


# Whoever was not looked at


def test_offline_technician_is_told_since_when(noon):
    job = JobFactory(created_at=noon)
    technician = technician_ready(job.service)
    with clock.frozen(noon + STEP):
        technician_go_offline(technician_id=technician.pk)
    this_pass = pass_of(job, noon + 2 * STEP)
    with clock.frozen(noon + 3 * STEP):
        technician_go_online(technician_id=technician.pk)

    verdicts = verdicts_then(technician, this_pass)

    assert {gate for gate, verdict in verdicts.items() if not verdict["passed"]} == {Gate.ONLINE}
    assert verdicts[Gate.ONLINE]["reason"] == "offline since 2026-03-02 12:00 UTC"


def test_unverified_technician_far_away_without_the_skill_is_told_all_of_it(noon):
    job = JobFactory(created_at=noon)
    technician = TechnicianFactory(pending=True, base_latitude=43.0)
    technician_profile_update(technician_id=technician.pk, travel_radius_m=10_000)

    found = kept_out(technician, pass_of(job, noon + STEP))

    assert found == {
        Gate.VERIFIED,
        Gate.ONLINE,
        Gate.DOCUMENTS,
        Gate.SKILL,
        Gate.TRAVEL_RADIUS,
        Gate.SEARCH_RADIUS,
        Gate.POSITION,
    }


def test_technician_without_a_position_is_told_so(noon):
    job = JobFactory(created_at=noon)
    technician = TechnicianFactory()
    skill_add(technician, job.service)
    technician_go_online(technician_id=technician.pk)

    position = verdicts_then(technician, pass_of(job, noon + STEP))[Gate.POSITION]

    assert (position["passed"], position["reason"]) == (False, "your app had never sent a position")


def test_last_sign_of_him_is_dated_while_nothing_followed_it(noon):
    job = JobFactory(created_at=noon)
    technician = technician_ready(job.service)

    position = verdicts_then(technician, pass_of(job, noon + timedelta(minutes=5)))[Gate.POSITION]

    assert (position["passed"], position["value"]) == (False, 300)


@pytest.mark.parametrize("moment", ["before the first note", "before there was a base"])
def test_nothing_is_known_of_him_before(moment, noon):
    job = JobFactory(created_at=noon)
    technician = TechnicianFactory(fresh=True)
    this_pass = pass_of(job, noon - STEP if moment == "before the first note" else noon + STEP)
    technician_profile_update(technician_id=technician.pk, bio="New.")

    (account,) = accounts_of(technician, [this_pass], {})

    assert (list(account.verdicts), account.decision) == ([], None)


def test_no_pass_no_account(noon):
    assert accounts_of(TechnicianFactory(), [], {}) == []


def test_block_and_exclusion_bind_from_when_to_when_they_held(noon):
    job = JobFactory(created_at=noon)
    technician = technician_ready(job.service)
    both = {"customer": job.customer, "technician": technician, "job": job}
    Block.objects.create(**both, set_by="CUSTOMER", created_at=noon + 2 * STEP, lifted_at=noon + 4 * STEP)
    Exclusion.objects.create(
        job=job, technician=technician, reason="A quarrel.", created_by=job.customer, created_at=noon + 6 * STEP
    )
    passes = [pass_of(job, noon + step * STEP, number=step) for step in (1, 3, 5, 7)]

    accounts = accounts_of(technician, passes, {})

    kept = [[verdict["gate"] for verdict in account.kept_out] for account in accounts]
    assert kept == [[], [Gate.NOT_BLOCKED], [], [Gate.NOT_EXCLUDED]]


def test_offer_stands_in_the_way_while_it_is_open(noon):
    job = JobFactory(created_at=noon)
    technician = technician_ready(job.service)
    other = OfferFactory(technician=technician, created_at=noon + 2 * STEP)
    other.reject(reason=RejectReason.OTHER, note="", at=noon + 4 * STEP)
    other.save()
    passes = [pass_of(job, noon + step * STEP, number=step) for step in (1, 3, 5)]

    accounts = accounts_of(technician, passes, {})

    kept = [[verdict["gate"] for verdict in account.kept_out] for account in accounts]
    assert kept == [[], [Gate.NO_LIVE_OFFER], []]


def test_refusal_is_remembered_from_its_moment_on(noon):
    job = JobFactory(created_at=noon)
    technician = technician_ready(job.service)
    offer_rejected(RejectReason.BUSY, technician=technician, created_at=noon + 2 * STEP)
    passes = [pass_of(job, noon + step * STEP, number=step) for step in (1, 3)]

    accounts = accounts_of(technician, passes, {})

    assert [[verdict["gate"] for verdict in account.kept_out] for account in accounts] == [[], [Gate.REFUSAL_MEMORY]]


@pytest.mark.parametrize(("search", "found"), [(1, [Gate.NOT_TRIED]), (2, [])])
def test_silence_counts_in_the_search_it_fell_in(search, found, noon):
    job = job_matching(created_at=noon)
    technician = technician_ready(job.service)
    offer_expired(job=job, technician=technician, created_at=noon)
    this_pass = pass_of(job, noon + timedelta(seconds=90), search_number=search)

    (account,) = accounts_of(technician, [this_pass], {})

    assert [verdict["gate"] for verdict in account.kept_out] == found


def test_price_of_that_moment_counts(noon):
    job = JobFactory(created_at=noon)
    job.created_at = noon + 2 * STEP  # the moment of the price that follows
    price_for(job, PriceKind.FINAL, amount_minor=2_000, revision=2)
    passes = [pass_of(job, noon + step * STEP, number=step) for step in (1, 3)]

    looks = looks_of(passes)

    assert [look.search.pays_minor for look in looks] == [8_500, 1_700]


def test_rules_of_that_moment_count(noon):
    job, staff = JobFactory(created_at=noon), UserFactory(admin=True)
    technician = technician_ready(job.service)
    offer_rejected(RejectReason.BUSY, technician=technician, created_at=noon)
    for step, memory_s in ((2, 0), (4, 600), (6, None)):
        with clock.frozen(noon + step * STEP):
            values = {"busy_memory_s": memory_s}
            service_rules_set(service_id=job.service_id, values=values, actor=staff, reason="A trial.")
    passes = [pass_of(job, noon + step * STEP, number=step) for step in (1, 2, 3, 4, 5, 6, 7)]

    busy_s = [look.search.memory.busy_s for look in looks_of(passes)]
    kept = [bool(account.kept_out) for account in accounts_of(technician, passes, {})]

    assert busy_s == [1800, 0, 0, 600, 600, 1800, 1800]
    assert kept == [True, False, False, True, True, True, True]


@pytest.mark.parametrize("count", [1, 3])
def test_queries_do_not_grow_with_the_passes(count, noon, django_assert_num_queries):
    service = ServiceFactory()
    technician = technician_ready(service)
    passes = [pass_of(JobFactory(created_at=noon, service=service), noon + step * STEP) for step in range(count)]
    passes = list(MatchingPass.objects.filter(pk__in=[one.pk for one in passes]).select_related("job__service"))

    with django_assert_num_queries(10):
        accounts = accounts_of(technician, passes, {})

    assert len(accounts) == count
