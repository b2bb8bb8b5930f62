"""Not meeting again: who may say so of whom, and what it shows."""

from datetime import timedelta

import pytest

from accounts.tests.factories import UserFactory
from fixmate.core.errors import NotFound
from fixmate.core.tests.http import NOBODY, client_for
from jobs.enums import BlockSide, CancelReason, JobStatus
from jobs.errors import NeverAssigned
from jobs.events import BlockSet
from jobs.models import Block
from jobs.selectors import blocked_technician_ids, job_count_assigned, job_last_technician_id
from jobs.services import block_lift, block_set, job_assign, job_release_by_technician
from jobs.tests.factories import (
    JOB_IN,
    JobFactory,
    job_assigned,
    job_completed,
    job_in_progress,
    job_matching,
    job_unmatched,
)
from jobs.tests.helpers import nothing_written, outbox, rows_of, stored
from technicians.tests.factories import TechnicianFactory

pytestmark = pytest.mark.django_db
BLOCKS = "/api/v1/blocks"


def _block(job, side=BlockSide.CUSTOMER, **kwargs):
    actor = job.customer if side == BlockSide.CUSTOMER else job.technician.user
    return block_set(job_id=job.pk, actor=actor, **kwargs)


def _released(noon):
    """A job that a technician took and gave back."""
    job, technician = job_matching(created_at=noon), TechnicianFactory()
    job_assign(job=job, technician=technician, actor=technician.user, at=noon)
    job_release_by_technician(job_id=job.pk, actor=technician.user, reason=CancelReason.CANNOT_COME)
    return job, technician


# Setting


@pytest.mark.parametrize("side", BlockSide)
def test_block_is_set_from_either_side(noon, side):
    job = job_completed(created_at=noon)

    block, is_new = _block(job, side, note="We did not get on.")

    held = Block.objects.get()
    assert (held, is_new) == (block, True)
    assert (held.customer_id, held.technician_id, held.set_by) == (job.customer_id, job.technician_id, side)
    assert (held.job_id, held.note, held.created_at, held.lifted_at) == (job.pk, "We did not get on.", noon, None)
    assert outbox() == rows_of(BlockSet(customer_id=job.customer_id, technician_id=job.technician_id))


def test_block_set_again_stays_as_it_is():
    job = job_completed()
    first, _ = _block(job, note="Late.")

    with nothing_written():
        second, is_new = _block(job, note="Rude.")

    assert (second, is_new, second.note) == (first, False, "Late.")


def test_block_of_the_same_two_over_another_job_is_the_same():
    job = job_completed()
    first, _ = _block(job)
    again = job_completed(job.technician, customer=job.customer, created_at=job.created_at + timedelta(days=1))

    with nothing_written():
        second, is_new = _block(again)

    assert (second, is_new) == (first, False)


def test_blocks_of_both_sides_stand_next_to_each_other():
    job = job_completed()

    _block(job, BlockSide.CUSTOMER)
    _block(job, BlockSide.TECHNICIAN)

    assert Block.objects.count() == 2


@pytest.mark.parametrize("make", [job_assigned, job_in_progress])
def test_block_leaves_the_work_at_hand(make):
    job = make()
    before = stored(job).status

    _block(job)

    assert (stored(job).status, stored(job).technician_id) == (before, job.technician_id)


@pytest.mark.parametrize("make", [JobFactory, job_matching, job_unmatched])
def test_block_needs_somebody_to_block(make):
    job = make()

    with nothing_written(), pytest.raises(NeverAssigned):
        block_set(job_id=job.pk, actor=job.customer)


def test_block_by_the_customer_reaches_who_gave_the_job_back(noon):
    job, technician = _released(noon)

    block, _ = block_set(job_id=job.pk, actor=job.customer)

    assert block.technician_id == technician.pk
    assert job_last_technician_id(stored(job)) == technician.pk


def test_block_by_who_gave_the_job_back_is_not_found_because_he_knows_no_more_of_it(noon):
    job, technician = _released(noon)

    with nothing_written(), pytest.raises(NotFound):
        block_set(job_id=job.pk, actor=technician.user)


@pytest.mark.parametrize("status", JobStatus)
def test_block_by_a_stranger_is_not_found(status):
    job = JOB_IN[status]()

    for stranger in (UserFactory(), TechnicianFactory().user):
        with nothing_written(), pytest.raises(NotFound):
            block_set(job_id=job.pk, actor=stranger)


def test_assignments_are_counted_per_technician(noon):
    job, technician = _released(noon)

    assert job_count_assigned(job_id=job.pk, technician_id=technician.pk) == 1
    assert job_count_assigned(job_id=job.pk, technician_id=NOBODY) == 0


# Lifting


@pytest.mark.parametrize("side", BlockSide)
def test_lift_ends_the_block(noon, side):
    job = job_completed(created_at=noon)
    block, _ = _block(job, side)

    block_lift(block_id=block.pk, actor=job.customer if side == BlockSide.CUSTOMER else job.technician.user)

    assert Block.objects.get().lifted_at == noon
    assert blocked_technician_ids(job.customer_id) == {}


def test_lifted_block_can_be_set_again():
    job = job_completed()
    block, _ = _block(job)
    block_lift(block_id=block.pk, actor=job.customer)

    again, is_new = _block(job)

    assert (again.pk == block.pk, is_new) == (False, True)
    assert blocked_technician_ids(job.customer_id) == {job.technician_id: BlockSide.CUSTOMER}


def test_lift_of_the_other_sides_block_is_not_found():
    job = job_completed()
    block, _ = _block(job, BlockSide.CUSTOMER)

    with nothing_written(), pytest.raises(NotFound):
        block_lift(block_id=block.pk, actor=job.technician.user)


def test_lift_of_a_lifted_block_is_not_found():
    job = job_completed()
    block, _ = _block(job)
    block_lift(block_id=block.pk, actor=job.customer)

    with nothing_written(), pytest.raises(NotFound):
        block_lift(block_id=block.pk, actor=job.customer)


def test_block_has_a_name_for_the_console():
    block, _ = _block(job_completed())

    assert str(block) == f"CUSTOMER {block.pk}"


# For matching


def test_blocked_technicians_are_those_of_either_side(django_assert_num_queries):
    mine, theirs, both = job_completed(), job_completed(), job_completed()
    customer = mine.customer
    for job in (theirs, both):
        job.customer = customer
        job.save(update_fields=["customer"])
    _block(mine, BlockSide.CUSTOMER)
    _block(theirs, BlockSide.TECHNICIAN)
    _block(both, BlockSide.CUSTOMER)
    _block(both, BlockSide.TECHNICIAN)
    _block(job_completed())

    with django_assert_num_queries(1):
        blocked = blocked_technician_ids(customer.pk)

    assert blocked == {
        mine.technician_id: BlockSide.CUSTOMER,
        theirs.technician_id: BlockSide.TECHNICIAN,
        both.technician_id: BlockSide.TECHNICIAN,
    }


# Over REST


def _post(user, body):
    return client_for(user).post(BLOCKS, body)


@pytest.mark.parametrize("side", BlockSide)
def test_block_over_rest_shows_the_others_first_name_and_no_contact(noon, side):
    customer = UserFactory(first_name="Ada", email="ada@example.com", phone="+16175550100")
    user = UserFactory(technician=True, first_name="Grace", email="grace@example.com", phone="+16175550111")
    job = job_completed(TechnicianFactory(user=user), customer=customer, created_at=noon)
    actor, other = (customer, user) if side == BlockSide.CUSTOMER else (user, customer)

    answer = _post(actor, {"job_id": str(job.pk), "note": "No."})

    assert answer.status_code == 201
    assert answer.json() == {
        "id": str(Block.objects.get().pk),
        "job_id": str(job.pk),
        "set_by": side,
        "first_name": other.first_name,
        "note": "No.",
        "created_at": "2026-03-02T12:00:00Z",
    }


def test_block_over_rest_again_answers_200_with_what_holds():
    job = job_completed()
    first = _post(job.customer, {"job_id": str(job.pk)})

    second = _post(job.customer, {"job_id": str(job.pk), "note": "Again."})

    assert (first.status_code, second.status_code) == (201, 200)
    assert second.json() == first.json()


@pytest.mark.parametrize(
    ("actor", "status"),
    [
        (lambda job: None, 401),
        (lambda job: UserFactory(admin=True), 403),
        (lambda job: UserFactory(), 404),
        (lambda job: TechnicianFactory().user, 404),
    ],
    ids=["anonymous", "admin", "stranger customer", "stranger technician"],
)
def test_block_over_rest_is_refused(actor, status):
    job = job_completed()
    user = actor(job)

    with nothing_written():
        answer = _post(user, {"job_id": str(job.pk)})

    assert answer.status_code == status


def test_block_over_rest_of_a_job_nobody_had_is_a_conflict():
    job = job_matching()

    with nothing_written():
        answer = _post(job.customer, {"job_id": str(job.pk)})

    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "NEVER_ASSIGNED")


@pytest.mark.parametrize(
    ("body", "field"), [({}, "job_id"), ({"job_id": "x"}, "job_id"), ({"job_id": str(NOBODY), "side": 1}, "side")]
)
def test_block_over_rest_refuses_a_bad_body(body, field):
    user = UserFactory()

    with nothing_written():
        answer = _post(user, body)

    assert (answer.status_code, set(answer.json()["error"]["details"])) == (400, {field})


def test_blocks_are_listed_in_pages_to_who_set_them(noon, django_assert_num_queries):
    customer = UserFactory()
    jobs = [job_completed(customer=customer) for _ in range(3)]
    for job in jobs:
        _block(job, BlockSide.CUSTOMER)
    _block(jobs[0], BlockSide.TECHNICIAN)
    lifted, _ = _block(job_completed(customer=customer))
    block_lift(block_id=lifted.pk, actor=customer)
    client = client_for(customer)

    with django_assert_num_queries(1):
        page = client.get(BLOCKS, {"page_size": 2}).json()
    rest = client.get(page["next"]).json()

    shown = [row["job_id"] for row in page["results"] + rest["results"]]
    assert shown == [str(job.pk) for job in reversed(jobs)]


def test_blocks_are_shown_to_staff_all_and_to_the_other_side_not():
    job = job_completed()
    _block(job, BlockSide.CUSTOMER)

    def listed(user):
        return len(client_for(user).get(BLOCKS).json()["results"])

    assert listed(UserFactory(admin=True)) == 1
    assert (listed(job.customer), listed(job.technician.user)) == (1, 0)


def test_lift_over_rest_answers_204_and_then_404():
    job = job_completed()
    block, _ = _block(job)
    client = client_for(job.customer)

    answers = [client.delete(f"{BLOCKS}/{block.pk}").status_code for _ in range(2)]

    assert answers == [204, 404]


@pytest.mark.parametrize(
    ("actor", "status"), [(lambda job: job.technician.user, 404), (lambda job: UserFactory(admin=True), 403)]
)
def test_lift_over_rest_is_for_who_set_it(actor, status):
    job = job_completed()
    block, _ = _block(job)
    user = actor(job)

    with nothing_written():
        answer = client_for(user).delete(f"{BLOCKS}/{block.pk}")

    assert answer.status_code == status
