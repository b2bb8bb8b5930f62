"""What must hold of disputes."""

from datetime import timedelta

import pytest

from disputes.models import NEVER, Dispute, DisputeDeadline
from disputes.services import dispute_withdraw
from disputes.tests.factories import dispute_dismissed
from disputes.tests.helpers import opened
from fixmate.ops.tests.breaking import broken_names, set_behind
from jobs.tests.factories import job_completed

pytestmark = pytest.mark.django_db
BROKEN = ["dispute_is_due_as_its_deadlines_say"]


def broken():
    return [name for name in broken_names() if name in BROKEN]


def test_what_the_services_write_holds():
    dispute = opened(job_completed())
    assert broken() == []

    dispute_withdraw(dispute_id=dispute.pk, actor=dispute.opened_by)

    assert broken() == []


@pytest.mark.parametrize("due_at", ["later", NEVER])
def test_open_dispute_that_is_due_at_another_time_is_found(due_at):
    dispute = opened(job_completed())
    at = dispute.due_at + timedelta(seconds=1) if due_at == "later" else due_at
    Dispute.objects.filter(pk=dispute.pk).update(due_at=at)

    assert broken() == BROKEN


def test_closed_dispute_that_is_due_is_found():
    dispute = dispute_dismissed()
    facts = {"remind_at": dispute.created_at, "due_at": dispute.created_at}
    DisputeDeadline.objects.create(dispute=dispute, kind="DECISION", **facts)
    set_behind(Dispute, dispute.pk, due_at=dispute.created_at)

    assert broken() == BROKEN
