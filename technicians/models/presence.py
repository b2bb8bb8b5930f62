"""Where a technician is, what he could be offered there, and what both were like at a moment gone by."""

from typing import ClassVar

from django.db import models
from django.db.models import Q

from catalog.models import Service
from fixmate.core.triggers import unchangeable
from technicians.models.technicians import Technician


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
