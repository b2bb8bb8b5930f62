"""What the gates say afterwards of a technician as he was: the same as they said then, for everybody looked at."""

from datetime import timedelta

import pytest

from accounts.tests.factories import UserFactory
from catalog.tests.factories import ServiceFactory
from fixmate.core import clock
from jobs.enums import PriceKind
from jobs.models import Block
from jobs.tests.factories import JobFactory, job_matching, price_for
from matching.enums import Gate, RejectReason
from matching.models import CandidateDecision, Exclusion, MatchingPass
from matching.services import service_rules_set
from matching.services.explain import accounts_of, looks_of
from matching.tests.city import City
from matching.tests.factories import OfferFactory, offer_expired, offer_rejected
from matching.tests.past import STEP, kept_out, pass_of, verdicts_then
from technicians.services import technician_go_offline, technician_go_online, technician_profile_update
from technicians.tests.factories import TechnicianFactory, skill_add, technician_ready

pytestmark = pytest.mark.django_db


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
