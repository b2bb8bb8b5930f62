from collections import defaultdict
from collections.abc import Collection, Iterable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db.models import F, Prefetch, Q, QuerySet

from accounts.enums import Role
from accounts.models import User
from fixmate.core.errors import NotFound
from fixmate.core.geo import Point
from fixmate.core.geo_sql import filter_within
from fixmate.core.prepared import Given, Prepared, among
from jobs.enums import BOOKED, WAITING, BlockSide, JobEventKind, JobStatus, PriceKind, QuoteStatus
from jobs.models import Block, Job, JobEvent, JobPhoto, JobPrice, QuoteRevision
from jobs.rules import Booking


def job_get_locked(job_id: UUID) -> Job:
    """Return the job with its row locked, and its service: the first lock of every transaction that takes one.

    :raises NotFound: if there is none
    """
    job = _job_locked.first(pk=job_id)
    if job is None:
        raise NotFound
    return job


@Prepared
def _job_locked() -> QuerySet[Job]:
    return Job.objects.select_for_update(of=("self",)).select_related("service").filter(pk=Given("pk"))


def job_list_unheld(job_ids: Collection[UUID]) -> list[Job]:
    """Return the jobs with their rows locked, but for those that somebody else holds: sweeps share their work so.

    What else is in their rows is left there: to read all of it takes longer than all else a sweep asks of a job.
    """
    free = Job.objects.select_for_update(skip_locked=True).filter(pk__in=job_ids)
    return list(free.only("status", "service").order_by("pk"))


def job_get(job_id: UUID) -> Job:
    """Return the job with everybody and everything its page shows.

    :raises NotFound: if there is none
    """
    job = _with_page(Job.objects.filter(pk=job_id)).first()
    if job is None:
        raise NotFound
    return job


def job_list_visible_to(user: User) -> QuerySet[Job]:
    """Return every job this user may know exists; anything else must look like a 404.

    A technician sees the jobs that are his now; of one he gave back he sees nothing any more. The role chooses the
    column: one OR over both has no index, and reads everybody's jobs.
    """
    jobs = _with_page(Job.objects.all())
    if user.role == Role.ADMIN:
        return jobs
    if user.role == Role.TECHNICIAN:
        return jobs.filter(technician__user=user)
    return jobs.filter(customer=user)


def job_get_visible_to(*, user: User, job_id: UUID) -> Job:
    """:raises NotFound: if there is none this user may know of"""
    job = job_list_visible_to(user).filter(pk=job_id).first()
    if job is None:
        raise NotFound
    return job


def photo_get_visible_to(*, user: User, job_id: UUID, upload_id: UUID) -> JobPhoto:
    """:raises NotFound: if there is none on the page of a job this user may know of"""
    job = job_get_visible_to(user=user, job_id=job_id)
    found = [photo for photo in job.photos.all() if photo.upload_id == upload_id]
    if not found:
        raise NotFound
    return found[0]


def _with_page(jobs: QuerySet[Job]) -> QuerySet[Job]:
    prices = Prefetch("prices", queryset=JobPrice.objects.order_by("revision"), to_attr="price_rows")
    return jobs.select_related("customer", "service", "technician__user").prefetch_related(prices, "photos__upload")


def job_timeline(job_id: UUID) -> QuerySet[JobEvent]:
    return JobEvent.objects.filter(job_id=job_id).select_related("actor")


def job_contacts_visible(*, job: Job, user: User, at: datetime) -> bool:
    """Tell whether this user sees contact details and the exact address.

    The customer sees his own and staff always; the technician from his assignment until some days after the close.
    """
    if user.role == Role.ADMIN or job.customer_id == user.pk:
        return True
    if job.technician is None or job.technician.user_id != user.pk:
        return False
    return _is_within_days(job, at, settings.CONTACT_VISIBLE_DAYS)


def job_technician_phone_visible(*, job: Job, user: User, at: datetime) -> bool:
    """Tell whether this user sees the technician's phone number.

    His customer does until some days after the close; staff and he himself as long as they see contacts.
    """
    if job.customer_id == user.pk:
        return _is_within_days(job, at, settings.TECHNICIAN_PHONE_DAYS)
    return job_contacts_visible(job=job, user=user, at=at)


def _is_within_days(job: Job, at: datetime, days: int) -> bool:
    return job.closed_at is None or at - job.closed_at <= timedelta(days=days)


def job_is_shared_now(one: User, other: User) -> bool:
    """Tell whether the two have a job with one another that is booked or being done."""
    booked = Job.objects.filter(status__in=BOOKED)
    return booked.filter(Q(customer=one, technician__user=other) | Q(customer=other, technician__user=one)).exists()


def job_last_technician_id(job: Job) -> UUID | None:
    """Return who has the job, or had it last before he gave it back; None if nobody ever had it."""
    if job.technician_id:
        return job.technician_id
    assigned = JobEvent.objects.filter(job=job, kind=JobEventKind.ASSIGNED).order_by("-id")
    technician_id = assigned.values_list("data__technician_id", flat=True).first()
    return UUID(technician_id) if technician_id else None


def job_count_assigned(*, job_id: UUID, technician_id: UUID) -> int:
    """Return how often the job was given to the technician: staff can give it back to who lost it."""
    assigned = JobEvent.objects.filter(job_id=job_id, kind=JobEventKind.ASSIGNED)
    return assigned.filter(data__technician_id=str(technician_id)).count()


# Visits: both look at booked jobs alone, whose index holds no closed one


def job_ids_to_remind(*, at: datetime, limit: int) -> list[UUID]:
    """Return jobs whose visit both parties are to be reminded of, the nearest first: `rules.is_reminder_due` in SQL."""
    lead = timedelta(seconds=settings.VISIT_REMINDER_S)
    due = Job.objects.filter(status__in=BOOKED, scheduled_for__isnull=False, reminded_at__isnull=True)
    due = due.filter(status=JobStatus.ASSIGNED, booked_from__gt=at, booked_from__lte=at + lead)
    due = due.filter(assigned_at__lte=F("booked_from") - lead).order_by("booked_from")
    return list(due.values_list("pk", flat=True)[:limit])


def job_ids_dark(*, at: datetime, limit: int) -> list[UUID]:
    """Return jobs whose visit is near or due while their technician is silent: `rules.is_dark` in SQL."""
    silent_since = at - timedelta(seconds=settings.DARK_AFTER_S)
    near = Job.objects.filter(status__in=BOOKED, booked_from__lte=at + timedelta(seconds=settings.DARK_CHECK_S))
    is_silent = Q(technician__position__isnull=True) | Q(technician__position__location_at__lte=silent_since)
    dark = near.filter(is_silent, status=JobStatus.ASSIGNED, assigned_at__lte=silent_since).order_by("booked_from")
    return list(dark.values_list("pk", flat=True)[:limit])


def job_list_near(*, service_ids: Collection[UUID], of: Point, radius_m: float, since: datetime) -> QuerySet[Job]:
    """Return the jobs of these services requested since then within the radius, whoever has them."""
    jobs = Job.objects.filter(service__in=service_ids, created_at__gte=since)
    return filter_within(jobs, latitude="latitude", longitude="longitude", of=of, radius_m=radius_m)


# Prices


def price_list(job_id: UUID) -> QuerySet[JobPrice]:
    return JobPrice.objects.filter(job_id=job_id).order_by("revision")


def price_list_of(job_ids: Collection[UUID]) -> dict[UUID, list[JobPrice]]:
    """Return the revisions of each job, in order, in one query."""
    prices: dict[UUID, list[JobPrice]] = defaultdict(list)
    for price in JobPrice.objects.filter(job__in=job_ids).order_by("job_id", "revision"):
        prices[price.job_id].append(price)
    return prices


def price_quoted(job_id: UUID) -> JobPrice:
    """Return revision 1: what was ordered."""
    return price_list(job_id).get(revision=1)


def price_current(job_id: UUID) -> JobPrice:
    """Return the newest revision: what the job costs now."""
    (price,) = _price_newest.all(job=job_id)
    return price


@Prepared
def _price_newest() -> QuerySet[JobPrice]:
    return JobPrice.objects.filter(job=Given("job")).order_by("-revision")[:1]


def price_list_shown_to(*, user: User, job: Job) -> list[JobPrice]:
    """Return the revisions this party of the job sees, with their lines.

    A revision of the split alone is no price of the customer's, and another technician's split is none of this one's.
    """
    prices = price_list(job.pk).prefetch_related("lines")
    if user.role == Role.ADMIN:
        return list(prices)
    is_own = Q(created_at__gte=job.assigned_at) if user.role == Role.TECHNICIAN and job.assigned_at else Q(pk__in=[])
    return list(prices.filter(~Q(kind=PriceKind.SPLIT) | is_own))


# Quotes revised on site


def quote_list(job: Job) -> QuerySet[QuoteRevision]:
    """Return what was proposed for the job, in order, with its lines."""
    return job.quotes.order_by("number").select_related("price").prefetch_related("lines")


def quote_get(*, job: Job, number: int) -> QuoteRevision:
    """Return the proposal of that number. Who means to change it has locked the job.

    :raises NotFound: if there is none
    """
    return _the_one(quote_list(job).filter(number=number))


def quote_get_of(*, job: Job, quote_id: UUID) -> QuoteRevision:
    """:raises NotFound: if the job has no such proposal"""
    return _the_one(quote_list(job).filter(pk=quote_id))


def _the_one(quotes: QuerySet[QuoteRevision]) -> QuoteRevision:
    quote = quotes.first()
    if quote is None:
        raise NotFound
    return quote


def quote_ids_overdue(*, at: datetime, limit: int) -> list[UUID]:
    """Return proposals whose time is over, the longest ago first."""
    due = QuoteRevision.objects.filter(status=QuoteStatus.PROPOSED, expires_at__lte=at).order_by("expires_at")
    return list(due.values_list("pk", flat=True)[:limit])


# For matching


def job_ids_due_for_pass(*, at: datetime, limit: int) -> list[UUID]:
    """Return the jobs whose next look is due, the longest waiting first."""
    due = Job.objects.filter(next_pass_at__lte=at, status__in=WAITING).order_by("next_pass_at")
    return list(due.values_list("pk", flat=True)[:limit])


def job_bookings(technician_ids: Iterable[UUID]) -> dict[UUID, list[Booking]]:
    """Return what each technician is booked for now, the earliest first; who holds no job is left out."""
    held: dict[UUID, list[Booking]] = defaultdict(list)
    for technician_id, *booking in _bookings.rows(technicians=list(technician_ids)):
        held[technician_id].append(Booking(*booking))
    return dict(held)


@Prepared
def _bookings() -> QuerySet[Job, Any]:
    booked = Job.objects.filter(among("technician", "technicians"), status__in=BOOKED)
    return booked.order_by("booked_from", "pk").values_list("technician_id", *Booking._fields)


def technician_ids_at_work(technician_ids: Collection[UUID]) -> set[UUID]:
    """Return which of them work on a job, or are on their way to one that they took for at once.

    A booking ahead whose hour has come does not count before he starts: that he is not free then is the gate's to say.
    """
    now = Q(status=JobStatus.IN_PROGRESS) | Q(status=JobStatus.ASSIGNED, booked_from__lte=F("assigned_at"))
    rows = Job.objects.filter(now, technician__in=technician_ids, status__in=BOOKED)
    return {technician_id for technician_id in rows.values_list("technician_id", flat=True) if technician_id}


# Blocks


def block_list_visible_to(user: User) -> QuerySet[Block]:
    """Return the blocks that hold: one's own, those set against one never; staff see all."""
    blocks = Block.objects.filter(lifted_at__isnull=True).select_related("customer", "technician__user")
    if user.role == Role.ADMIN:
        return blocks
    if user.role == Role.TECHNICIAN:
        return blocks.filter(technician__user=user, set_by=BlockSide.TECHNICIAN)
    return blocks.filter(customer=user, set_by=BlockSide.CUSTOMER)


def block_get_locked_of(*, user: User, block_id: UUID) -> Block:
    """Return one's own block that holds, with its row locked.

    :raises NotFound: if there is none, it is another's, or it was lifted
    """
    block = block_list_visible_to(user).filter(pk=block_id).select_for_update(of=("self",)).first()
    if block is None:
        raise NotFound
    return block


def blocked_technician_ids(customer_id: UUID) -> dict[UUID, BlockSide]:
    """Return whom this customer does not meet, and who of the two wants it so; the technician where both do."""
    return {technician_id: BlockSide(side) for technician_id, side in _blocks.rows(customer=customer_id)}


@Prepared
def _blocks() -> QuerySet[Block, Any]:
    held = Block.objects.filter(customer=Given("customer"), lifted_at__isnull=True)
    return held.order_by("set_by").values_list("technician_id", "set_by")
