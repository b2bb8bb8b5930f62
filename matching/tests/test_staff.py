"""What staff do with a job by hand: keeping apart, giving, moving."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction

from accounts.enums import UserStatus
from accounts.errors import AccountSuspended
from accounts.tests.factories import UserFactory
from fixmate.core.db_errors import conflict_of
from fixmate.core.errors import Forbidden, IllegalTransition, Invalid
from fixmate.core.events import publish
from fixmate.core.models import AuditEntry, OutboxMessage
from fixmate.core.tests.http import NOBODY
from jobs.enums import BlockSide, CancelReason, JobEventKind, JobStatus
from jobs.errors import BookingOverlap
from jobs.events import BlockSet, JobAssigned, JobReleased
from jobs.models import Block, Job
from jobs.services import block_lift, block_set, job_release_by_technician
from jobs.tests.factories import JOB_IN, job_assigned, job_completed, job_matching, job_unmatched
from jobs.tests.helpers import kinds_of, north_of, nothing_written, outbox, put, rows_of, stored
from matching.enums import OfferEventKind, OfferSource, OfferStatus
from matching.errors import ManualAssignmentOff, TechnicianBlocked, TechnicianExcluded, TechnicianHasJob
from matching.events import OfferWithdrawn, PassDue
from matching.models import Exclusion, Offer, OfferEvent
from matching.selectors import exclusions_of
from matching.services import (
    job_assign_by_hand,
    job_exclude,
    job_transfer_by_hand,
    offers_withdraw_blocked,
)
from matching.tests.factories import OfferFactory, offer_accepted
from technicians.errors import TechnicianNotVerified
from technicians.models import Technician
from technicians.tests.factories import TechnicianFactory

pytestmark = pytest.mark.django_db
WHY = "The customer asked for him on the phone."


@pytest.fixture(autouse=True)
def _allowed(settings):
    settings.MANUAL_ASSIGNMENT = True
    settings.PASS_LOST_S = 15
    settings.OFFER_TIMEOUT_S = 60


@pytest.fixture
def dispatcher():
    return UserFactory(admin=True, is_dispatcher=True)


@pytest.fixture
def admin():
    return UserFactory(admin=True)


def _exclude(job, technician, actor, reason=WHY):
    return job_exclude(job_id=job.pk, technician_id=technician.pk, actor=actor, reason=reason)


def _assign(job, technician, actor, reason=WHY):
    return job_assign_by_hand(job_id=job.pk, technician_id=technician.pk, actor=actor, reason=reason)


def _transfer(job, technician, actor, reason=WHY):
    return job_transfer_by_hand(job_id=job.pk, technician_id=technician.pk, actor=actor, reason=reason)


def _offers_of(job):
    """The job's offers as (technician, status), in their order."""
    return list(Offer.objects.filter(job=job).order_by("number").values_list("technician_id", "status"))


def _events_of(offer):
    return list(OfferEvent.objects.filter(offer=offer).order_by("pk").values_list("kind", flat=True))


def _withdrawn(offer):
    return OfferWithdrawn(offer_id=offer.pk, job_id=offer.job_id, technician_id=offer.technician_id)


# Keeping from a job


def test_exclude_keeps_the_technician_from_the_job(noon, admin):
    job, technician = job_matching(created_at=noon), TechnicianFactory()

    exclusion, is_new = _exclude(job, technician, admin)

    assert (exclusion, is_new) == (Exclusion.objects.get(), True)
    assert (exclusion.job_id, exclusion.technician_id, exclusion.reason) == (job.pk, technician.pk, WHY)
    assert (exclusion.created_by_id, exclusion.created_at) == (admin.pk, noon)
    assert exclusions_of(job.pk) == {technician.pk: WHY}
    entry = AuditEntry.objects.get()
    assert (entry.action, entry.reason, entry.target_id) == ("job.exclude", WHY, str(job.pk))
    assert entry.after == {"technician_id": str(technician.pk)}
    assert outbox() == []


def test_exclude_takes_his_open_offer_back_and_searches_on(noon, admin):
    offer = OfferFactory(job=job_matching(created_at=noon), created_at=noon)

    _exclude(offer.job, offer.technician, admin)

    assert _offers_of(offer.job) == [(offer.technician_id, OfferStatus.WITHDRAWN)]
    assert _events_of(offer)[-1] == OfferEventKind.WITHDRAWN
    assert stored(offer.job).next_pass_at == noon + timedelta(seconds=15)
    assert outbox() == rows_of(_withdrawn(offer), PassDue(job_id=offer.job_id))


def test_exclude_leaves_the_offer_of_somebody_else(noon, admin):
    offer, technician = OfferFactory(), TechnicianFactory()

    _exclude(offer.job, technician, admin)

    assert _offers_of(offer.job) == [(offer.technician_id, OfferStatus.PENDING)]
    assert outbox() == []


def test_exclude_again_stays_as_it_is(admin):
    job, technician = job_matching(), TechnicianFactory()
    first, _ = _exclude(job, technician, admin)

    with nothing_written():
        second, is_new = _exclude(job, technician, admin, reason="Another.")

    assert (second, is_new, second.reason) == (first, False, WHY)
    assert Exclusion.objects.count() == 1


def test_exclude_from_a_job_of_his_is_a_transfer(admin):
    job = offer_accepted().job

    with nothing_written(), pytest.raises(TechnicianHasJob):
        _exclude(job, job.technician, admin)

    assert Exclusion.objects.count() == 0


@pytest.mark.parametrize("status", [JobStatus.COMPLETED, JobStatus.CANCELLED])
def test_exclude_is_for_open_jobs(admin, status):
    job, technician = JOB_IN[status](), TechnicianFactory()

    with nothing_written(), pytest.raises(IllegalTransition) as refusal:
        _exclude(job, technician, admin)

    assert refusal.value.details == {"state": status, "action": "exclude"}
    assert Exclusion.objects.count() == 0


@pytest.mark.parametrize("reason", ["", "  "])
@pytest.mark.parametrize("act", [_exclude, _assign, _transfer])
def test_acts_need_a_reason(dispatcher, act, reason):
    job, technician = job_matching(), TechnicianFactory()

    with nothing_written(), pytest.raises(Invalid) as refusal:
        act(job, technician, dispatcher, reason=reason)

    assert list(refusal.value.details) == ["reason"]


@pytest.mark.parametrize("act", [_exclude, _assign, _transfer])
def test_acts_need_a_technician_there_is(dispatcher, act):
    job = job_matching()

    with nothing_written(), pytest.raises(Invalid) as refusal:
        act(job, Technician(pk=NOBODY), dispatcher)

    assert list(refusal.value.details) == ["technician_id"]


# Keeping two apart


def _met(customer):
    """Return a technician who has worked for the customer."""
    return job_completed(customer=customer).technician


def _blocked(customer, technician):
    job = Job.objects.get(customer=customer, technician=technician)
    return block_set(job_id=job.pk, actor=customer)[0]


def test_block_takes_back_the_open_offer_between_the_two(noon):
    job = job_matching(created_at=noon)
    technician = _met(job.customer)
    offer = OfferFactory(job=job, technician=technician, created_at=noon)
    _blocked(job.customer, technician)
    OutboxMessage.objects.all().delete()

    for _ in range(2):
        offers_withdraw_blocked(customer_id=job.customer_id, technician_id=technician.pk)

    assert _offers_of(job) == [(technician.pk, OfferStatus.WITHDRAWN)]
    assert stored(job).next_pass_at == noon + timedelta(seconds=15)
    assert outbox() == rows_of(_withdrawn(offer), PassDue(job_id=job.pk))


def test_block_leaves_his_offer_of_another_customers_job():
    job = job_matching()
    technician = _met(job.customer)
    OfferFactory(technician=technician)
    _blocked(job.customer, technician)

    with nothing_written():
        offers_withdraw_blocked(customer_id=job.customer_id, technician_id=technician.pk)

    assert Offer.objects.get().status == OfferStatus.PENDING


def test_block_that_was_lifted_meanwhile_takes_nothing_back():
    job = job_matching()
    technician = _met(job.customer)
    OfferFactory(job=job, technician=technician)
    block_lift(block_id=_blocked(job.customer, technician).pk, actor=job.customer)

    with nothing_written():
        offers_withdraw_blocked(customer_id=job.customer_id, technician_id=technician.pk)

    assert Offer.objects.get().status == OfferStatus.PENDING


def test_block_takes_back_the_offer_of_a_job_that_is_over_without_searching_on(noon):
    job = job_unmatched(created_at=noon)
    technician = _met(job.customer)
    offer = OfferFactory(job=job, technician=technician, created_at=noon)
    _blocked(job.customer, technician)
    OutboxMessage.objects.all().delete()

    offers_withdraw_blocked(customer_id=job.customer_id, technician_id=technician.pk)

    assert outbox() == rows_of(_withdrawn(offer))


def test_block_is_heard(drain):
    job = job_matching()
    technician = _met(job.customer)
    OfferFactory(job=job, technician=technician)
    Block.objects.create(
        customer=job.customer,
        technician=technician,
        set_by=BlockSide.TECHNICIAN,
        job=job,
        created_at=job.created_at,
    )

    with transaction.atomic():
        publish(BlockSet(customer_id=job.customer_id, technician_id=technician.pk))
    drain()

    assert Offer.objects.get().status == OfferStatus.WITHDRAWN


# Giving by hand


@pytest.mark.parametrize("make", [job_matching, job_unmatched])
def test_assign_gives_the_job_and_is_audited(noon, dispatcher, make):
    job, technician = make(created_at=noon), TechnicianFactory()
    before = job.status

    offer = _assign(job, technician, dispatcher)

    after = stored(job)
    assert (after.status, after.technician_id, after.assigned_at) == (JobStatus.ASSIGNED, technician.pk, noon)
    assert after.next_pass_at is None
    assert (offer.status, offer.source, offer.number) == (OfferStatus.ACCEPTED, OfferSource.STAFF, 1)
    assert (offer.created_at, offer.closed_at, offer.expires_at) == (noon, noon, noon + timedelta(seconds=60))
    assert (offer.amount_minor, offer.technician_earnings_minor, offer.currency) == (10_000, 8_500, "USD")
    assert (offer.matching_pass_id, offer.search_number) == (None, job.search_number)
    assert _events_of(offer) == [OfferEventKind.CREATED, OfferEventKind.ACCEPTED]
    entry = AuditEntry.objects.get()
    assert (entry.action, entry.actor_id, entry.reason) == ("job.assign", dispatcher.pk, WHY)
    assert entry.before == {"status": before, "technician_id": None}
    assert entry.after == {"status": "ASSIGNED", "technician_id": str(technician.pk)}
    assert outbox() == rows_of(JobAssigned(job_id=job.pk, technician_id=technician.pk))


def test_assign_takes_an_open_offer_back_first(noon, dispatcher):
    offer, technician = OfferFactory(), TechnicianFactory()

    _assign(offer.job, technician, dispatcher)

    assert _offers_of(offer.job) == [
        (offer.technician_id, OfferStatus.WITHDRAWN),
        (technician.pk, OfferStatus.ACCEPTED),
    ]
    assert outbox() == rows_of(_withdrawn(offer), JobAssigned(job_id=offer.job_id, technician_id=technician.pk))


def test_assign_of_a_job_given_back_a_moment_ago(noon, dispatcher):
    held, technician = offer_accepted(created_at=noon), TechnicianFactory()
    job_release_by_technician(job_id=held.job_id, actor=held.technician.user, reason=CancelReason.CANNOT_COME)

    _assign(held.job, technician, dispatcher)

    assert _offers_of(held.job) == [
        (held.technician_id, OfferStatus.RELEASED),
        (technician.pk, OfferStatus.ACCEPTED),
    ]


def test_assign_to_who_is_looking_at_another_offer(dispatcher):
    job, other = job_matching(), OfferFactory()

    _assign(job, other.technician, dispatcher)

    assert stored(job).technician_id == other.technician_id
    assert Offer.objects.get(pk=other.pk).status == OfferStatus.PENDING


@pytest.mark.parametrize("has_position", [True, False])
def test_assign_measures_from_where_he_is_or_from_his_base(noon, dispatcher, has_position):
    job = job_matching(created_at=noon)
    base = north_of(job, 3_000)
    technician = TechnicianFactory(base_latitude=base.latitude, base_longitude=base.longitude)
    if has_position:
        put(technician, north_of(job, 1_000), noon)

    offer = _assign(job, technician, dispatcher)

    assert offer.distance_m == (1_000 if has_position else 3_000)


@pytest.mark.parametrize("act", [_assign, _transfer])
def test_by_hand_is_for_dispatchers(admin, act):
    job, technician = offer_accepted().job, TechnicianFactory()

    with nothing_written(), pytest.raises(Forbidden):
        act(job, technician, admin)


@pytest.mark.parametrize("act", [_assign, _transfer])
def test_by_hand_is_for_where_a_setting_allows_it(settings, dispatcher, act):
    settings.MANUAL_ASSIGNMENT = False
    job, technician = offer_accepted().job, TechnicianFactory()

    with nothing_written(), pytest.raises(ManualAssignmentOff):
        act(job, technician, dispatcher)


def _unverified(job):
    return TechnicianFactory(suspended=True)


def _shut_out(job):
    return TechnicianFactory(user__status=UserStatus.SUSPENDED)


def _kept_away(job):
    technician = TechnicianFactory()
    _exclude(job, technician, UserFactory(admin=True))
    return technician


def _unwanted(job):
    technician = _met(job.customer)
    _blocked(job.customer, technician)
    return technician


@pytest.mark.parametrize(
    ("make", "error"),
    [
        (_unverified, TechnicianNotVerified),
        (_shut_out, AccountSuspended),
        (_kept_away, TechnicianExcluded),
        (_unwanted, TechnicianBlocked),
    ],
)
@pytest.mark.parametrize(("act", "start"), [(_assign, job_matching), (_transfer, lambda: offer_accepted().job)])
def test_by_hand_holds_to_who_may_have_the_job(dispatcher, act, start, make, error):
    job = start()
    technician, offers = make(job), _offers_of(job)

    with nothing_written(), pytest.raises(error):
        act(job, technician, dispatcher)

    assert _offers_of(job) == offers


@pytest.mark.parametrize(
    "status", [status for status in JobStatus if status not in (JobStatus.MATCHING, JobStatus.UNMATCHED)]
)
def test_assign_needs_a_search_that_is_on_or_found_nobody(dispatcher, status):
    job, technician = JOB_IN[status](), TechnicianFactory()

    with nothing_written(), pytest.raises(IllegalTransition) as refusal:
        _assign(job, technician, dispatcher)

    assert refusal.value.details == {"state": status, "action": "assign"}


def test_assign_of_overlapping_work_leaves_everything_as_it_was(noon, dispatcher):
    offer, busy = OfferFactory(job=job_matching(created_at=noon)), job_assigned(created_at=noon).technician

    with nothing_written(), pytest.raises(IntegrityError) as refusal, transaction.atomic():
        _assign(offer.job, busy, dispatcher)

    assert type(conflict_of(refusal.value)) is BookingOverlap
    assert _offers_of(offer.job) == [(offer.technician_id, OfferStatus.PENDING)]


# Moving by hand


def test_transfer_moves_the_job_in_one_step(noon, dispatcher):
    held = offer_accepted(created_at=noon)
    job, technician = held.job, TechnicianFactory()

    offer = _transfer(job, technician, dispatcher)

    after = stored(job)
    assert (after.status, after.technician_id, after.rematch_count) == (JobStatus.ASSIGNED, technician.pk, 0)
    assert _offers_of(job) == [
        (held.technician_id, OfferStatus.RELEASED),
        (technician.pk, OfferStatus.ACCEPTED),
    ]
    assert (offer.source, offer.number) == (OfferSource.STAFF, 2)
    released = OfferEvent.objects.get(offer=held, kind=OfferEventKind.RELEASED)
    assert (released.actor_id, released.note) == (dispatcher.pk, "TRANSFERRED")
    assert kinds_of(job)[-2:] == [JobEventKind.RELEASED, JobEventKind.ASSIGNED]
    assert Technician.objects.get(pk=held.technician_id).jobs_released == 0
    entry = AuditEntry.objects.get()
    assert (entry.action, entry.reason) == ("job.transfer", WHY)
    assert entry.before == {"status": "ASSIGNED", "technician_id": str(held.technician_id)}
    assert entry.after == {"status": "ASSIGNED", "technician_id": str(technician.pk)}
    assert outbox() == rows_of(
        JobReleased(job_id=job.pk, technician_id=held.technician_id, reason="TRANSFERRED"),
        JobAssigned(job_id=job.pk, technician_id=technician.pk),
    )


def test_transfer_is_settled_when_its_events_are_heard(noon, dispatcher, drain):
    held = offer_accepted(created_at=noon)
    technician = TechnicianFactory()

    _transfer(held.job, technician, dispatcher)
    drain()

    assert stored(held.job).technician_id == technician.pk
    assert _offers_of(held.job) == [
        (held.technician_id, OfferStatus.RELEASED),
        (technician.pk, OfferStatus.ACCEPTED),
    ]


def test_transfer_keeps_the_reason_off_the_timeline_both_can_read(dispatcher):
    job = offer_accepted().job

    _transfer(job, TechnicianFactory(), dispatcher)

    assert list(job.events.exclude(note="")) == []


def test_transfer_to_who_has_it_is_refused(dispatcher):
    job = offer_accepted().job

    with nothing_written(), pytest.raises(TechnicianHasJob):
        _transfer(job, job.technician, dispatcher)


@pytest.mark.parametrize("status", [status for status in JobStatus if status != JobStatus.ASSIGNED])
def test_transfer_is_possible_while_assigned_alone(dispatcher, status):
    job, technician = JOB_IN[status](), TechnicianFactory()

    with nothing_written(), pytest.raises(IllegalTransition) as refusal:
        _transfer(job, technician, dispatcher)

    assert refusal.value.details == {"state": status, "action": "transfer"}


def test_transfer_to_one_who_has_other_work_then_leaves_everything_as_it_was(noon, dispatcher):
    held, busy = offer_accepted(created_at=noon), job_assigned(created_at=noon).technician

    with nothing_written(), pytest.raises(IntegrityError) as refusal, transaction.atomic():
        _transfer(held.job, busy, dispatcher)

    assert type(conflict_of(refusal.value)) is BookingOverlap
    assert _offers_of(held.job) == [(held.technician_id, OfferStatus.ACCEPTED)]
