from datetime import datetime
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from catalog.models import Service
from fixmate.core.fields import DocumentField
from fixmate.core.ids import uuid7
from fixmate.core.lifecycle import StateField, StateModel, state_constraint, transition
from fixmate.core.money import Money
from fixmate.core.triggers import append_only, frozen_columns, unchangeable
from jobs.models import Job
from matching.enums import (
    LIVE,
    AlertKind,
    OfferEventKind,
    OfferSource,
    OfferStatus,
    PassOutcome,
    RejectReason,
    RolloutMode,
)
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
    verdicts = DocumentField()
    passed = models.BooleanField()
    distance_m = models.PositiveIntegerField()
    eta_min = models.FloatField()
    terms = DocumentField(default=dict)
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


@frozen_columns("job_id", "technician_id", "created_at", "expires_at", "amount_minor", "technician_earnings_minor")
class Offer(StateModel):
    """A job put to one technician, exclusively, until `expires_at`."""

    # Fields
    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    job = models.ForeignKey(Job, on_delete=models.PROTECT, related_name="offers")
    technician = models.ForeignKey(Technician, on_delete=models.PROTECT, related_name="offers")
    matching_pass = models.ForeignKey(MatchingPass, on_delete=models.PROTECT, null=True, related_name="offers")
    status = StateField(choices=OfferStatus.choices, default=OfferStatus.PENDING)
    source = models.CharField(max_length=10, choices=OfferSource.choices, default=OfferSource.ENGINE)
    number = models.PositiveSmallIntegerField(help_text="the how manieth offer of the job")
    search_number = models.PositiveSmallIntegerField()
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    pushed_again_at = models.DateTimeField(null=True, help_text="when it was sent again, not having been shown")
    seen_at = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(null=True, help_text="when it was answered, ran out or was taken back")
    reject_reason = models.CharField(max_length=20, choices=RejectReason.choices, default="", blank=True)
    reject_note = models.CharField(max_length=1000, default="", blank=True)
    distance_m = models.PositiveIntegerField()
    eta_min = models.FloatField()
    # Copied from the job's price; nothing is computed here
    amount_minor = models.PositiveBigIntegerField()
    technician_earnings_minor = models.PositiveBigIntegerField()
    currency = models.CharField(max_length=3)

    # Constraints
    class Meta:
        constraints: ClassVar = [
            state_constraint("offer_status_known", OfferStatus),
            models.UniqueConstraint(fields=["job"], condition=Q(status__in=LIVE), name="offer_one_live_per_job"),
            models.UniqueConstraint(
                fields=["technician"], condition=Q(status=OfferStatus.PENDING), name="offer_one_open_per_technician"
            ),
            models.UniqueConstraint(fields=["job", "number"], name="offer_number_once"),
            models.CheckConstraint(condition=Q(expires_at__gt=F("created_at")), name="offer_ends_after_start"),
            models.CheckConstraint(
                condition=Q(status=OfferStatus.PENDING) ^ Q(closed_at__isnull=False), name="offer_closed_has_time"
            ),
            models.CheckConstraint(
                condition=Q(status=OfferStatus.REJECTED) ^ Q(reject_reason=""), name="offer_rejected_has_reason"
            ),
            models.CheckConstraint(condition=Q(source__in=OfferSource.values), name="offer_source_known"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["expires_at"], condition=Q(status=OfferStatus.PENDING), name="offer_expiry_due"),
            models.Index(
                fields=["created_at"],
                condition=Q(status=OfferStatus.PENDING, seen_at__isnull=True, pushed_again_at__isnull=True),
                name="offer_push_due",
            ),
            models.Index(
                fields=["technician", "-closed_at"], condition=Q(status=OfferStatus.REJECTED), name="offer_declined"
            ),
            models.Index(fields=["technician", "-created_at", "-id"], name="offer_of_technician"),
        ]

    def __str__(self) -> str:
        return f"{self.status} {self.pk}"

    # Facts
    @property
    def amount(self) -> Money:
        return Money(self.amount_minor, self.currency)

    @property
    def technician_earnings(self) -> Money:
        return Money(self.technician_earnings_minor, self.currency)

    @property
    def is_undelivered(self) -> bool:
        """Tell whether it ran out before the app had shown it: that does not count against anybody."""
        return self.status == OfferStatus.EXPIRED and self.seen_at is None

    # Transitions
    @transition(status, source=OfferStatus.PENDING, target=OfferStatus.ACCEPTED)
    def accept(self, *, at: datetime) -> None:
        self.closed_at = at

    @transition(status, source=OfferStatus.PENDING, target=OfferStatus.REJECTED)
    def reject(self, *, reason: str, note: str, at: datetime) -> None:
        self.reject_reason, self.reject_note = reason, note
        self.closed_at = at

    @transition(status, source=OfferStatus.PENDING, target=OfferStatus.EXPIRED)
    def expire(self, *, at: datetime) -> None:
        self.closed_at = at

    @transition(status, source=OfferStatus.PENDING, target=OfferStatus.WITHDRAWN)
    def withdraw(self, *, at: datetime) -> None:
        self.closed_at = at

    @transition(status, source=OfferStatus.ACCEPTED, target=OfferStatus.RELEASED)
    def release(self, *, at: datetime) -> None:
        self.closed_at = at


@append_only
class OfferEvent(models.Model):
    """What happened to an offer, and by whom."""

    offer = models.ForeignKey(Offer, on_delete=models.PROTECT, related_name="events")
    kind = models.CharField(max_length=20, choices=OfferEventKind.choices)
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    at = models.DateTimeField()
    note = models.CharField(max_length=1000, default="", blank=True)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(kind__in=OfferEventKind.values), name="offer_event_kind_known")
        ]
        indexes: ClassVar = [models.Index(fields=["offer", "id"], name="offer_event_of_offer")]

    def __str__(self) -> str:
        return f"{self.kind} {self.offer_id}"


# Policies


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


# What staff set and what they are shown


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
