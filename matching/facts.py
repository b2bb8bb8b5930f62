"""What the gates ask about technicians, gathered in a constant number of queries, whatever their number.

Every gate compares with `search.at`, the moment the pass began, however long it waits for locks meanwhile. The time to
answer an offer is another matter: it begins later, under the lock on its technician (`services.passes`).
"""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from accounts.enums import UserStatus
from fixmate.core.geo import distance_m, eta_min
from jobs.models import Job
from jobs.rules import Booking
from jobs.selectors import blocked_technician_ids, job_bookings
from matching.gates import Facts, MissingDocument, Search, Visit
from matching.selectors import exclusions_of, offer_holders, refusals_of, tried_of
from technicians.availability import Availability
from technicians.models import Dispatchable
from technicians.selectors import availability_by_zone, documents_missing_on

_TICK = timedelta(microseconds=1)


def facts_of(*, job: Job, search: Search, rows: Sequence[Dispatchable]) -> list[Facts]:
    """Return what the gates ask about each, in the order given. A constant number of queries."""
    ids = [row.technician_id for row in rows]
    availability = availability_by_zone({row.technician_id: row.technician.time_zone for row in rows})
    missing = documents_missing_on(_last_days(availability, search))
    bookings = job_bookings(ids)
    tried, holding = tried_of(job), offer_holders(ids)
    excluded, blocked = exclusions_of(job.pk), blocked_technician_ids(job.customer_id)
    since = search.at - timedelta(seconds=search.memory.longest_s)
    refusals = refusals_of(technician_ids=ids, service_id=job.service_id, since=since)
    return [
        Facts(
            technician=row.technician,
            account=UserStatus(row.technician.user.status),
            distance_m=_distance(job, row, by_base=search.uses_base),
            base_distance_m=_distance(job, row, by_base=True),
            travel_radius_m=row.travel_radius_m,
            location_at=row.location_at,
            has_skill=row.service_id == job.service_id,
            missing_documents=_missing(missing.get(row.technician_id, {})),
            availability_gap=availability[row.technician_id].gap(search.start, search.end),
            visits=tuple(visit_of(job, booking, search.at) for booking in bookings.get(row.technician_id, ())),
            tried=tried.get(row.technician_id, ""),
            is_excluded=row.technician_id in excluded,
            blocked_by=blocked.get(row.technician_id),
            refusals=tuple(refusals.get(row.technician_id, ())),
            has_live_offer=row.technician_id in holding,
        )
        for row in rows
    ]


def visit_of(job: Job, booking: Booking, at: datetime) -> Visit:
    """Return the booking as it stands in the way of the job.

    Work in progress fills the time from its real start on, and up to the present moment even when it has run over.
    """
    begins, ends = booking.booked_from, booking.booked_until
    if booking.started_at is not None:
        begins, ends = min(begins, booking.started_at), max(ends, at)
    way_m = distance_m(job.latitude, job.longitude, booking.latitude, booking.longitude)
    return Visit(begins, ends, eta_min(way_m), is_under_way=booking.started_at is not None)


def _last_days(availability: dict[UUID, Availability], search: Search) -> dict[UUID, date]:
    """Return the last day, in each one's own zone, that the visit touches: good then is good on the days before."""
    last = search.end - _TICK
    return {owner: last.astimezone(ZoneInfo(hours.time_zone)).date() for owner, hours in availability.items()}


def _missing(expired: dict[str, date | None]) -> tuple[MissingDocument, ...]:
    return tuple(MissingDocument(kind, expired_on) for kind, expired_on in expired.items())


def _distance(job: Job, row: Dispatchable, *, by_base: bool) -> float:
    latitude, longitude = (row.base_latitude, row.base_longitude) if by_base else (row.latitude, row.longitude)
    return distance_m(job.latitude, job.longitude, latitude, longitude)
