"""How staff begin and end the use of a version."""

from uuid import UUID

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.tests.factories import UserFactory
from catalog.tests.factories import ServiceFactory
from fixmate.core.errors import Invalid, NotFound
from fixmate.core.models import AuditEntry, OutboxMessage
from fixmate.core.tests.races import at_once
from matching.enums import RolloutMode
from matching.errors import RolloutEnded, RolloutRunning
from matching.models import PolicyRollout
from matching.policies import KINDS, POLICIES
from matching.services import rollout_end, rollout_start
from matching.services.rollouts import version_ensure
from matching.tests.rollouts import DEFAULT, REASON, SHADOW, SHARE, end

pytestmark = pytest.mark.django_db


def nothing_written():
    return (PolicyRollout.objects.count(), AuditEntry.objects.count(), OutboxMessage.objects.count()) == (0, 0, 0)


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


# At once


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
