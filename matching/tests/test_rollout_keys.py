"""The rank keys follow the rollouts."""

import time
from threading import Event

import pytest
from django.db import transaction

from accounts.tests.factories import UserFactory
from catalog.tests.factories import ServiceFactory
from fixmate.core.models import OutboxMessage
from fixmate.core.tests.races import at_once
from matching.models import PolicyRollout
from matching.policies import POLICIES, policy_of
from matching.services import policy_version_add, rollout_index, rollout_start, versions
from matching.services.rollouts import is_indexed, version_ensure
from matching.tests.rollouts import DEARER, DEFAULT, REASON, SHADOW, SHARE, end
from technicians.models import Dispatchable
from technicians.ranking import ranker_for
from technicians.services import technician_go_offline, technician_go_online
from technicians.tests.factories import technician_ready

pytestmark = pytest.mark.django_db


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
