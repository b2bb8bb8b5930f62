from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db.models import F, Prefetch, Q, QuerySet

from accounts.enums import Role, UserStatus
from accounts.models import User
from fixmate.core.errors import NotFound
from fixmate.core.geo import Point
from fixmate.core.geo_sql import filter_within
from fixmate.core.prepared import Prepared, among
from technicians.availability import Absence, Availability, Slot
from technicians.enums import DocumentStatus, Verification
from technicians.models import (
    AvailabilitySlot,
    Dispatchable,
    Document,
    Position,
    PositionTrace,
    Technician,
    TechnicianSkill,
    TimeOff,
)

_WAS_APPROVED = (DocumentStatus.APPROVED, DocumentStatus.EXPIRED)

# Technicians


def technician_get(technician_id: UUID) -> Technician:
    """Return the profile with its user and position.

    :raises NotFound: if there is none
    """
    return _one(technician_list_all(), pk=technician_id)


def technician_get_of_user(user: User) -> Technician:
    """Return the profile of the account, with its position.

    :raises NotFound: if the account has none
    """
    return _one(technician_list_all(), user=user)


def technician_id_of_user(user: User) -> UUID:
    """Return the id of the account's profile: all that a ping needs.

    :raises NotFound: if the account has none
    """
    found = Technician.objects.filter(user=user, deleted_at__isnull=True).values_list("pk", flat=True).first()
    if found is None:
        raise NotFound
    return found


def technician_get_locked(technician_id: UUID) -> Technician:
    """Return the profile, locked until the transaction ends. Its user is read when asked for, after the lock.

    Without the key, which nobody changes: rows that name him, such as a pass's decisions, need not wait.

    :raises NotFound: if there is none
    """
    found = Technician.objects.select_for_update(no_key=True).filter(pk=technician_id, deleted_at__isnull=True).first()
    if found is None:
        raise NotFound
    return found


def technician_list_locked(technician_ids: Collection[UUID]) -> list[Technician]:
    """Return these profiles, deleted ones too, locked in the order of their keys."""
    rows = Technician.objects.select_for_update(of=("self",), no_key=True).select_related("user")
    return list(rows.filter(pk__in=technician_ids).order_by("pk"))


def technician_ids_after(technician_id: UUID | None, *, limit: int) -> list[UUID]:
    """Return the next profiles in the order of their keys, deleted ones too."""
    rows = Technician.objects.order_by("pk")
    rows = rows if technician_id is None else rows.filter(pk__gt=technician_id)
    return list(rows.values_list("pk", flat=True)[:limit])


def technician_id_batches() -> Iterator[list[UUID]]:
    """Yield all profiles in the order of their keys, deleted ones too, `RANK_BATCH` at a time."""
    after = None
    while batch := technician_ids_after(after, limit=settings.RANK_BATCH):
        yield batch
        after = batch[-1]


def skills_by_technician(technician_ids: Collection[UUID]) -> dict[UUID, list[UUID]]:
    """Return the services each of them offers; who offers none is left out."""
    skills: dict[UUID, list[UUID]] = defaultdict(list)
    rows = TechnicianSkill.objects.filter(technician__in=technician_ids).order_by("pk")
    for technician_id, service_id in rows.values_list("technician_id", "service_id"):
        skills[technician_id].append(service_id)
    return dict(skills)


def technician_list_all() -> QuerySet[Technician]:
    """Return every profile, for staff, with what its page shows."""
    live = Technician.objects.filter(deleted_at__isnull=True)
    return live.select_related("user", "position").prefetch_related(_with_services())


def technician_list_public() -> QuerySet[Technician]:
    """Return the profiles anybody may see: verified, with a working account."""
    return technician_list_all().filter(verification=Verification.VERIFIED, user__status=UserStatus.ACTIVE)


def technician_filter_near(
    technicians: QuerySet[Technician], *, latitude: float, longitude: float, radius_m: float
) -> QuerySet[Technician]:
    """Keep those whose base lies within the radius: the distance of `core.geo`, in SQL."""
    return filter_within(
        technicians,
        latitude="base_latitude",
        longitude="base_longitude",
        of=Point(latitude, longitude),
        radius_m=radius_m,
    )


def technician_filter_rated(technicians: QuerySet[Technician], *, minimum: float) -> QuerySet[Technician]:
    """Keep those whose mean rating is at least the minimum; who has none is left out."""
    return technicians.filter(rating_count__gt=0, rating_sum__gte=F("rating_count") * minimum)


def _with_services() -> Prefetch:
    return Prefetch("skills", TechnicianSkill.objects.select_related("service").order_by("service__name", "pk"))


def _one(technicians: QuerySet[Technician], **conditions: object) -> Technician:
    found = technicians.filter(**conditions).first()
    if found is None:
        raise NotFound
    return found


# Positions and dispatch


def position_get(technician_id: UUID) -> Position | None:
    return Position.objects.filter(pk=technician_id).first()


def position_get_locked(technician_id: UUID) -> Position | None:
    """Return the position, locked until the transaction ends: a ping waits for whoever reads it to act on it."""
    return Position.objects.select_for_update().filter(pk=technician_id).first()


def position_at(*, technician_id: UUID, at: datetime) -> PositionTrace | None:
    """Return where a technician was at that moment, to within `POSITION_TRACE_M`; None before his first ping."""
    traces = PositionTrace.objects.filter(technician=technician_id, at__lte=at)
    return traces.order_by("-at", "-id").first()


def dispatchable_service_ids() -> list[UUID]:
    """Return the services that anybody could be offered a job of."""
    rows = Dispatchable.objects.order_by("service_id").values_list("service_id", flat=True)
    return list(rows.distinct())


def dispatchable_list_locked(technician_ids: Collection[UUID]) -> list[Dispatchable]:
    """Return the rows of these technicians, locked in the one order in which anybody locks several."""
    return _dispatchable_locked.all(technicians=list(technician_ids))


@Prepared
def _dispatchable_locked() -> QuerySet[Dispatchable]:
    rows = Dispatchable.objects.select_for_update(no_key=True).filter(among("technician", "technicians"))
    return rows.order_by("technician_id", "service_id")


# Documents


def document_get_locked(document_id: UUID) -> Document:
    """Return the document, locked until the transaction ends.

    :raises NotFound: if there is none
    """
    found = Document.objects.select_for_update().filter(pk=document_id).first()
    if found is None:
        raise NotFound
    return found


def document_list_all() -> QuerySet[Document]:
    return Document.objects.select_related("technician__user")


def document_list_of(technician_id: UUID) -> QuerySet[Document]:
    return Document.objects.filter(technician=technician_id)


def document_list_visible_to(user: User) -> QuerySet[Document]:
    """Return the documents this user may read: staff all, a technician his own."""
    documents = document_list_all()
    return documents if user.role == Role.ADMIN else documents.filter(technician__user=user)


def document_list_out_of_date(on: date) -> QuerySet[Document]:
    """Return approved documents whose last day has passed."""
    return Document.objects.filter(status=DocumentStatus.APPROVED, expires_on__lt=on).order_by("expires_on", "pk")


def document_list_to_remind(on: date) -> QuerySet[Document]:
    """Return approved documents that expire within `DOCUMENT_REMINDER_DAYS` and whose owner has not been told."""
    until = on + timedelta(days=settings.DOCUMENT_REMINDER_DAYS)
    due = Document.objects.filter(status=DocumentStatus.APPROVED, reminded_at__isnull=True)
    return due.filter(expires_on__gte=on, expires_on__lte=until).order_by("expires_on", "pk")


def documents_missing(*, technician_ids: Collection[UUID], on: date) -> dict[UUID, list[str]]:
    """Return, per technician who misses any, the required kinds without an approved document good on that day."""
    good = Document.objects.filter(technician__in=technician_ids, status=DocumentStatus.APPROVED)
    good = good.filter(Q(expires_on__isnull=True) | Q(expires_on__gte=on))
    held = set(good.values_list("technician_id", "kind"))
    missing = {
        technician_id: [kind for kind in settings.REQUIRED_DOCUMENTS if (technician_id, kind) not in held]
        for technician_id in technician_ids
    }
    return {technician_id: kinds for technician_id, kinds in missing.items() if kinds}


def documents_missing_on(days: Mapping[UUID, date]) -> dict[UUID, dict[str, date | None]]:
    """Return, per technician who misses any on his day, the required kinds, each with the day it ran out if it did.

    What the sweep has marked EXPIRED is still good on a day up to its last: the sweep goes by UTC, and it may still
    be that day where he lives.
    """
    last_days: dict[tuple[UUID, str], date] = {}
    for owner, kind, expires_on in _approved.rows(technicians=list(days), kinds=settings.REQUIRED_DOCUMENTS):
        last_days[owner, kind] = max(last_days.get((owner, kind), date.min), expires_on or date.max)
    lacking = {owner: _lacking(owner, day, last_days) for owner, day in days.items()}
    return {owner: kinds for owner, kinds in lacking.items() if kinds}


@Prepared
def _approved() -> QuerySet[Document, Any]:
    was_approved = Document.objects.filter(among("technician", "technicians"), among("kind", "kinds"))
    return was_approved.filter(status__in=_WAS_APPROVED).values_list("technician_id", "kind", "expires_on")


def _lacking(owner: UUID, day: date, last_days: Mapping[tuple[UUID, str], date]) -> dict[str, date | None]:
    held = {kind: last_days.get((owner, kind)) for kind in settings.REQUIRED_DOCUMENTS}
    return {kind: last_day for kind, last_day in held.items() if last_day is None or last_day < day}


# Availability


def slot_list_of(technician_id: UUID) -> QuerySet[AvailabilitySlot]:
    return AvailabilitySlot.objects.filter(technician=technician_id).order_by("weekday", "starts_at")


def time_off_list_of_user(user: User) -> QuerySet[TimeOff]:
    return TimeOff.objects.filter(technician__user=user)


def availability_by_zone(zones: Mapping[UUID, str]) -> dict[UUID, Availability]:
    """Return the availability of each of these technicians, whose time zones the caller knows. Two queries."""
    owners = list(zones)
    slots: dict[UUID, list[Slot]] = defaultdict(list)
    for owner, weekday, start, end in _slots.rows(technicians=owners):
        slots[owner].append(Slot(weekday, start, end))
    absences: dict[UUID, list[Absence]] = defaultdict(list)
    for owner, starts_at, ends_at in _absences.rows(technicians=owners):
        absences[owner].append(Absence(starts_at, ends_at))
    return {pk: Availability(zone, tuple(slots[pk]), tuple(absences[pk])) for pk, zone in zones.items()}


@Prepared
def _slots() -> QuerySet[AvailabilitySlot, Any]:
    rows = AvailabilitySlot.objects.filter(among("technician", "technicians"))
    return rows.values_list("technician_id", "weekday", "starts_at", "ends_at")


@Prepared
def _absences() -> QuerySet[TimeOff, Any]:
    rows = TimeOff.objects.filter(among("technician", "technicians")).order_by("starts_at")
    return rows.values_list("technician_id", "starts_at", "ends_at")
