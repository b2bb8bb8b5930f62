from datetime import time
from typing import ClassVar

from django.db import models
from django.db.models import F, Q

from fixmate.core.ids import uuid7
from technicians.enums import Weekday
from technicians.models.technicians import Technician


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
