from typing import ClassVar

from django.db import models
from django.db.models import F, Q

from fixmate.core.ids import uuid7
from fixmate.core.triggers import unchangeable
from jobs.models import Job
from matching.enums import PassOutcome
from technicians.models import Technician


@unchangeable
class MatchingPass(models.Model):
    """One look for a technician: with which policy, how far, and what came of it."""

    # Fields
    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    job = models.ForeignKey(Job, on_delete=models.PROTECT, related_name="passes")
    number = models.PositiveIntegerField()
    search_number = models.PositiveSmallIntegerField()
    policy = models.CharField(max_length=40)
    policy_version = models.CharField(max_length=64, help_text="hash of the policy's parameters")
    radius_m = models.PositiveIntegerField()
    looked_at = models.PositiveIntegerField()
    passed = models.PositiveIntegerField()
    outcome = models.CharField(max_length=20, choices=PassOutcome.choices)
    seed = models.CharField(max_length=64, help_text="of whatever this pass drew by lot; the same seed draws the same")
    is_exploration = models.BooleanField(default=False, help_text="the offer went to a random choice, by design")
    is_guarded = models.BooleanField(default=False, help_text="the offer went to whoever had none for too long")
    fallback = models.CharField(
        max_length=200, default="", blank=True, help_text="why `nearest` ranked instead of the policy, if it did"
    )
    digest = models.CharField(max_length=64, help_text="over candidates and verdicts; an equal next pass keeps no rows")
    started_at = models.DateTimeField()
    duration_ms = models.PositiveIntegerField()

    class Meta:
        verbose_name_plural = "matching passes"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["job", "number"], name="matching_pass_number_once"),
            models.CheckConstraint(condition=Q(outcome__in=PassOutcome.values), name="matching_pass_outcome_known"),
            models.CheckConstraint(condition=Q(passed__lte=F("looked_at")), name="matching_pass_counts_fit"),
        ]

    def __str__(self) -> str:
        return f"pass {self.number} of {self.job_id}: {self.outcome}"


@unchangeable
class CandidateDecision(models.Model):
    """One technician considered in one pass: each gate with the values compared, the score's terms, the rank."""

    # Fields
    matching_pass = models.ForeignKey(MatchingPass, on_delete=models.CASCADE, related_name="decisions")
    technician = models.ForeignKey(Technician, on_delete=models.PROTECT, related_name="+")
    verdicts = models.JSONField()
    passed = models.BooleanField()
    distance_m = models.PositiveIntegerField()
    eta_min = models.FloatField()
    terms = models.JSONField(default=dict)
    score = models.FloatField(null=True)
    rank = models.PositiveIntegerField(null=True)
    propensity = models.FloatField(null=True, help_text="the probability that this pass had to offer to him")
    was_offered = models.BooleanField(default=False)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["matching_pass", "technician"], name="decision_once_per_pass"),
            models.UniqueConstraint(
                fields=["matching_pass"], condition=Q(was_offered=True), name="decision_one_offered_per_pass"
            ),
            models.CheckConstraint(
                condition=Q(passed=True) ^ Q(rank__isnull=True, score__isnull=True), name="decision_ranked_iff_passed"
            ),
            models.CheckConstraint(
                condition=Q(propensity__isnull=True) | Q(propensity__gte=0, propensity__lte=1),
                name="decision_propensity_is_one",
            ),
        ]
        indexes: ClassVar = [models.Index(fields=["technician", "-id"], name="decision_of_technician")]

    def __str__(self) -> str:
        return f"{self.technician_id} in {self.matching_pass_id}"
