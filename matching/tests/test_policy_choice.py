"""Versions of policies, and which of them ranks which job."""

from uuid import UUID

import pytest

from catalog.tests.factories import ServiceFactory
from fixmate.core import clock
from fixmate.core.errors import Invalid
from fixmate.core.models import AuditEntry
from jobs.services import job_rematch_by_customer
from jobs.tests.factories import JobFactory
from matching.enums import AlertKind
from matching.models import Alert, MatchingPass, PolicyVersion
from matching.policies import KINDS, POLICIES, policy_of
from matching.policies.base import version_of
from matching.policies.index import IndexPolicy
from matching.services import matching_run_pass, policy_version_add
from matching.services.rollouts import bucket_of, default_policy_for, is_indexed, policy_for
from matching.tests.rollouts import DEARER, REASON, SHADOW, SHARE, end

pytestmark = pytest.mark.django_db


@pytest.fixture
def job(noon):
    return JobFactory(created_at=noon)


def job_in(bucket, **kwargs):
    """Make a job whose hash falls into the bucket."""
    number = next(number for number in range(10_000) if bucket_of(UUID(int=number)) == bucket)
    return JobFactory(pk=UUID(int=number), **kwargs)


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
