from datetime import datetime, time
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from catalog.models import Service
from fixmate.core.geo import Point
from fixmate.core.ids import uuid7
from fixmate.core.lifecycle import StateField, StateModel, state_constraint, transition
from fixmate.core.triggers import unchangeable
from technicians.enums import DocumentKind, DocumentStatus, Verification, Weekday

# A CHECK holds where it is NULL: half a base has to be refused by name.
_HAS_BASE = Q(base_latitude__isnull=False, base_longitude__isnull=False)
_ON_EARTH = Q(base_latitude__gte=-90, base_latitude__lte=90, base_longitude__gte=-180, base_longitude__lte=180)


class Technician(StateModel):
    """The profile of a TECHNICIAN: it exists from registration, and is matched once VERIFIED."""

    # Fields
    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    user = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="technician")
    verification = StateField(choices=Verification.choices, default=Verification.PENDING)
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
                condition=Q(rating_sum__gte=F("rating_count")) & Q(rating_sum__lte=5 * F("rating_count")),
                name="technician_rating_in_range",
            ),
        ]
        indexes: ClassVar = [models.Index(fields=["verification", "-created_at"], name="technician_by_verification")]

    def __str__(self) -> str:
        return str(self.pk)

    # Facts
    @property
    def rating(self) -> float | None:
        """Return the plain mean of the stars, to two places; None before the first review."""
        return round(self.rating_sum / self.rating_count, 2) if self.rating_count else None

    @property
    def waiting_since(self) -> datetime | None:
        """Return since when he waits for work: the end of his last job, or when he came online."""
        return self.idle_since or self.online_since

    @property
    def acceptance_rate(self) -> float | None:
        """Return the share of offers that became jobs of his, to two places; None before the first offer."""
        return min(1.0, round(self.jobs_assigned / self.offers_received, 2)) if self.offers_received else None

    @property
    def completion_rate(self) -> float | None:
        """Return the share of jobs that he finished and did not give back, to two places; None before the first end.

        What a customer or staff called off says nothing about him.
        """
        ended = self.jobs_completed + self.jobs_released
        return round(self.jobs_completed / ended, 2) if ended else None

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


class Position(models.Model):
    """Where a technician is: an own row, so that a ping does not touch the profile."""

    technician = models.OneToOneField(Technician, on_delete=models.CASCADE, primary_key=True, related_name="position")
    latitude = models.FloatField()
    longitude = models.FloatField()
    accuracy_m = models.FloatField(null=True)
    recorded_at = models.DateTimeField()
    location_at = models.DateTimeField(help_text="when the last ping was accepted, by the database's clock")
    # The place of his last trace, kept here so that a ping need not look for it
    traced_latitude = models.FloatField(null=True)
    traced_longitude = models.FloatField(null=True)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(latitude__gte=-90, latitude__lte=90, longitude__gte=-180, longitude__lte=180),
                name="position_on_earth",
            )
        ]

    def __str__(self) -> str:
        return f"{self.latitude:.4f}, {self.longitude:.4f}"


class Dispatchable(models.Model):
    """One row per (technician, service) that could be offered a job now: the only table the candidate query reads.

    Kept by the services of this app; nothing else writes it. Coordinates are never indexed: pings stay in place.
    """

    technician = models.ForeignKey(Technician, on_delete=models.CASCADE, related_name="+", db_index=False)
    service = models.ForeignKey(Service, on_delete=models.PROTECT, related_name="+", db_index=False)
    cell = models.BigIntegerField()
    base_cell = models.BigIntegerField()
    latitude = models.FloatField()
    longitude = models.FloatField()
    base_latitude = models.FloatField()
    base_longitude = models.FloatField()
    travel_radius_m = models.PositiveIntegerField()
    location_at = models.DateTimeField()
    is_busy = models.BooleanField(default=False, help_text="at work on a job now: of use for a later visit only")
    # What the service's default policy makes of him, whatever the job
    rank_static = models.FloatField(default=0, help_text="points that neither the job nor time changes")
    idle_since = models.DateTimeField(null=True)
    rank_key = models.FloatField(default=0, help_text="rank_static and the growing patience, on one scale for all")

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["technician", "service"], name="dispatchable_once"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["service", "cell", "rank_key"], name="dispatchable_by_rank"),
            models.Index(fields=["service", "base_cell"], name="dispatchable_by_base_cell"),
        ]

    def __str__(self) -> str:
        return f"{self.technician_id}: {self.service_id}"


class Document(StateModel):
    """A file a technician uploads; private."""

    # Fields
    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    technician = models.ForeignKey(Technician, on_delete=models.PROTECT, related_name="documents")
    kind = models.CharField(max_length=20, choices=DocumentKind.choices)
    status = StateField(choices=DocumentStatus.choices, default=DocumentStatus.PENDING)
    file = models.FileField(max_length=200)
    content_type = models.CharField(max_length=50)
    size_bytes = models.PositiveIntegerField()
    sha256 = models.CharField(max_length=64)
    expires_on = models.DateField(null=True)
    created_at = models.DateTimeField(default=timezone.now)
    reviewed_at = models.DateTimeField(null=True)
    reviewed_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    review_reason = models.CharField(max_length=1000, default="")
    reminded_at = models.DateTimeField(null=True)

    # Constraints
    class Meta:
        constraints: ClassVar = [
            state_constraint("document_status_known", DocumentStatus),
            models.CheckConstraint(condition=Q(kind__in=DocumentKind.values), name="document_kind_known"),
            models.CheckConstraint(
                condition=~Q(status__in=[DocumentStatus.APPROVED, DocumentStatus.REJECTED])
                | Q(reviewed_at__isnull=False),
                name="document_reviewed_has_time",
            ),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["expires_on"], condition=Q(status=DocumentStatus.APPROVED), name="document_expiry_due"
            ),
            models.Index(fields=["status", "-created_at"], name="document_by_status"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.pk}"

    # Transitions
    @transition(status, source=DocumentStatus.PENDING, target=DocumentStatus.APPROVED)
    def approve(self, *, reviewer: models.Model, reason: str, at: datetime) -> None:
        self._review(reviewer, reason, at)

    @transition(status, source=DocumentStatus.PENDING, target=DocumentStatus.REJECTED)
    def reject(self, *, reviewer: models.Model, reason: str, at: datetime) -> None:
        self._review(reviewer, reason, at)

    @transition(status, source=DocumentStatus.APPROVED, target=DocumentStatus.EXPIRED)
    def expire(self) -> None:
        """The day has come; the sweep calls this."""

    def _review(self, reviewer: models.Model, reason: str, at: datetime) -> None:
        self.reviewed_by = reviewer  # type: ignore[assignment]
        self.review_reason = reason
        self.reviewed_at = at


class AvailabilitySlot(models.Model):
    """A weekly stretch in the technician's own time zone. Without any, he is available whenever he is online."""

    technician = models.ForeignKey(Technician, on_delete=models.CASCADE, related_name="slots")
    weekday = models.PositiveSmallIntegerField(choices=Weekday.choices)
    starts_at = models.TimeField()
    ends_at = models.TimeField(help_text="00:00 means the end of the day")

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(weekday__in=Weekday.values), name="slot_weekday_known"),
            models.CheckConstraint(
                condition=Q(ends_at__gt=F("starts_at")) | Q(ends_at=time(0)), name="slot_ends_after_start"
            ),
            models.UniqueConstraint(fields=["technician", "weekday", "starts_at"], name="slot_once"),
        ]

    def __str__(self) -> str:
        return f"{self.get_weekday_display()} {self.starts_at}-{self.ends_at}"


class TimeOff(models.Model):
    """A stretch in which the technician does not work, whatever his slots say."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    technician = models.ForeignKey(Technician, on_delete=models.CASCADE, related_name="time_off")
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    note = models.CharField(max_length=200, default="", blank=True)

    class Meta:
        verbose_name_plural = "time off"
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(ends_at__gt=F("starts_at")), name="time_off_ends_after_start")
        ]
        indexes: ClassVar = [models.Index(fields=["technician", "ends_at"], name="time_off_of_technician")]

    def __str__(self) -> str:
        return f"{self.starts_at:%Y-%m-%d %H:%M} to {self.ends_at:%Y-%m-%d %H:%M}"


# What he was like at a moment gone by


@unchangeable
class TechnicianState(models.Model):
    """What matching asks about a technician, as it was from `at` on: one row per change, so that any pass can be
    explained to somebody it never looked at."""

    technician = models.ForeignKey(Technician, on_delete=models.PROTECT, related_name="+", db_index=False)
    at = models.DateTimeField()
    facts = models.JSONField()

    class Meta:
        indexes: ClassVar = [models.Index(fields=["technician", "-at", "-id"], name="technician_state_at")]

    def __str__(self) -> str:
        return f"{self.technician_id} at {self.at:%Y-%m-%d %H:%M:%S}"


@unchangeable
class PositionTrace(models.Model):
    """Where a technician was, coarsely: a row when he has moved on by `POSITION_TRACE_M`, or fell silent between."""

    technician = models.ForeignKey(Technician, on_delete=models.PROTECT, related_name="+", db_index=False)
    at = models.DateTimeField()
    latitude = models.FloatField()
    longitude = models.FloatField()

    class Meta:
        indexes: ClassVar = [models.Index(fields=["technician", "-at", "-id"], name="position_trace_at")]

    def __str__(self) -> str:
        return f"{self.latitude:.3f}, {self.longitude:.3f} at {self.at:%Y-%m-%d %H:%M:%S}"
