from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q

from catalog.models import Service
from fixmate.core.triggers import append_only, unchangeable
from matching.enums import RolloutMode
from matching.models.passes import MatchingPass


@append_only
class PolicyVersion(models.Model):
    """A policy with its parameters. Never edited: another parameter is another version."""

    # Fields
    key = models.CharField(max_length=40)
    params = models.JSONField(default=dict)
    version = models.CharField(max_length=64, unique=True, help_text="hash of the key and the parameters")
    note = models.CharField(max_length=1000, default="", blank=True)
    created_at = models.DateTimeField()
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")

    class Meta:
        indexes: ClassVar = [models.Index(fields=["key", "-id"], name="policy_version_of_key")]

    def __str__(self) -> str:
        return f"{self.key} {self.version}"


class PolicyRollout(models.Model):
    """From when to when a version ranks: for one service or for all, wholly, for a share of the jobs, or in shadow."""

    # Fields
    service = models.ForeignKey(Service, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    version = models.ForeignKey(PolicyVersion, on_delete=models.PROTECT, related_name="rollouts")
    mode = models.CharField(max_length=10, choices=RolloutMode.choices)
    percent = models.PositiveSmallIntegerField(default=100, help_text="of the jobs, where the mode is a share")
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)
    indexed_at = models.DateTimeField(null=True, help_text="since when every dispatchable row has this version's key")

    # Constraints
    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(mode__in=RolloutMode.values), name="rollout_mode_known"),
            models.CheckConstraint(condition=Q(percent__gte=1, percent__lte=100), name="rollout_percent_is_a_share"),
            models.UniqueConstraint(
                fields=["service"],
                condition=Q(mode=RolloutMode.DEFAULT, ended_at__isnull=True, service__isnull=False),
                name="rollout_one_default_per_service",
            ),
            models.UniqueConstraint(
                fields=["mode"],
                condition=Q(mode=RolloutMode.DEFAULT, ended_at__isnull=True, service__isnull=True),
                name="rollout_one_default_for_all",
            ),
            models.UniqueConstraint(
                fields=["service", "version", "mode"],
                condition=Q(ended_at__isnull=True, service__isnull=False),
                name="rollout_version_once_per_service",
            ),
            models.UniqueConstraint(
                fields=["version", "mode"],
                condition=Q(ended_at__isnull=True, service__isnull=True),
                name="rollout_version_once_for_all",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.mode} {self.version_id}"


@unchangeable
class ShadowRanking(models.Model):
    """How another version would have ranked those who passed: recorded, never acted on."""

    matching_pass = models.ForeignKey(MatchingPass, on_delete=models.CASCADE, related_name="shadows")
    version = models.ForeignKey(PolicyVersion, on_delete=models.PROTECT, related_name="+")
    order = models.JSONField(help_text="technician and score, the best first")
    duration_ms = models.FloatField()
    failure = models.CharField(max_length=200, default="", blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["matching_pass", "version"], name="shadow_once_per_pass")
        ]

    def __str__(self) -> str:
        return f"{self.version_id} on {self.matching_pass_id}"
