"""What staff set, and what they are shown."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q

from catalog.models import Service
from fixmate.core.triggers import append_only
from jobs.models import Job
from matching.enums import AlertKind
from technicians.models import Technician


class ServiceRules(models.Model):
    """How matching goes about a service, where it differs from the settings. Empty means: as the settings say."""

    # Fields
    service = models.OneToOneField(Service, on_delete=models.PROTECT, related_name="+")
    offer_timeout_s = models.PositiveIntegerField(null=True, blank=True)
    offer_timeout_scheduled_s = models.PositiveIntegerField(null=True, blank=True)
    learns_timeout = models.BooleanField(null=True, blank=True, help_text="by how fast technicians of the trade answer")
    max_offers_per_job = models.PositiveIntegerField(null=True, blank=True)
    search_budget_s = models.PositiveIntegerField(null=True, blank=True)
    search_radius_m = models.PositiveIntegerField(null=True, blank=True)
    search_radius_step_m = models.PositiveIntegerField(null=True, blank=True)
    search_radius_step_s = models.PositiveIntegerField(null=True, blank=True)
    search_radius_max_m = models.PositiveIntegerField(null=True, blank=True)
    refusals_before_flag = models.PositiveIntegerField(null=True, blank=True)
    cooldown_reject_s = models.PositiveIntegerField(null=True, blank=True)
    cooldown_silent_s = models.PositiveIntegerField(null=True, blank=True)
    cooldown_undelivered_s = models.PositiveIntegerField(null=True, blank=True)
    pause_after_silent = models.PositiveIntegerField(null=True, blank=True)
    pause_s = models.PositiveIntegerField(null=True, blank=True)
    starvation_online_s = models.PositiveIntegerField(null=True, blank=True)
    starvation_one_in = models.PositiveIntegerField(null=True, blank=True, help_text="0 switches the guard off")
    busy_memory_s = models.PositiveIntegerField(null=True, blank=True)
    refusal_memory_s = models.PositiveIntegerField(null=True, blank=True)

    class Meta:
        verbose_name_plural = "service rules"

    def __str__(self) -> str:
        return f"rules of {self.service_id}"


@append_only
class ServiceRulesState(models.Model):
    """What staff had set for a service from `at` on: one row per change, so that any pass can be explained later."""

    service = models.ForeignKey(Service, on_delete=models.PROTECT, related_name="+", db_index=False)
    at = models.DateTimeField()
    values = models.JSONField(help_text="as in the rules, null where the settings hold")

    class Meta:
        indexes: ClassVar = [models.Index(fields=["service", "-at", "-id"], name="service_rules_state_at")]

    def __str__(self) -> str:
        return f"{self.service_id} from {self.at:%Y-%m-%d %H:%M:%S}"


class Exclusion(models.Model):
    """A technician whom staff keep from a job. It holds for ever."""

    job = models.ForeignKey(Job, on_delete=models.PROTECT, related_name="exclusions")
    technician = models.ForeignKey(Technician, on_delete=models.PROTECT, related_name="+")
    reason = models.CharField(max_length=1000)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["job", "technician"], name="exclusion_once"),
            models.CheckConstraint(condition=~Q(reason=""), name="exclusion_has_reason"),
        ]

    def __str__(self) -> str:
        return f"{self.technician_id} from {self.job_id}"


class Alert(models.Model):
    """Something matching wants staff to look at. One is open at a time for the same thing."""

    # Fields
    kind = models.CharField(max_length=20, choices=AlertKind.choices)
    subject = models.CharField(max_length=100, help_text="what it is about: a job, a cell of a service, a version")
    job = models.ForeignKey(Job, on_delete=models.PROTECT, null=True, related_name="alerts")
    service = models.ForeignKey(Service, on_delete=models.PROTECT, null=True, related_name="+")
    data = models.JSONField(default=dict)
    opened_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(kind__in=AlertKind.values), name="alert_kind_known"),
            models.UniqueConstraint(
                fields=["kind", "subject"], condition=Q(closed_at__isnull=True), name="alert_once_while_open"
            ),
        ]
        indexes: ClassVar = [models.Index(fields=["-opened_at", "-id"], name="alert_newest")]

    def __str__(self) -> str:
        return f"{self.kind} {self.subject}"
