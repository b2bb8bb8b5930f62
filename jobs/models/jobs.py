from datetime import datetime
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from catalog.models import Service
from fixmate.core.ids import uuid7
from fixmate.core.lifecycle import StateField, StateModel, state_constraint, transition
from fixmate.core.models import Upload
from fixmate.core.triggers import append_only_but_for
from jobs.enums import BOOKED, WAITING, BlockSide, CancelReason, JobEventKind, JobStatus, PhotoKind
from technicians.models import Technician


class Job(StateModel):
    """One piece of work, from the request to its end."""

    # Fields: what was asked for
    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    customer = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="jobs")
    service = models.ForeignKey(Service, on_delete=models.PROTECT, related_name="jobs")
    status = StateField(choices=JobStatus.choices, default=JobStatus.REQUESTED)
    description = models.TextField()
    address = models.CharField(max_length=300)
    latitude = models.FloatField()
    longitude = models.FloatField()
    scheduled_for = models.DateTimeField(null=True)
    duration_minutes = models.PositiveIntegerField()
    created_at = models.DateTimeField(default=timezone.now)
    # Fields: matching
    next_pass_at = models.DateTimeField(null=True, help_text="when matching looks again; null while an offer is live")
    search_started_at = models.DateTimeField(null=True)
    search_number = models.PositiveSmallIntegerField(default=0, help_text="how often matching began from the start")
    rematch_count = models.PositiveSmallIntegerField(default=0, help_text="how often a technician cancelled it")
    # Fields: the work
    technician = models.ForeignKey(Technician, on_delete=models.PROTECT, null=True, related_name="jobs")
    assigned_at = models.DateTimeField(null=True)
    booked_from = models.DateTimeField(null=True)
    booked_until = models.DateTimeField(null=True)
    is_payment_required = models.BooleanField(default=False, help_text="set by payments: the work may not start yet")
    start_code_serial = models.PositiveSmallIntegerField(default=1)
    start_code_failures = models.PositiveSmallIntegerField(default=0)
    reminded_at = models.DateTimeField(null=True, help_text="when both were reminded of a visit booked ahead")
    waiting_from = models.DateTimeField(null=True, help_text="since when he says that nobody opens the door")
    started_at = models.DateTimeField(null=True)
    completed_at = models.DateTimeField(null=True)
    work_summary = models.TextField(default="", blank=True)
    # Fields: the end
    cancelled_at = models.DateTimeField(null=True)
    cancel_reason = models.CharField(max_length=20, choices=CancelReason.choices, default="", blank=True)
    cancel_note = models.CharField(max_length=1000, default="", blank=True)
    cancelled_by = models.CharField(max_length=20, default="", blank=True)

    # Constraints
    class Meta:
        constraints: ClassVar = [
            state_constraint("job_status_known", JobStatus),
            models.CheckConstraint(
                condition=~Q(status__in=[*BOOKED, JobStatus.COMPLETED])
                | Q(technician__isnull=False, assigned_at__isnull=False, booked_from__isnull=False),
                name="job_from_assigned_on_has_technician",
            ),
            models.CheckConstraint(
                condition=~Q(status__in=[*WAITING, JobStatus.UNMATCHED]) | Q(technician__isnull=True),
                name="job_before_assigned_has_no_technician",
            ),
            models.CheckConstraint(
                # A comparison with NULL is NULL, and a CHECK lets NULL pass: both ends have to be asked for.
                condition=Q(booked_from__isnull=True, booked_until__isnull=True)
                | Q(booked_from__isnull=False, booked_until__isnull=False, booked_until__gt=F("booked_from")),
                name="job_booking_has_an_end",
            ),
            models.CheckConstraint(
                condition=~Q(status__in=[JobStatus.IN_PROGRESS, JobStatus.COMPLETED]) | Q(started_at__isnull=False),
                name="job_from_started_on_has_start",
            ),
            models.CheckConstraint(
                condition=Q(status=JobStatus.COMPLETED) ^ Q(completed_at__isnull=True), name="job_completed_has_time"
            ),
            models.CheckConstraint(
                condition=Q(status=JobStatus.CANCELLED) ^ Q(cancelled_at__isnull=True), name="job_cancelled_has_time"
            ),
            models.CheckConstraint(
                condition=Q(status__in=WAITING) | Q(next_pass_at__isnull=True), name="job_pass_only_while_waiting"
            ),
            models.CheckConstraint(
                condition=~Q(status=JobStatus.MATCHING) | Q(search_started_at__isnull=False),
                name="job_search_has_start",
            ),
            models.CheckConstraint(
                condition=Q(latitude__gte=-90, latitude__lte=90, longitude__gte=-180, longitude__lte=180),
                name="job_on_earth",
            ),
            models.UniqueConstraint(
                fields=["technician"],
                condition=Q(status=JobStatus.IN_PROGRESS),
                name="job_one_in_progress_per_technician",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["next_pass_at"], condition=Q(next_pass_at__isnull=False), name="job_pass_due"),
            models.Index(fields=["service", "latitude"], condition=Q(status__in=WAITING), name="job_waiting_near"),
            models.Index(fields=["customer", "-created_at", "-id"], name="job_of_customer"),
            models.Index(fields=["technician", "-created_at", "-id"], name="job_of_technician"),
            models.Index(fields=["technician", "booked_from"], condition=Q(status__in=BOOKED), name="job_booked"),
            models.Index(fields=["-created_at", "-id"], name="job_newest"),
            models.Index(fields=["status", "-created_at", "-id"], name="job_by_status"),
        ]

    def __str__(self) -> str:
        return f"{self.status} {self.pk}"

    # Facts
    @property
    def closed_at(self) -> datetime | None:
        return self.completed_at or self.cancelled_at

    # Transitions: memory only; the service that calls them has locked the row and saves it
    @transition(status, source=JobStatus.REQUESTED, target=JobStatus.MATCHING)
    def begin_matching(self, *, at: datetime) -> None:
        self._search_from(at)

    @transition(status, source=JobStatus.UNMATCHED, target=JobStatus.MATCHING)
    def search_again(self, *, at: datetime) -> None:
        self._search_from(at)

    @transition(status, source=JobStatus.MATCHING, target=JobStatus.UNMATCHED)
    def give_up(self) -> None:
        self.next_pass_at = None

    @transition(status, source=[JobStatus.MATCHING, JobStatus.UNMATCHED], target=JobStatus.ASSIGNED)
    def assign(self, *, technician: Technician, booked_from: datetime, booked_until: datetime, at: datetime) -> None:
        self._book(technician, booked_from, booked_until, at)

    @transition(status, source=JobStatus.ASSIGNED, target=JobStatus.ASSIGNED)
    def transfer(self, *, technician: Technician, booked_from: datetime, booked_until: datetime, at: datetime) -> None:
        self._forget_visit()
        self._book(technician, booked_from, booked_until, at)

    @transition(status, source=JobStatus.ASSIGNED, target=JobStatus.MATCHING)
    def release(self, *, at: datetime) -> None:
        self.technician = self.assigned_at = self.booked_from = self.booked_until = None
        self.rematch_count += 1
        self._forget_visit()
        self._search_from(at)

    @transition(status, source=JobStatus.ASSIGNED, target=JobStatus.IN_PROGRESS)
    def start(self, *, at: datetime) -> None:
        self.started_at = at
        self.waiting_from = None

    @transition(status, source=JobStatus.IN_PROGRESS, target=JobStatus.COMPLETED)
    def complete(self, *, work_summary: str, at: datetime) -> None:
        self.completed_at = at
        self.work_summary = work_summary

    @transition(status, source=[*WAITING, JobStatus.UNMATCHED, JobStatus.ASSIGNED], target=JobStatus.CANCELLED)
    def cancel(self, *, reason: str, note: str, by: str, at: datetime) -> None:
        self._close(reason=reason, note=note, by=by, at=at)

    @transition(
        status,
        source=[*WAITING, JobStatus.UNMATCHED, JobStatus.ASSIGNED, JobStatus.IN_PROGRESS],
        target=JobStatus.CANCELLED,
    )
    def cancel_by_staff(self, *, note: str, by: str, at: datetime) -> None:
        self._close(reason=CancelReason.STAFF, note=note, by=by, at=at)

    @transition(status, source=JobStatus.ASSIGNED, target=JobStatus.CANCELLED)
    def no_show(self, *, note: str, by: str, at: datetime) -> None:
        self._close(reason=CancelReason.NO_SHOW, note=note, by=by, at=at)

    def _close(self, *, reason: str, note: str, by: str, at: datetime) -> None:
        self.cancel_reason, self.cancel_note, self.cancelled_by = reason, note, by
        self.cancelled_at = at
        self.next_pass_at = None

    def _book(self, technician: Technician, booked_from: datetime, booked_until: datetime, at: datetime) -> None:
        self.technician = technician
        self.assigned_at = at
        self.booked_from, self.booked_until = booked_from, booked_until
        self.next_pass_at = None

    def _forget_visit(self) -> None:
        self.start_code_serial += 1
        self.start_code_failures = 0
        self.reminded_at = self.waiting_from = None

    def _search_from(self, at: datetime) -> None:
        self.search_started_at = self.next_pass_at = at
        self.search_number += 1


@append_only_but_for("note")
class JobEvent(models.Model):
    """One row of a job's timeline."""

    # Fields
    job = models.ForeignKey(Job, on_delete=models.PROTECT, related_name="events")
    kind = models.CharField(max_length=20, choices=JobEventKind.choices)
    status = models.CharField(max_length=20, choices=JobStatus.choices, help_text="of the job after the event")
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    actor_role = models.CharField(max_length=20, default="", blank=True)
    at = models.DateTimeField()
    note = models.TextField(default="", blank=True)
    data = models.JSONField(default=dict)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(kind__in=JobEventKind.values), name="job_event_kind_known"),
            models.CheckConstraint(condition=Q(status__in=JobStatus.values), name="job_event_status_known"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["job", "id"], name="job_event_of_job"),
            models.Index(fields=["kind", "at"], name="job_event_by_kind"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.job_id}"


class JobPhoto(models.Model):
    job = models.ForeignKey(Job, on_delete=models.PROTECT, related_name="photos")
    upload = models.OneToOneField(Upload, on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(max_length=20, choices=PhotoKind.choices)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(kind__in=PhotoKind.values), name="job_photo_kind_known")
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.job_id}"


class Block(models.Model):
    """One side of a job does not want to meet the other again. It holds until whoever set it lifts it."""

    # Fields
    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    customer = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", db_index=False)
    technician = models.ForeignKey(Technician, on_delete=models.PROTECT, related_name="+", db_index=False)
    set_by = models.CharField(max_length=20, choices=BlockSide.choices)
    job = models.ForeignKey(Job, on_delete=models.PROTECT, related_name="+", help_text="where they met")
    note = models.CharField(max_length=1000, default="", blank=True)
    created_at = models.DateTimeField()
    lifted_at = models.DateTimeField(null=True)

    # Constraints
    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(set_by__in=BlockSide.values), name="block_side_known"),
            models.UniqueConstraint(
                fields=["customer", "technician", "set_by"], condition=Q(lifted_at__isnull=True), name="block_once"
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["customer", "-created_at", "-id"], name="block_of_customer"),
            models.Index(fields=["technician", "-created_at", "-id"], name="block_of_technician"),
        ]

    def __str__(self) -> str:
        return f"{self.set_by} {self.pk}"
