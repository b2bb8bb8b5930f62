from datetime import UTC, datetime

import pytest
from django.db import IntegrityError, connection, transaction
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule

from accounts.models import User
from disputes.enums import DisputeEventKind, DisputeOutcome, DisputeStatus
from disputes.errors import DisputeExists
from disputes.models import Dispute, DisputeEvent
from disputes.tests.factories import (
    DisputeFactory,
    dispute_dismissed,
    dispute_resolved,
    dispute_under_review,
    dispute_withdrawn,
)
from fixmate.core.db_errors import conflict_of
from fixmate.core.errors import IllegalTransition

AT = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
EDGES = {
    (DisputeStatus.OPEN, "begin_review"): DisputeStatus.UNDER_REVIEW,
    (DisputeStatus.UNDER_REVIEW, "resolve"): DisputeStatus.RESOLVED,
    (DisputeStatus.OPEN, "dismiss"): DisputeStatus.DISMISSED,
    (DisputeStatus.UNDER_REVIEW, "dismiss"): DisputeStatus.DISMISSED,
    (DisputeStatus.OPEN, "withdraw"): DisputeStatus.WITHDRAWN,
    (DisputeStatus.UNDER_REVIEW, "withdraw"): DisputeStatus.WITHDRAWN,
}
ARGUMENTS = {
    "begin_review": {"by": User()},
    "resolve": {"outcome": DisputeOutcome.SHARED, "note": "Half each.", "at": AT},
    "dismiss": {"note": "Nothing to it.", "at": AT},
    "withdraw": {"at": AT},
}


class DisputeLifecycle(RuleBasedStateMachine):
    def __init__(self):
        super().__init__()
        self.dispute = Dispute()

    @rule(name=st.sampled_from(sorted(ARGUMENTS)))
    def attempt(self, name):
        before = self.dispute.status
        expected = EDGES.get((before, name))
        if expected:
            getattr(self.dispute, name)(**ARGUMENTS[name])
        else:
            with pytest.raises(IllegalTransition):
                getattr(self.dispute, name)(**ARGUMENTS[name])
        assert self.dispute.status == (expected or before)
        assert self.dispute.is_live == (self.dispute.closed_at is None)


TestDisputeLifecycle = DisputeLifecycle.TestCase
TestDisputeLifecycle.settings = settings(max_examples=50, stateful_step_count=6, deadline=None)


def test_dispute_and_its_event_name_themselves():
    dispute = Dispute()

    assert str(dispute) == f"OPEN {dispute.pk}"
    assert str(DisputeEvent(dispute=dispute, kind=DisputeEventKind.OPENED)) == f"OPENED {dispute.pk}"


# What the database holds


@pytest.mark.django_db
@pytest.mark.parametrize("make", [DisputeFactory, dispute_under_review])
def test_database_refuses_a_second_live_dispute_and_that_is_a_known_refusal(make):
    first = make()

    with pytest.raises(IntegrityError) as caught, transaction.atomic():
        DisputeFactory(job=first.job)

    assert type(conflict_of(caught.value)) is DisputeExists
    assert Dispute.objects.count() == 1


@pytest.mark.django_db
@pytest.mark.parametrize("make", [dispute_resolved, dispute_dismissed, dispute_withdrawn])
def test_database_lets_a_closed_dispute_be_followed_by_another(make):
    first = make()

    DisputeFactory(job=first.job)

    assert Dispute.objects.count() == 2


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("make", "changes", "name"),
    [
        (DisputeFactory, {"category": "WEATHER"}, "dispute_category_known"),
        (DisputeFactory, {"closed_at": AT}, "dispute_closed_has_time"),
        (DisputeFactory, {"outcome": DisputeOutcome.SHARED}, "dispute_resolved_has_outcome"),
        (DisputeFactory, {"outcome": "NOBODY"}, "dispute_(outcome_known|resolved_has_outcome)"),
    ],
)
def test_database_refuses_what_a_dispute_cannot_be(make, changes, name):
    make()

    with pytest.raises(IntegrityError, match=name), transaction.atomic():
        Dispute.objects.update(**changes)

    assert (Dispute.objects.get().closed_at, Dispute.objects.get().outcome) == (None, "")


@pytest.mark.django_db
@pytest.mark.parametrize("make", [dispute_resolved, dispute_dismissed, dispute_withdrawn])
@pytest.mark.parametrize(
    "change",
    [
        lambda: Dispute.objects.update(closing_note="On second thoughts"),
        lambda: connection.cursor().execute(
            "UPDATE disputes_dispute SET status = 'OPEN', outcome = '', closed_at = NULL"
        ),
    ],
)
def test_database_refuses_to_change_what_a_dispute_decided(make, change):
    dispute = make()

    with pytest.raises(IntegrityError, match="never change"), transaction.atomic():
        change()

    stored = Dispute.objects.get()
    assert (stored.status, stored.closing_note) == (dispute.status, dispute.closing_note)


@pytest.mark.django_db
@pytest.mark.parametrize(
    "change",
    [
        lambda: DisputeEvent.objects.update(text="I never said that."),
        lambda: DisputeEvent.objects.all().delete(),
        lambda: connection.cursor().execute("UPDATE disputes_disputeevent SET text = '', actor_role = 'ADMIN'"),
    ],
)
def test_database_refuses_to_change_a_thread(change):
    dispute = DisputeFactory()
    DisputeEvent.objects.create(
        dispute=dispute,
        kind=DisputeEventKind.MESSAGE,
        actor=dispute.opened_by,
        actor_role="CUSTOMER",
        at=AT,
        text="Hm.",
    )

    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
        change()

    assert DisputeEvent.objects.get().text == "Hm."
