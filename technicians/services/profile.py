from collections.abc import Collection
from functools import cache
from typing import Any
from uuid import UUID
from zoneinfo import available_timezones

from django.db import transaction

from accounts.models import User
from catalog.selectors import service_list
from fixmate.core import clock, events
from fixmate.core.errors import Invalid
from technicians.events import TechnicianApplied
from technicians.models import Technician, TechnicianSkill
from technicians.selectors import technician_get_locked
from technicians.services.dispatch import dispatchable_refresh
from technicians.services.history import history_note_all

MAX_TRAVEL_RADIUS_M = 100_000


@transaction.atomic
def technician_create_profile(user: User) -> None:
    """Give the account its empty profile, in the registration's transaction. Idempotent."""
    technician, is_new = Technician.objects.get_or_create(user=user, defaults={"created_at": clock.now()})
    if is_new:
        history_note_all(technician)


@transaction.atomic
def technician_apply(
    *,
    technician_id: UUID,
    bio: str,
    years_experience: int,
    service_ids: Collection[UUID],
    latitude: float,
    longitude: float,
    travel_radius_m: int,
    time_zone: str = "UTC",
) -> Technician:
    """Hand in the application, or a better one after a rejection.

    :raises IllegalTransition: if the technician is verified or suspended
    :raises Invalid: if a service cannot be ordered, or the radius or the time zone is none
    """
    technician = technician_get_locked(technician_id)
    technician.apply(at=clock.now())
    changes = {
        "bio": bio,
        "years_experience": years_experience,
        "base_latitude": latitude,
        "base_longitude": longitude,
        "travel_radius_m": travel_radius_m,
        "time_zone": time_zone,
    }
    _change(technician, changes, "verification", "applied_at")
    _set_skills(technician, service_ids)
    history_note_all(technician)
    events.publish(TechnicianApplied(technician_id=technician.pk, user_id=technician.user_id))
    return technician


@transaction.atomic
def technician_profile_update(
    *,
    technician_id: UUID,
    bio: str | None = None,
    years_experience: int | None = None,
    service_ids: Collection[UUID] | None = None,
    latitude: float | None = None,
    longitude: float | None = None,
    travel_radius_m: int | None = None,
    time_zone: str | None = None,
) -> Technician:
    """Change what is given, in any state of verification; offers follow at once.

    :raises Invalid: if a service cannot be ordered, the base is half given, or the radius or the time zone is none
    """
    if (latitude is None) != (longitude is None):
        raise Invalid("A base is a latitude and a longitude.", latitude=["Give both."], longitude=["Give both."])
    technician = technician_get_locked(technician_id)
    given = {
        "bio": bio,
        "years_experience": years_experience,
        "base_latitude": latitude,
        "base_longitude": longitude,
        "travel_radius_m": travel_radius_m,
        "time_zone": time_zone,
    }
    _change(technician, {name: value for name, value in given.items() if value is not None})
    _set_skills(technician, service_ids)
    dispatchable_refresh(technician)
    history_note_all(technician)
    return technician


def _change(technician: Technician, changes: dict[str, Any], *others: str) -> None:
    for name, value in changes.items():
        setattr(technician, name, value)
    _check(technician)
    technician.save(update_fields=[*changes, *others])


def _check(technician: Technician) -> None:
    if not 0 < technician.travel_radius_m <= MAX_TRAVEL_RADIUS_M:
        raise Invalid(travel_radius_km=[f"Give up to {MAX_TRAVEL_RADIUS_M // 1000} km."])
    check_time_zone(technician.time_zone)


def check_time_zone(name: str) -> None:
    """:raises Invalid: if the IANA database has no such zone"""
    if name not in _time_zones():
        raise Invalid(time_zone=["Give an IANA name, such as America/New_York."])


@cache
def _time_zones() -> frozenset[str]:
    return frozenset(available_timezones())


def _set_skills(technician: Technician, service_ids: Collection[UUID] | None) -> None:
    """Make the skills exactly these, if any are given; one already held may stay when its service is off the list."""
    if service_ids is None:
        return
    wanted = set(service_ids)
    held = set(TechnicianSkill.objects.filter(technician=technician).values_list("service_id", flat=True))
    new = wanted - held
    known = set(service_list().filter(pk__in=new).values_list("pk", flat=True))
    if not wanted or new - known:
        raise Invalid(service_ids=["Name at least one service, and only services of the catalogue."])
    TechnicianSkill.objects.filter(technician=technician).exclude(service__in=wanted).delete()
    TechnicianSkill.objects.bulk_create(
        TechnicianSkill(technician=technician, service_id=service_id) for service_id in sorted(new)
    )
