"""Who owes a dispute something, until when, and how he is reminded."""

from datetime import timedelta
from importlib import import_module

import pytest
from django.apps import apps
from django.db import IntegrityError, transaction

from accounts.tests.factories import UserFactory
from disputes.enums import DeadlineKind, DisputeOutcome, DisputeSide
from disputes.events import DisputeReminderDue
from disputes.models import NEVER, Dispute, DisputeDeadline
from disputes.services import (
    dispute_ask,
    dispute_begin_review,
    dispute_dismiss,
    dispute_message_add,
    dispute_remind_due,
    dispute_resolve,
    dispute_withdraw,
)
from disputes.services.deadlines import time_for
from disputes.tasks import erase_due, remind_due
from disputes.tests.factories import DisputeFactory, dispute_dismissed
from disputes.tests.helpers import opened, owed
from fixmate.core import clock
from fixmate.core.sweeps import registered
from fixmate.core.tests.races import at_once
from fixmate.core.tests.watch import watch
from jobs.tests.factories import job_completed

pytestmark = pytest.mark.django_db
STAFF_ANSWER, SIDE_ANSWER, DECISION, _ = DeadlineKind
CUSTOMER, TECHNICIAN = DisputeSide


@pytest.fixture
def dispute(noon):
    """Opened by the customer at noon."""
    return opened(job_completed(created_at=noon))


def test_opening_gives_staff_and_the_other_side_their_time(noon, dispute):
    assert owed() == [
        (STAFF_ANSWER, "", noon + timedelta(hours=24)),
        (DECISION, "", noon + timedelta(days=10)),
        (SIDE_ANSWER, TECHNICIAN, noon + timedelta(days=3)),
    ]
    assert Dispute.objects.get().due_at == noon + timedelta(hours=24)
    assert [row.remind_at for row in DisputeDeadline.objects.order_by("id")] == [
        noon + timedelta(hours=18),
        noon + timedelta(days=7.5),
        noon + timedelta(days=2.25),
    ]
    assert str(DisputeDeadline.objects.first()) == f"STAFF_ANSWER {dispute.pk}"


def test_opened_by_the_technician_the_customer_is_to_answer(noon):
    job = job_completed(created_at=noon)

    opened(job, job.technician.user)

    assert (SIDE_ANSWER, CUSTOMER) in [row[:2] for row in owed()]


def test_deadlines_are_settings(noon, settings):
    settings.DISPUTE_ANSWER_HOURS, settings.DISPUTE_SIDE_DAYS, settings.DISPUTE_DECISION_DAYS = 1, 2, 3

    assert [time_for(kind) for kind in (STAFF_ANSWER, SIDE_ANSWER, DECISION)] == [
        timedelta(hours=1),
        timedelta(days=2),
        timedelta(days=3),
    ]


@pytest.mark.parametrize(
    "act",
    [
        lambda dispute, staff: dispute_message_add(dispute_id=dispute.pk, actor=staff, text="We look at it."),
        lambda dispute, staff: dispute_begin_review(dispute_id=dispute.pk, actor=staff, reason="My turn."),
    ],
)
def test_whatever_staff_do_first_is_their_answer(noon, dispute, act):
    act(dispute, UserFactory(admin=True))

    assert [row[0] for row in owed()] == [DECISION, SIDE_ANSWER]
    assert Dispute.objects.get().due_at == noon + timedelta(days=3)


def test_a_side_meets_its_own_deadline_by_speaking(noon, dispute):
    dispute_message_add(dispute_id=dispute.pk, actor=dispute.opened_by, text="And it smells.")
    assert len(owed()) == 3

    dispute_message_add(dispute_id=dispute.pk, actor=dispute.technician.user, text="It was tight.")

    assert [row[0] for row in owed()] == [STAFF_ANSWER, DECISION]


@pytest.mark.parametrize("side", DisputeSide)
def test_staff_ask_a_side_and_give_it_time(noon, dispute, side):
    staff = UserFactory(admin=True)
    with clock.frozen(noon + timedelta(days=1)):
        dispute_ask(dispute_id=dispute.pk, actor=staff, text="Send a photo.", awaits=side)

    due = {row[1]: row[2] for row in owed() if row[0] == SIDE_ANSWER}
    assert due == {TECHNICIAN: noon + timedelta(days=3)} | {side: noon + timedelta(days=4)}
    assert STAFF_ANSWER not in [row[0] for row in owed()]


@pytest.mark.parametrize("end", ["resolve", "dismiss", "withdraw"])
def test_a_closed_dispute_owes_nobody_anything(noon, dispute, end):
    staff, ids = UserFactory(admin=True), {"dispute_id": dispute.pk}
    if end == "withdraw":
        dispute_withdraw(**ids, actor=dispute.opened_by)
    elif end == "dismiss":
        dispute_dismiss(**ids, actor=staff, note="Nothing to it.")
    else:
        dispute_begin_review(**ids, actor=staff, reason="My turn.")
        dispute_resolve(**ids, actor=staff, outcome=DisputeOutcome.SHARED, note="Half each.")

    assert owed() == []
    stored = Dispute.objects.get()
    assert (stored.due_at, stored.next_due_at) == (NEVER, None)


# Reminders


def test_each_is_reminded_once_when_three_quarters_are_gone(noon, dispute, monkeypatch):
    published = watch(monkeypatch, DisputeReminderDue)
    reminded = []
    for hours in (17, 18, 54, 180, 300):
        with clock.frozen(noon + timedelta(hours=hours)):
            reminded.append(dispute_remind_due())

    assert reminded == [0, 1, 1, 1, 0]
    ids = [DisputeDeadline.objects.get(kind=kind).pk for kind in (STAFF_ANSWER, SIDE_ANSWER, DECISION)]
    assert published() == [{"dispute_id": str(dispute.pk), "deadline_id": pk} for pk in ids]
    assert DisputeDeadline.objects.get(kind=STAFF_ANSWER).reminded_at == noon + timedelta(hours=18)


def test_nobody_is_reminded_of_what_he_has_done(noon, dispute):
    dispute_withdraw(dispute_id=dispute.pk, actor=dispute.opened_by)

    with clock.frozen(noon + timedelta(days=20)):
        assert dispute_remind_due() == 0


@pytest.mark.parametrize("done", ["ended_at", "reminded_at"])
def test_what_was_done_in_between_is_seen_under_the_lock(noon, dispute, done, monkeypatch):
    published = watch(monkeypatch, DisputeReminderDue)
    found = [(dispute.pk, DisputeDeadline.objects.get(kind=STAFF_ANSWER).pk)]
    monkeypatch.setattr("disputes.services.reminders.deadline_list_to_remind", lambda **_: found)
    DisputeDeadline.objects.update(**{done: noon})

    assert dispute_remind_due() == 0
    assert published() == []


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_two_sweeps_at_once_remind_once(monkeypatch):
    published = watch(monkeypatch, DisputeReminderDue)
    dispute = opened(job_completed())
    DisputeDeadline.objects.update(remind_at=dispute.created_at)

    at_once(*[dispute_remind_due] * 4)

    assert len(published()) == 3


# What the database holds


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({"kind": "WHENEVER"}, "dispute_deadline_(kind_known|has_its_side)"),
        ({"kind": DECISION, "side": CUSTOMER}, "dispute_deadline_has_its_side"),
        ({"kind": SIDE_ANSWER, "side": ""}, "dispute_deadline_has_its_side"),
        ({"kind": SIDE_ANSWER, "side": "ADMIN"}, "dispute_deadline_has_its_side"),
        ({"kind": DECISION, "remind_at": NEVER + timedelta(1)}, "dispute_deadline_reminds_before"),
    ],
)
def test_database_refuses_what_a_deadline_cannot_be(noon, changes, name):
    facts = {"dispute": DisputeFactory(), "remind_at": noon, "due_at": NEVER} | changes

    with pytest.raises(IntegrityError, match=name), transaction.atomic():
        DisputeDeadline.objects.create(**facts)


def test_database_refuses_two_open_ones_of_a_kind(noon):
    facts = {"dispute": DisputeFactory(), "kind": DECISION, "remind_at": noon, "due_at": NEVER}
    DisputeDeadline.objects.create(**facts, ended_at=noon)
    DisputeDeadline.objects.create(**facts)

    with pytest.raises(IntegrityError), transaction.atomic():
        DisputeDeadline.objects.create(**facts)


def test_the_migration_begins_the_deadline_of_what_is_open(noon):
    live, _closed, had = DisputeFactory(created_at=noon), dispute_dismissed(), opened(job_completed(created_at=noon))

    import_module("disputes.migrations.0004_deadlines_begin").begin(apps, None)

    assert list(live.deadlines.values_list("kind", "due_at", "ended_at")) == [(DECISION, noon + timedelta(10), None)]
    assert Dispute.objects.get(pk=live.pk).due_at == noon + timedelta(days=10)
    assert had.deadlines.count() == DisputeDeadline.objects.count() - 1 == 3


def test_the_sweeps_do_it(noon, dispute):
    with clock.frozen(noon + timedelta(hours=18)):
        remind_due()
    erase_due()

    assert DisputeDeadline.objects.get(kind=STAFF_ANSWER).reminded_at == noon + timedelta(hours=18)
    assert {"disputes.remind_due", "disputes.erase_due"} <= set(registered())
