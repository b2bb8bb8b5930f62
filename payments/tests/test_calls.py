"""Providers that are away, and what is asked of them once."""

from datetime import timedelta

import pytest
from django.db import connection

from fixmate.core import clock
from fixmate.core.enums import OutboxStatus
from fixmate.core.errors import NotFound
from fixmate.core.ids import uuid7
from fixmate.core.models import OutboxMessage
from fixmate.core.tests.races import at_once
from jobs.tests.factories import job_assigned
from payments.enums import CallStatus, HoldStatus, PaymentStatus
from payments.models import Hold, Payment, ProviderCall, ProviderCustomer
from payments.providers import HoldIs, HoldState, ProviderAway, provider_get
from payments.selectors import call_get_locked, calls_stuck
from payments.services import call_answered, call_perform, calls_order_due, payment_ensure
from payments.services.calls import LONGEST_DELAY
from payments.tests.factories import calls_perform, card_for, payment_authorized
from payments.tests.fake import ASKS

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("books_hold")]


@pytest.fixture
def call(online, noon):
    """A hold that is to be asked for."""
    job = job_assigned(created_at=noon)
    card_for(job.customer)
    payment_ensure(job_id=job.pk)
    return ProviderCall.objects.get()


def stored():
    return ProviderCall.objects.get()


def test_a_provider_that_is_away_changes_nothing_and_is_asked_later(online, call, noon):
    online.away = 1

    assert not call_perform(call_id=call.pk)

    after = stored()
    assert (after.status, after.tries, after.last_error) == (CallStatus.WAITING, 1, "down")
    assert after.next_try_at == noon + timedelta(seconds=2)
    assert (Hold.objects.get().status, Payment.objects.get().status) == (HoldStatus.ASKED, PaymentStatus.PENDING)


def test_the_wait_doubles_up_to_ten_minutes(online, call, noon):
    waits = []
    for _ in range(14):
        online.away = 1
        call_perform(call_id=call.pk)
        waits.append(stored().next_try_at - noon)

    assert [wait.seconds for wait in waits[:4]] == [2, 4, 8, 16]
    assert waits[-1] == LONGEST_DELAY
    assert stored().status == CallStatus.WAITING


def test_an_answer_that_was_lost_is_asked_for_again_and_done_once(online, call):
    online.away_after = 3

    for _ in range(4):
        calls_perform()

    assert online.held_minor == 10_000
    assert (stored().status, stored().last_error) == (CallStatus.DONE, "")
    assert Payment.objects.get().status == PaymentStatus.AUTHORIZED


def test_whenever_a_hold_is_asked_for_again_it_says_since_when(online, call, noon, monkeypatch):
    asked_at = []
    answer = online.hold
    monkeypatch.setattr(online, "hold", lambda *, ask, key: asked_at.append(ask.asked_at) or answer(ask=ask, key=key))
    ProviderCustomer.objects.update(ref="cus_1")
    online.away_after = 1

    for days in range(2):
        with clock.frozen(noon + timedelta(days=days)):
            call_perform(call_id=call.pk)

    assert asked_at == [noon, noon]


def test_without_keys_the_same_loses_count(online, call):
    """The control: the keys are what keeps the count."""
    ProviderCustomer.objects.update(ref="cus_known")
    online.is_exact, online.away_after = False, 2

    for _ in range(3):
        call_perform(call_id=call.pk)

    assert online.held_minor == 10_000 * online.asked.count("hold") > 10_000


def test_nonsense_changes_nothing(online, call, monkeypatch):
    monkeypatch.setattr(online, "_hold", lambda ask: online.__class__._hold(online, ask).__class__("pi", "held", 1))

    assert not call_perform(call_id=call.pk)

    assert (stored().status, Hold.objects.get().status) == (CallStatus.WAITING, HoldStatus.ASKED)
    assert "says HoldState" in stored().last_error


@pytest.mark.parametrize("changes", [{"ref": ""}, {"status": HoldIs.CAPTURED}, {"captured_minor": 1}])
def test_an_answer_that_contradicts_itself_changes_nothing(online, call, monkeypatch, changes):
    state = HoldState(**{"ref": "pi_1", "status": HoldIs.HELD, "amount_minor": 10_000, **changes})
    monkeypatch.setattr(online, "_hold", lambda ask: state)

    assert not call_perform(call_id=call.pk)

    assert Hold.objects.get().status == HoldStatus.ASKED


def test_without_keys_set_a_provider_is_away(settings):
    settings.STRIPE_SECRET_KEY = ""

    with pytest.raises(ProviderAway):
        provider_get("stripe")


def test_a_call_is_asked_once_however_often_it_is_heard(online, call):
    assert call_perform(call_id=call.pk, tries=0)
    assert not call_perform(call_id=call.pk, tries=0)
    assert not call_perform(call_id=call.pk)
    assert not call_perform(call_id=uuid7())
    with pytest.raises(NotFound):
        call_get_locked(uuid7())

    assert online.asked == ["customer", "hold"]


def test_a_message_from_before_the_last_try_asks_nothing(online, call):
    online.away = 1
    call_perform(call_id=call.pk, tries=0)

    assert not call_perform(call_id=call.pk, tries=0)
    assert call_perform(call_id=call.pk, tries=1)


def test_an_answer_that_comes_late_changes_nothing(online, call):
    call_perform(call_id=call.pk)

    assert not call_answered(call_id=call.pk, answer=online.holds[Hold.objects.get().ref])


def test_a_refusal_that_comes_late_changes_nothing(online, call, monkeypatch):
    def refuse_after_another_has_answered(state):
        call_answered(call_id=call.pk, answer=state)

    hold = online.hold

    def slow(**asked):
        refuse_after_another_has_answered(hold(**asked))
        online.refuses["hold"] = "late"
        return hold(ask=asked["ask"], key="another")

    monkeypatch.setattr(online, "hold", slow)

    assert not call_perform(call_id=call.pk)
    assert Payment.objects.get().status == PaymentStatus.AUTHORIZED


def test_being_away_after_another_has_answered_changes_nothing(online, call, monkeypatch):
    hold = online.hold

    def slow(**asked):
        call_answered(call_id=call.pk, answer=hold(**asked))
        raise ProviderAway("down")

    monkeypatch.setattr(online, "hold", slow)

    assert not call_perform(call_id=call.pk)
    assert (stored().status, stored().last_error) == (CallStatus.DONE, "")


# Lost messages


def test_what_is_due_is_ordered_once(online, call, noon):
    before = OutboxMessage.objects.count()
    assert calls_order_due() == 0

    with clock.frozen(noon + timedelta(minutes=1)):
        assert calls_order_due() == 1
        assert calls_order_due() == 0

    assert OutboxMessage.objects.count() == before + 1


def test_a_call_goes_its_way_through_the_outbox(online, call, drain, noon):
    drain()

    assert Payment.objects.get().status == PaymentStatus.AUTHORIZED
    assert set(OutboxMessage.objects.values_list("status", flat=True)) == {OutboxStatus.DONE}


def test_what_waits_for_long_is_stuck(online, call, noon):
    assert not calls_stuck(noon + timedelta(minutes=14)).exists()
    assert calls_stuck(noon + timedelta(minutes=15)).get() == call


def test_what_waits_for_the_customer_is_not(online, noon):
    payment_authorized(job_assigned(created_at=noon), method=ASKS)

    assert not calls_stuck(noon + timedelta(days=1)).exists()


# Races


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_a_call_performed_by_several_at_once_has_one_effect(online):
    job = job_assigned()
    card_for(job.customer)
    payment_ensure(job_id=job.pk)
    call = ProviderCall.objects.get()

    at_once(*[lambda: call_perform(call_id=call.pk, tries=0)] * 6)

    assert online.asked.count("hold") == 1
    assert connection.vendor == "postgresql"
