from datetime import datetime
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from catalog.enums import TechnicianTier
from catalog.models import Service
from fixmate.core.geo import Point
from fixmate.core.ids import uuid7
from fixmate.core.lifecycle import StateField, StateModel, state_constraint, transition
from technicians.enums import RATED, Aspect, Verification

# A CHECK holds where it is NULL: half a base has to be refused by name.
_HAS_BASE = Q(base_latitude__isnull=False, base_longitude__isnull=False)
_ON_EARTH = Q(base_latitude__gte=-90, base_latitude__lte=90, base_longitude__gte=-180, base_longitude__lte=180)


def _counter(help_text: str = "") -> "models.PositiveIntegerField[int, int]":
    """Return a count that the database starts too: processes of before the column go on inserting rows."""
    return models.PositiveIntegerField(default=0, db_default=0, help_text=help_text)


def _stars_add_up(name: str) -> models.CheckConstraint:
    count = F(f"{name}_count")
    return models.CheckConstraint(
        condition=Q(**{f"{name}_sum__gte": count}) & Q(**{f"{name}_sum__lte": 5 * count}),
        name=f"technician_{name}_in_range",
    )


def _share(part: int, whole: int) -> float | None:
    """Return the share to two places; None while there is too little to tell."""
    return round(min(part, whole) / whole, 2) if whole >= settings.RATES_SHOWN_FROM else None


class Technician(StateModel):
    """The profile of a TECHNICIAN: it exists from registration, and is matched once VERIFIED."""

    # Fields
    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    user = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="technician")
    verification = StateField(choices=Verification.choices, default=Verification.PENDING)
    tier = models.CharField(
        max_length=20,
        choices=TechnicianTier.choices,
        default=TechnicianTier.STANDARD,
        db_default=TechnicianTier.STANDARD,
    )
    bio = models.TextField(default="", blank=True)
    years_experience = models.PositiveSmallIntegerField(default=0)
    base_latitude = models.FloatField(null=True)
    base_longitude = models.FloatField(null=True)
    travel_radius_m = models.PositiveIntegerField(default=10_000)
    time_zone = models.CharField(max_length=50, default="UTC")
    applied_at = models.DateTimeField(null=True)
    verified_at = models.DateTimeField(null=True)
    is_online = models.BooleanField(default=False)
    online_since = models.DateTimeField(null=True)
    idle_since = models.DateTimeField(null=True)
    created_at = models.DateTimeField(default=timezone.now)
    deleted_at = models.DateTimeField(null=True)
    # Reputation, kept as sums by the services that change them
    rating_sum = models.PositiveIntegerField(default=0)
    rating_count = models.PositiveIntegerField(default=0)
    offers_received = models.PositiveIntegerField(default=0)
    jobs_assigned = models.PositiveIntegerField(default=0)
    jobs_completed = models.PositiveIntegerField(default=0)
    jobs_released = models.PositiveIntegerField(default=0)
    offers_decided = _counter("offers seen or answered, ever")
    offers_accepted = _counter()
    visits_begun = _counter("visits booked ahead, begun")
    visits_punctual = _counter("of these, begun in time")
    jobs_reworked = _counter("finished jobs that a dispute found badly done")
    punctual_sum = _counter()
    punctual_count = _counter()
    quality_sum = _counter()
    quality_count = _counter()
    price_sum = _counter()
    price_count = _counter()
    conduct_sum = _counter()
    conduct_count = _counter()
    # Answers of the last 30 days, as the index ranks them; kept by the services and moved on by a daily sweep
    recent_decided = models.PositiveIntegerField(default=0, help_text="offers seen or answered")
    recent_accepted = models.PositiveIntegerField(default=0)
    # Rest from offers
    silent_in_row = models.PositiveSmallIntegerField(default=0, help_text="offers shown and not answered, in a row")
    cooldown_until = models.DateTimeField(null=True, help_text="no offer before, after one was declined or missed")
    paused_until = models.DateTimeField(null=True, help_text="no offer before, after three were missed in a row")

    # Constraints
    class Meta:
        constraints: ClassVar = [
            state_constraint("technician_verification_known", Verification, "verification"),
            models.CheckConstraint(condition=Q(tier__in=TechnicianTier.values), name="technician_tier_known"),
            models.CheckConstraint(
                condition=Q(base_latitude__isnull=True, base_longitude__isnull=True) | _HAS_BASE & _ON_EARTH,
                name="technician_base_on_earth",
            ),
            models.CheckConstraint(
                condition=Q(is_online=False) | Q(verification=Verification.VERIFIED),
                name="technician_online_is_verified",
            ),
            models.CheckConstraint(
                condition=~Q(verification=Verification.VERIFIED) | Q(base_latitude__isnull=False),
                name="technician_verified_has_base",
            ),
            models.CheckConstraint(
                condition=Q(recent_accepted__lte=F("recent_decided")), name="technician_accepted_within_decided"
            ),
            models.CheckConstraint(
                condition=Q(offers_accepted__lte=F("offers_decided")), name="technician_accepted_of_decided"
            ),
            models.CheckConstraint(
                condition=Q(visits_punctual__lte=F("visits_begun")), name="technician_punctual_of_begun"
            ),
            *(_stars_add_up(name) for name in RATED),
        ]
        indexes: ClassVar = [
            models.Index(fields=["verification", "-created_at"], name="technician_by_verification"),
            models.Index(
                fields=["verification", "is_online"],
                condition=Q(deleted_at__isnull=True),
                name="technician_by_presence",
            ),
        ]

    def __str__(self) -> str:
        return str(self.pk)

    # Facts
    @property
    def rating(self) -> float | None:
        """Return the plain mean of the stars, to two places; None before the first review."""
        return self._mean("rating")

    @property
    def aspects(self) -> dict[str, float | None]:
        """Return the mean of each aspect that reviews may rate by itself."""
        return {aspect.value: self._mean(aspect) for aspect in Aspect}

    def _mean(self, name: str) -> float | None:
        stars: int = getattr(self, f"{name}_sum")
        count: int = getattr(self, f"{name}_count")
        return round(stars / count, 2) if count else None

    @property
    def waiting_since(self) -> datetime | None:
        """Return since when he waits for work: the end of his last job, or when he came online."""
        return self.idle_since or self.online_since

    @property
    def acceptance_rate(self) -> float | None:
        """Return the share of offers seen or answered that he accepted. What staff gave him was nobody's offer."""
        return _share(self.offers_accepted, self.offers_decided)

    @property
    def completion_rate(self) -> float | None:
        """Return the share of jobs that he finished and did not give back.

        What a customer or staff called off says nothing about him.
        """
        return _share(self.jobs_completed, self.jobs_completed + self.jobs_released)

    @property
    def punctuality_rate(self) -> float | None:
        """Return the share of visits booked ahead that he began in time, as `jobs.rules.is_punctual` has it."""
        return _share(self.visits_punctual, self.visits_begun)

    @property
    def rework_rate(self) -> float | None:
        """Return the share of finished jobs that were badly done: see `disputes.selectors.dispute_list_rework`."""
        return _share(self.jobs_reworked, self.jobs_completed)

    @property
    def base(self) -> Point | None:
        if self.base_latitude is None or self.base_longitude is None:
            return None
        return Point(self.base_latitude, self.base_longitude)

    @property
    def travel_radius_km(self) -> float:
        return self.travel_radius_m / 1000

    @property
    def services(self) -> list[Service]:
        """Return what the technician can do; prefetch `skills__service` for lists."""
        return [skill.service for skill in self.skills.all()]

    # Transitions
    @transition(verification, source=[Verification.PENDING, Verification.REJECTED], target=Verification.PENDING)
    def apply(self, *, at: datetime) -> None:
        """A rejected technician may better his application, and one who waits may correct it."""
        self.applied_at = at

    @transition(verification, source=[Verification.PENDING, Verification.REJECTED], target=Verification.VERIFIED)
    def approve(self, *, at: datetime) -> None:
        self.verified_at = at

    @transition(verification, source=Verification.PENDING, target=Verification.REJECTED)
    def reject(self) -> None:
        """The audit entry holds who and why."""

    @transition(verification, source=Verification.VERIFIED, target=Verification.SUSPENDED)
    def suspend(self) -> None:
        self.is_online = False
        self.online_since = self.idle_since = None

    @transition(verification, source=Verification.SUSPENDED, target=Verification.VERIFIED)
    def reinstate(self) -> None:
        """He goes online himself."""


class TechnicianSkill(models.Model):
    technician = models.ForeignKey(Technician, on_delete=models.CASCADE, related_name="skills")
    service = models.ForeignKey(Service, on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["technician", "service"], name="technician_skill_once")
        ]

    def __str__(self) -> str:
        return f"{self.technician_id}: {self.service_id}"
