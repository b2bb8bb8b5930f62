"""Which version ranks which job, and what staff do about it."""

import time
from threading import Event
from uuid import UUID

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from accounts.tests.factories import UserFactory
from catalog.tests.factories import ServiceFactory
from fixmate.core import clock
from fixmate.core.errors import Invalid, NotFound
from fixmate.core.models import AuditEntry, OutboxMessage
from fixmate.core.tests.races import at_once
from jobs.services import job_rematch_by_customer
from jobs.tests.factories import JobFactory
from matching.enums import AlertKind, RolloutMode
from matching.errors import RolloutEnded, RolloutRunning
from matching.models import Alert, MatchingPass, PolicyRollout, PolicyVersion
from matching.policies import KINDS, POLICIES, policy_of
from matching.policies.base import version_of
from matching.policies.index import IndexPolicy
from matching.services import (
    matching_run_pass,
    policy_version_add,
    rollout_end,
    rollout_index,
    rollout_start,
    versions,
)
from matching.services.rollouts import bucket_of, default_policy_for, is_indexed, policy_for, version_ensure
from technicians.models import Dispatchable
from technicians.ranking import ranker_for
from technicians.services import technician_go_offline, technician_go_online
from technicians.tests.factories import technician_ready

pytestmark = pytest.mark.django_db
DEFAULT, SHARE, SHADOW = RolloutMode.DEFAULT, RolloutMode.SHARE, RolloutMode.SHADOW
REASON = "A look at it."
DEARER = {**IndexPolicy.defaults, "offer_cost": 8.0}


@pytest.fixture
def staff():
    return UserFactory(admin=True)


@pytest.fixture
def job(noon):
    return JobFactory(created_at=noon)


@pytest.fixture
def start(staff, noon):
    def call(key, mode=DEFAULT, **kwargs):
        version = version_ensure(POLICIES[key])
        service = kwargs.pop("service", None)
        return rollout_start(
            version_id=version.pk,
            mode=mode,
            service_id=service and service.pk,
            actor=staff,
            reason=REASON,
            **kwargs,
        )

    return call


def end(rollout, staff):
    return rollout_end(rollout_id=rollout.pk, actor=staff, reason=REASON)


def job_in(bucket, **kwargs):
    """Make a job whose hash falls into the bucket."""
    number = next(number for number in range(10_000) if bucket_of(UUID(int=number)) == bucket)
    return JobFactory(pk=UUID(int=number), **kwargs)


def nothing_written():
    return (PolicyRollout.objects.count(), AuditEntry.objects.count(), OutboxMessage.objects.count()) == (0, 0, 0)


# Versions


def test_version_is_added_once_and_audited(staff, noon):
    added = policy_version_add(key="index", params=DEARER, note="dearer", actor=staff, reason=REASON)
    again = policy_version_add(key="index", params=DEARER, note="other", actor=staff, reason=REASON)

    version = PolicyVersion.objects.get()
    assert (added, again) == ((version, True), (version, False))
    assert (version.key, version.params, version.note) == ("index", DEARER, "dearer")
    assert (version.version, version.created_by, version.created_at) == (
        version_of(policy_of("index", DEARER)),
        staff,
        noon,
    )
    entry = AuditEntry.objects.get()
    assert (entry.action, entry.reason) == ("matching.policy_version.add", REASON)
    assert entry.after == {"key": "index", "params": DEARER, "version": version.version}


@pytest.mark.parametrize(("key", "params"), [("astrology", {}), ("index", {}), ("nearest", {"charm": 1})])
def test_version_that_cannot_be_built_is_not_added(staff, key, params):
    with pytest.raises(Invalid):
        policy_version_add(key=key, params=params, actor=staff, reason=REASON)

    assert (PolicyVersion.objects.count(), AuditEntry.objects.count()) == (0, 0)


def test_version_without_a_reason_is_not_added(staff):
    with pytest.raises(Invalid):
        policy_version_add(key="nearest", params={}, actor=staff, reason=" ")

    assert (PolicyVersion.objects.count(), AuditEntry.objects.count()) == (0, 0)


def test_every_pass_has_a_version_with_a_row(job):
    matching_run_pass(job_id=job.pk)
    matching_run_pass(job_id=JobFactory(created_at=job.created_at).pk)

    version = PolicyVersion.objects.get()
    assert set(MatchingPass.objects.values_list("policy", "policy_version")) == {("index", version.version)}
    assert (version.params, version.created_by) == (dict(IndexPolicy.defaults), None)


# Which ranks


def test_without_rollouts_the_settings_decide(job, settings):
    settings.MATCHING_POLICY = "longest_idle"

    choice = policy_for(job, None)

    assert (choice.policy, choice.shadows) == (POLICIES["longest_idle"], ())
    assert default_policy_for(job.service_id) is POLICIES["longest_idle"]


def test_default_of_the_service_comes_before_that_of_all(job, start):
    start("longest_idle")
    of_all = default_policy_for(job.service_id).key
    start("nearest", service=job.service)
    start("random", service=ServiceFactory())

    assert of_all == "longest_idle"
    assert default_policy_for(job.service_id).key == policy_for(job, None).policy.key == "nearest"


@pytest.mark.parametrize(
    ("bucket", "key"),
    [
        (0, "nearest"),
        (9, "nearest"),
        (10, "random"),
        (29, "random"),
        (30, "rating_shrunk"),
        (59, "rating_shrunk"),
        (60, "index"),
        (99, "index"),
    ],
)
def test_shares_take_the_jobs_their_hash_gives_them(noon, start, bucket, key):
    job = job_in(bucket, created_at=noon)
    start("rating_shrunk", SHARE, percent=30)
    start("nearest", SHARE, percent=10, service=job.service)
    start("random", SHARE, percent=20, service=job.service)
    start("accept_value", SHARE, percent=50, service=ServiceFactory())

    assert policy_for(job, None).policy.key == key


def test_buckets_are_even():
    counts = [0] * 100
    for number in range(20_000):
        counts[bucket_of(UUID(int=number))] += 1

    assert min(counts) > 140
    assert max(counts) < 260


def test_job_keeps_the_version_of_its_last_pass(noon, start, staff, settings):
    job = job_in(5, created_at=noon)
    share = start("nearest", SHARE, percent=10)
    first = matching_run_pass(job_id=job.pk)
    end(share, staff)
    start("longest_idle")

    second = matching_run_pass(job_id=job.pk)
    other = matching_run_pass(job_id=JobFactory(created_at=noon).pk)

    assert [one.policy for one in (first, second, other)] == ["nearest", "nearest", "longest_idle"]


def test_job_keeps_its_version_through_another_search(job, noon, start):
    matching_run_pass(job_id=job.pk)
    start("nearest")
    with clock.frozen(noon.replace(minute=10)):
        matching_run_pass(job_id=job.pk)
        job_rematch_by_customer(job_id=job.pk, actor=job.customer)

        again = matching_run_pass(job_id=job.pk)

    assert (again.search_number, again.policy) == (2, "index")


def test_version_the_program_no_longer_knows_is_passed_over_and_shown_to_staff(job, start, monkeypatch):
    start("nearest", service=job.service)
    matching_run_pass(job_id=job.pk)
    start("longest_idle")
    monkeypatch.delitem(KINDS, "nearest")

    this_pass = matching_run_pass(job_id=job.pk)

    assert this_pass.policy == "longest_idle"
    assert default_policy_for(job.service_id).key == "longest_idle"
    alert = Alert.objects.get(kind=AlertKind.POLICY_FAILED)
    assert alert.data["policy"] == "nearest"
    assert alert.data["reason"] == "the version is not known to this program"


def test_shadows_of_the_service_and_of_all_go_along(job, start):
    mine, all_ = start("nearest", SHADOW, service=job.service), start("random", SHADOW)
    start("longest_idle", SHADOW, service=ServiceFactory())

    assert policy_for(job, None).shadows == (mine.version, all_.version)


@pytest.mark.parametrize("rollout_count", [1, 3])
def test_choosing_takes_a_constant_number_of_queries(job, start, rollout_count, django_assert_num_queries):
    for key in ("nearest", "random", "longest_idle")[:rollout_count]:
        start(key, SHADOW)
    start("accept_value")
    last = matching_run_pass(job_id=JobFactory(service=job.service, created_at=job.created_at).pk)

    with django_assert_num_queries(1):
        policy_for(job, None)
    with django_assert_num_queries(2):
        policy_for(job, last)
    with django_assert_num_queries(1):
        default_policy_for(job.service_id)
    with django_assert_num_queries(1):
        is_indexed(job.service_id, last)


# Beginning and ending


def test_rollout_begins_and_is_audited(staff, noon, start):
    service = ServiceFactory()

    rollout = start("nearest", SHARE, percent=10, service=service)

    kept = PolicyRollout.objects.get()
    assert rollout == kept
    assert (kept.service, kept.mode, kept.percent, kept.started_at) == (service, SHARE, 10, noon)
    assert (kept.ended_at, kept.indexed_at) == (None, None)
    entry = AuditEntry.objects.get()
    assert (entry.action, entry.actor_id, entry.reason) == ("matching.rollout.start", staff.pk, REASON)
    assert entry.after == {
        "version": rollout.version.version,
        "service_id": str(service.pk),
        "mode": "SHARE",
        "percent": 10,
        "ended_at": None,
    }
    assert OutboxMessage.objects.count() == 0


def test_rollout_ends_and_is_audited(staff, noon, start):
    rollout = start("nearest", SHARE, percent=10)

    end(rollout, staff)

    assert PolicyRollout.objects.get().ended_at == noon
    entry = AuditEntry.objects.last()
    assert (entry.action, entry.reason) == ("matching.rollout.end", REASON)
    assert (entry.before["ended_at"], entry.after["ended_at"]) == (None, noon.isoformat())


def test_rollout_that_has_ended_cannot_end_again(staff, start):
    rollout = start("nearest", SHADOW)
    end(rollout, staff)

    with pytest.raises(RolloutEnded):
        end(rollout, staff)

    assert AuditEntry.objects.count() == 2


def test_rollout_that_is_not_there_cannot_end(staff):
    with pytest.raises(NotFound):
        rollout_end(rollout_id=1, actor=staff, reason=REASON)

    assert AuditEntry.objects.count() == 0


def test_a_new_default_takes_the_place_of_the_old(noon, start):
    service = ServiceFactory()
    of_all, old = start("random"), start("nearest", service=service)

    new = start("longest_idle", service=service)

    running = PolicyRollout.objects.filter(ended_at__isnull=True)
    assert set(running) == {of_all, new}
    old = PolicyRollout.objects.get(pk=old.pk)
    assert (old.ended_at, old.indexed_at) == (noon, noon)


@pytest.mark.parametrize("mode", RolloutMode.values)
def test_the_same_version_is_not_used_twice_in_one_way(start, mode):
    held = start("nearest", RolloutMode(mode), percent=50 if mode == SHARE else 100)

    with pytest.raises(RolloutRunning) as refusal:
        start("nearest", RolloutMode(mode), percent=50 if mode == SHARE else 100)

    assert refusal.value.details == {"rollout_id": held.pk}
    assert (PolicyRollout.objects.count(), AuditEntry.objects.count()) == (1, 1)


@pytest.mark.parametrize(
    ("mode", "percent"), [(SHARE, 0), (SHARE, 101), (DEFAULT, 50), (SHADOW, 99)], ids=lambda one: str(one)
)
def test_percent_has_to_fit_the_mode(start, mode, percent):
    with pytest.raises(Invalid) as refusal:
        start("nearest", mode, percent=percent)

    assert list(refusal.value.details) == ["percent"]
    assert nothing_written()


def test_version_has_to_be_there(staff):
    with pytest.raises(Invalid) as refusal:
        rollout_start(version_id=1, mode=SHADOW, actor=staff, reason=REASON)

    assert list(refusal.value.details) == ["version_id"]
    assert nothing_written()


def test_version_has_to_be_known_to_the_program(start, monkeypatch):
    version_ensure(POLICIES["nearest"])
    monkeypatch.delitem(KINDS, "nearest")

    with pytest.raises(Invalid):
        start("nearest", SHADOW)

    assert nothing_written()


def test_service_has_to_be_there(staff):
    version = version_ensure(POLICIES["nearest"])

    with pytest.raises(Invalid) as refusal:
        rollout_start(version_id=version.pk, mode=SHADOW, service_id=UUID(int=1), actor=staff, reason=REASON)

    assert list(refusal.value.details) == ["service_id"]
    assert nothing_written()


def test_rollout_without_a_reason_does_not_begin(staff):
    version = version_ensure(POLICIES["nearest"])

    with pytest.raises(Invalid):
        rollout_start(version_id=version.pk, mode=DEFAULT, actor=staff, reason="")

    assert nothing_written()


@pytest.mark.parametrize(
    ("service_wise", "percent", "fits"), [(True, 30, True), (True, 31, False), (False, 20, True), (False, 21, False)]
)
def test_shares_of_a_service_never_come_to_more_than_all_its_jobs(start, service_wise, percent, fits):
    service, other = ServiceFactory(), ServiceFactory()
    start("nearest", SHARE, percent=30)
    start("random", SHARE, percent=40, service=service)
    start("random", SHARE, percent=50, service=other)
    kwargs = {"service": service} if service_wise else {}

    if fits:
        assert start("longest_idle", SHARE, percent=percent, **kwargs).percent == percent
    else:
        with pytest.raises(Invalid) as refusal:
            start("longest_idle", SHARE, percent=percent, **kwargs)
        left = 30 if service_wise else 20
        assert refusal.value.details == {"percent": [f"Shares come to more than 100; {left} are left."]}
        assert PolicyRollout.objects.count() == 3


def test_what_has_ended_leaves_room(staff, start):
    end(start("nearest", SHARE, percent=100), staff)

    assert start("random", SHARE, percent=100).percent == 100


def test_there_are_only_so_many_shadows(start, settings):
    settings.SHADOW_POLICIES_MAX = 2
    service = ServiceFactory()
    start("nearest", SHADOW)
    start("random", SHADOW, service=service)

    with pytest.raises(Invalid) as refusal:
        start("longest_idle", SHADOW, service=service)

    assert list(refusal.value.details) == ["mode"]
    assert start("longest_idle", SHADOW, service=ServiceFactory()).mode == SHADOW


# Rank keys


def keys():
    return {(row.technician_id, row.service_id): row.rank_key for row in Dispatchable.objects.all()}


def keys_wanted():
    rows = list(Dispatchable.objects.select_related("technician"))
    ranker = ranker_for({row.service_id for row in rows})
    return {(row.technician_id, row.service_id): ranker(row.technician, row.service_id).key for row in rows}


@pytest.fixture
def supply(noon):
    service = ServiceFactory()
    technicians = [technician_ready(service, rating_sum=4 * number, rating_count=number) for number in range(1, 6)]
    technician_ready(ServiceFactory())
    return service, technicians


def test_keys_follow_the_default_in_batches(supply, start, staff, settings, drain):
    service, _ = supply
    settings.RANK_BATCH = 2
    rollout = rollout_start(
        version_id=policy_version_add(key="index", params=DEARER, actor=staff, reason=REASON)[0].pk,
        mode=DEFAULT,
        service_id=service.pk,
        actor=staff,
        reason=REASON,
    )
    dearer = policy_of("index", DEARER)
    before = (is_indexed(service.pk, dearer), keys() == keys_wanted())

    drain()

    assert before == (False, False)
    assert keys() == keys_wanted()
    assert PolicyRollout.objects.get().indexed_at is not None
    assert is_indexed(service.pk, dearer)
    assert not is_indexed(service.pk, POLICIES["index"])
    assert OutboxMessage.objects.filter(task="matching.index_rollout").count() == 4
    assert rollout_index(rollout_id=rollout.pk, was_ended=False) is True


def test_keys_follow_a_default_of_all_services_and_its_end(supply, start, staff, drain):
    service, _ = supply
    other = Dispatchable.objects.exclude(service=service).get().service_id
    rollout = start("nearest")
    drain()
    while_it_lasts = (keys() == keys_wanted(), set(keys().values()), is_indexed(other, POLICIES["nearest"]))
    end(rollout, staff)
    just_ended = [is_indexed(pk, POLICIES["index"]) for pk in (service.pk, other)]

    drain()

    assert while_it_lasts == (True, {0.0}, True)
    assert just_ended == [False, False]
    assert keys() == keys_wanted()
    assert [is_indexed(pk, POLICIES["index"]) for pk in (service.pk, other)] == [True, True]


def test_keys_of_other_services_stay_right_meanwhile(supply, start):
    service, _ = supply
    other = Dispatchable.objects.exclude(service=service).get().service_id

    start("nearest", service=service)

    assert is_indexed(other, POLICIES["index"])
    assert not is_indexed(service.pk, POLICIES["index"])


def test_a_run_that_the_end_has_overtaken_leaves_the_keys_to_the_next(supply, start, staff):
    service, _ = supply
    rollout = start("nearest", service=service)
    end(rollout, staff)
    before = keys()

    done = rollout_index(rollout_id=rollout.pk, was_ended=False)

    assert (done, keys()) == (True, before)
    assert PolicyRollout.objects.get().indexed_at is None


def test_a_doubled_run_does_no_harm(supply, start, drain):
    service, _ = supply
    rollout = start("nearest", service=service)
    rollout_index(rollout_id=rollout.pk, was_ended=False)
    first = PolicyRollout.objects.get().indexed_at

    drain()

    assert PolicyRollout.objects.get().indexed_at == first
    assert keys() == keys_wanted()


def test_a_share_and_a_shadow_leave_the_keys_alone(supply, start):
    start("nearest", SHARE, percent=10)
    start("nearest", SHADOW)

    assert OutboxMessage.objects.filter(task="matching.index_rollout").count() == 0
    assert is_indexed(supply[0].pk, POLICIES["index"])


# Races


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_two_that_begin_at_once_do_not_share_out_the_same_room(noon):
    staff = UserFactory(admin=True)
    versions = [version_ensure(POLICIES[key]) for key in ("nearest", "random", "longest_idle", "accept_value")]

    def begin(version):
        return rollout_start(version_id=version.pk, mode=SHARE, percent=40, actor=staff, reason=REASON)

    outcomes = at_once(*[lambda version=version: begin(version) for version in versions])

    refused = [one for one in outcomes if isinstance(one, Invalid)]
    assert (PolicyRollout.objects.count(), len(refused)) == (2, 2)


@pytest.mark.postgres
def test_the_lock_comes_before_the_room_is_looked_at(start):
    with CaptureQueriesContext(
        connection,
    ) as captured:
        start("nearest", SHADOW)

    statements = [one["sql"] for one in captured.captured_queries]
    locks = [number for number, sql in enumerate(statements) if "FOR NO KEY UPDATE" in sql]
    reads = [number for number, sql in enumerate(statements) if 'FROM "matching_policyrollout"' in sql]
    assert locks[0] < min(reads)


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("looks_at_all", [True, False], ids=["all", "control"])
def test_who_goes_online_while_keys_are_rewritten_is_not_overlooked(noon, monkeypatch, looks_at_all):
    """He has no row yet that anybody could see, and writes one by the default that was.

    The control goes by the rows there are, and leaves him behind.
    """
    if not looks_at_all:
        seen = Dispatchable.objects.values_list("technician", flat=True)
        monkeypatch.setattr(versions, "technician_ids_after", lambda after, limit: list(seen.all()))
    staff, service = UserFactory(admin=True), ServiceFactory()
    technician, version = technician_ready(service), version_ensure(POLICIES["nearest"])
    technician_go_offline(technician_id=technician.pk)
    written, begun = Event(), Event()

    def go_online():
        with transaction.atomic():
            technician_go_online(technician_id=technician.pk)
            written.set()
            assert begun.wait(timeout=20)
            time.sleep(0.3)  # the rewriting is under way, and waits for him
            return Dispatchable.objects.get().rank_key

    def begin():
        assert written.wait(timeout=20)
        rollout = rollout_start(version_id=version.pk, mode=DEFAULT, actor=staff, reason=REASON)
        begun.set()
        return rollout_index(rollout_id=rollout.pk, was_ended=False)

    written_by_him, is_done = at_once(go_online, begin)

    assert (written_by_him != 0.0, is_done) == (True, True)
    assert (keys() == {(technician.pk, service.pk): 0.0}) is looks_at_all
