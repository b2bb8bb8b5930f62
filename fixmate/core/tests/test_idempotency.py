"""The claim behind a key: taken once, taken over from the dead, kept for a day."""

from datetime import timedelta
from uuid import UUID

import pytest
from django.db import IntegrityError, transaction

from fixmate.core import clock, sweeps
from fixmate.core.idempotency import (
    DEAD_AFTER,
    KEPT_FOR,
    Asked,
    Claim,
    IdempotencyInProgress,
    IdempotencyKeyReused,
    StoredAnswer,
    _taken_over,
    claim_drop,
    claim_hold,
    claim_keep,
    claim_take,
    claims_purge,
)
from fixmate.core.models import IdempotencyClaim
from fixmate.core.tasks import purge_idempotency_claims
from fixmate.core.tests.races import at_once

pytestmark = pytest.mark.django_db
ASKED = Asked("ada", "key-1", "/jobs", "d1")
ANSWER = StoredAnswer(201, {"Location": "/jobs/1"}, '{"id": 1}')


def test_the_first_takes_the_claim_and_the_second_is_told():
    claim = claim_take(ASKED)

    assert isinstance(claim, Claim)
    with pytest.raises(IdempotencyInProgress):
        claim_take(ASKED)
    assert IdempotencyClaim.objects.count() == 1


def test_what_was_kept_is_answered_again():
    claim = claim_take(ASKED)
    claim_hold(claim)
    claim_keep(claim, ANSWER)

    assert claim_take(ASKED) == ANSWER


def test_what_was_dropped_is_free_again():
    claim_drop(claim_take(ASKED))

    assert isinstance(claim_take(ASKED), Claim)


@pytest.mark.parametrize("other", [Asked("ada", "key-1", "/offers", "d1"), Asked("ada", "key-1", "/jobs", "d2")])
@pytest.mark.parametrize("is_done", [False, True])
def test_a_key_stands_for_one_path_and_body(other, is_done):
    claim = claim_take(ASKED)
    if is_done:
        claim_keep(claim, ANSWER)

    with pytest.raises(IdempotencyKeyReused):
        claim_take(other)


@pytest.mark.parametrize("other", [Asked("bob", "key-1", "/jobs", "d1"), Asked("ada", "key-2", "/jobs", "d1")])
def test_another_account_or_key_is_another_claim(other):
    claim_take(ASKED)

    assert isinstance(claim_take(other), Claim)


def test_a_dead_owner_is_replaced_after_his_time_and_can_do_nothing_then(noon):
    first = claim_take(ASKED)
    with clock.frozen(noon + DEAD_AFTER - timedelta(seconds=1)), pytest.raises(IdempotencyInProgress):
        claim_take(ASKED)

    with clock.frozen(noon + DEAD_AFTER):
        second = claim_take(ASKED)

    assert (second.pk, second.owner != first.owner) == (first.pk, True)
    with pytest.raises(IdempotencyInProgress):
        claim_hold(first)
    claim_keep(first, ANSWER)
    claim_drop(first)
    claim_hold(second)
    assert IdempotencyClaim.objects.get().status is None


def test_who_begins_late_is_not_taken_for_dead(noon):
    claim = claim_take(ASKED)

    with clock.frozen(noon + timedelta(seconds=80)):
        claim_hold(claim)

    with clock.frozen(noon + timedelta(seconds=169)), pytest.raises(IdempotencyInProgress):
        claim_take(ASKED)
    with clock.frozen(noon + timedelta(seconds=170)):
        assert claim_take(ASKED) != claim


def test_who_comes_second_to_a_dead_claim_is_told(noon):
    claim_take(ASKED)
    as_seen_dead = IdempotencyClaim.objects.get()

    with clock.frozen(noon + DEAD_AFTER):
        claim_take(ASKED)
        with pytest.raises(IdempotencyInProgress):
            _taken_over(as_seen_dead, UUID(int=2))


def test_an_answer_is_kept_for_a_day(noon):
    claim_keep(claim_take(ASKED), ANSWER)

    with clock.frozen(noon + KEPT_FOR - timedelta(seconds=1)):
        assert claim_take(ASKED) == ANSWER
        assert claims_purge() == 0
    with clock.frozen(noon + KEPT_FOR):
        assert isinstance(claim_take(ASKED), Claim)


def test_the_sweep_removes_what_is_over_alone(noon):
    claim_keep(claim_take(ASKED), ANSWER)
    claim_take(Asked("ada", "dead", "/jobs", "d1"))
    with clock.frozen(noon + timedelta(hours=1)):
        claim_keep(claim_take(Asked("ada", "young", "/jobs", "d1")), ANSWER)

    with clock.frozen(noon + KEPT_FOR):
        assert claims_purge() == 2

    assert IdempotencyClaim.objects.get().key == "young"


@pytest.mark.parametrize("status", [409, 429, 500, 503, 100])
def test_the_database_keeps_no_answer_that_says_later(status):
    claim = claim_take(ASKED)

    with pytest.raises(IntegrityError), transaction.atomic():
        claim_keep(claim, StoredAnswer(status, {}, ""))


def test_a_claim_that_comes_and_goes_is_an_answer_and_no_loop(monkeypatch):
    monkeypatch.setattr("fixmate.core.idempotency._find_or_make", lambda *_: None)

    with pytest.raises(IdempotencyInProgress):
        claim_take(ASKED)


def test_a_claim_names_itself():
    claim = claim_take(ASKED)
    assert str(IdempotencyClaim.objects.get()) == "key-1 /jobs open"
    claim_keep(claim, ANSWER)
    assert str(IdempotencyClaim.objects.get()) == "key-1 /jobs 201"


# At once


@pytest.mark.django_db(transaction=True)
def test_of_sixteen_at_once_one_gets_the_claim():
    found = at_once(*[lambda: claim_take(ASKED)] * 16)

    assert sum(isinstance(one, Claim) for one in found) == 1
    assert sum(isinstance(one, IdempotencyInProgress) for one in found) == 15


@pytest.mark.django_db(transaction=True)
def test_of_sixteen_who_find_it_dead_one_takes_it_over(noon):
    first = claim_take(ASKED)

    with clock.frozen(noon + DEAD_AFTER):
        found = at_once(*[lambda: claim_take(ASKED)] * 16)

    taken = [one for one in found if isinstance(one, Claim)]
    assert [one.owner != first.owner for one in taken] == [True]
    assert isinstance(taken[0].owner, UUID)


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_who_is_at_work_holds_the_claim_however_long_it_takes(noon):
    claim = claim_take(ASKED)

    with transaction.atomic():
        claim_hold(claim)
        with clock.frozen(noon + timedelta(hours=1)):
            (found,) = at_once(lambda: claim_take(ASKED))
        claim_keep(claim, ANSWER)

    assert isinstance(found, IdempotencyInProgress)
    assert claim_take(ASKED) == ANSWER


def test_the_sweep_is_registered_and_removes(noon):
    claim_take(ASKED)

    with clock.frozen(noon + 2 * KEPT_FOR):
        purge_idempotency_claims()

    assert not IdempotencyClaim.objects.exists()
    assert purge_idempotency_claims.name in sweeps.registered()
