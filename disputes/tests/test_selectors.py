import pytest

from accounts.tests.factories import UserFactory
from disputes.enums import DisputeEventKind
from disputes.models import DisputeEvent
from disputes.selectors import (
    dispute_check_job,
    dispute_get_locked,
    dispute_get_visible_to,
    dispute_list_visible_to,
    dispute_live_exists,
)
from disputes.tests.factories import DisputeFactory, dispute_dismissed
from fixmate.core.errors import Invalid, NotFound
from fixmate.core.ids import uuid7
from jobs.tests.factories import job_assigned
from technicians.tests.factories import TechnicianFactory

pytestmark = pytest.mark.django_db


def test_disputes_are_visible_to_both_sides_and_staff():
    dispute = DisputeFactory()
    DisputeFactory()

    assert list(dispute_list_visible_to(dispute.job.customer)) == [dispute]
    assert list(dispute_list_visible_to(dispute.technician.user)) == [dispute]
    assert dispute_list_visible_to(UserFactory(admin=True)).count() == 2
    assert list(dispute_list_visible_to(UserFactory())) == []


def test_dispute_stays_with_the_technician_it_is_about(noon):
    dispute = DisputeFactory(job=job_assigned())
    job, before, after = dispute.job, dispute.technician, TechnicianFactory()
    job.release(at=noon)
    job.assign(technician=after, booked_from=noon, booked_until=job.created_at, at=noon)

    assert list(dispute_list_visible_to(before.user)) == [dispute]
    assert list(dispute_list_visible_to(after.user)) == []


def test_dispute_get_brings_the_thread_in_order(noon, django_assert_num_queries):
    dispute = DisputeFactory()
    for text in ("first", "second"):
        DisputeEvent.objects.create(
            dispute=dispute,
            kind=DisputeEventKind.MESSAGE,
            actor=dispute.opened_by,
            actor_role="CUSTOMER",
            at=noon,
            text=text,
        )

    with django_assert_num_queries(4):
        found = dispute_get_visible_to(user=dispute.opened_by, dispute_id=dispute.pk)
        said = [(event.actor.first_name, event.text) for event in found.thread]

    assert said == [("Ada", "first"), ("Ada", "second")]


def test_dispute_get_refuses_a_stranger():
    with pytest.raises(NotFound):
        dispute_get_visible_to(user=UserFactory(), dispute_id=DisputeFactory().pk)


def test_dispute_get_locked_refuses_an_unknown_one():
    with pytest.raises(NotFound):
        dispute_get_locked(uuid7())


def test_dispute_live_exists():
    assert dispute_live_exists(DisputeFactory().job_id) is True
    assert dispute_live_exists(dispute_dismissed().job_id) is False


def test_dispute_is_about_its_job():
    dispute = DisputeFactory()

    dispute_check_job(dispute.pk, dispute.job_id)

    for pair in ((uuid7(), dispute.job_id), (dispute.pk, uuid7())):
        with pytest.raises(Invalid):
            dispute_check_job(*pair)
