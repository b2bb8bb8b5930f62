from collections.abc import Iterable
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db.models import Count, Prefetch, Q, QuerySet

from accounts.enums import Role
from accounts.models import User
from fixmate.core.errors import NotFound
from jobs.enums import BOOKED, WAITING, JobStatus
from jobs.models import Job, JobEvent, JobPrice


def job_get_locked(job_id: UUID) -> Job:
    """Return the job with its row locked: the first lock of every transaction that takes one.

    :raises NotFound: if there is none
    """
    job = Job.objects.select_for_update().filter(pk=job_id).first()
    if job is None:
        raise NotFound
    return job


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
    return job.closed_at is None or at - job.closed_at <= timedelta(days=settings.CONTACT_VISIBLE_DAYS)


# Prices


def price_list(job_id: UUID) -> QuerySet[JobPrice]:
    return JobPrice.objects.filter(job_id=job_id).order_by("revision")


def price_quoted(job_id: UUID) -> JobPrice:
    """Return revision 1, whose fee rate every later revision keeps."""
    return price_list(job_id).get(revision=1)


def price_current(job_id: UUID) -> JobPrice:
    """Return the newest revision: what the job costs now."""
    return price_list(job_id).reverse()[0]


# For matching


def job_ids_due_for_pass(*, at: datetime, limit: int) -> list[UUID]:
    """Return the jobs whose next look is due, the longest waiting first."""
    due = Job.objects.filter(next_pass_at__lte=at, status__in=WAITING).order_by("next_pass_at")
    return list(due.values_list("pk", flat=True)[:limit])


def job_bookings(*, technician_ids: Iterable[UUID], start: datetime, end: datetime, at: datetime) -> dict[UUID, Job]:
    """Return, of each technician who has one, a booked job that runs into the stretch.

    Work in progress fills the time from its real start on, and the present moment even when it has run over.
    """
    overlaps = Q(booked_from__lt=end, booked_until__gt=start)
    works_on = Q(status=JobStatus.IN_PROGRESS, started_at__lt=end)
    overlaps |= works_on if start <= at else works_on & Q(booked_until__gt=start)
    booked = Job.objects.filter(overlaps, status__in=BOOKED, technician_id__in=technician_ids)
    return {job.technician_id: job for job in booked if job.technician_id}


def job_workloads(technician_ids: Iterable[UUID]) -> dict[UUID, int]:
    """Return how many jobs each technician holds now, booked ones included; who holds none is left out."""
    booked = Job.objects.filter(status__in=BOOKED, technician_id__in=technician_ids)
    counted = booked.values_list("technician_id").annotate(count=Count("pk")).order_by()
    return {technician_id: count for technician_id, count in counted if technician_id}
