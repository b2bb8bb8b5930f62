from typing import Any

from django.contrib import admin

from fixmate.core.console import ConsoleAdmin, ReadOnlyInline, StaffAct
from jobs.models import Block, Job, JobEvent, JobPhoto, JobPrice
from jobs.services import job_cancel_by_staff, job_look_by_staff


def _cancel(job: Job, *, actor: Any, reason: str) -> None:
    job_cancel_by_staff(job_id=job.pk, actor=actor, note=reason)


def _rematch(job: Job, *, actor: Any, reason: str) -> None:
    job_look_by_staff(job_id=job.pk, actor=actor, reason=reason)


class JobPriceInline(ReadOnlyInline):
    model = JobPrice
    fields = (
        "revision",
        "kind",
        "amount",
        "platform_fee",
        "technician_earnings",
        "fee_rate",
        "fee_source",
        "created_at",
    )
    readonly_fields = ("amount", "platform_fee", "technician_earnings")


class JobEventInline(ReadOnlyInline):
    model = JobEvent
    fields = ("at", "kind", "status", "actor", "note", "data")


class JobPhotoInline(ReadOnlyInline):
    model = JobPhoto
    fields = ("kind", "upload")


@admin.register(Job)
class JobAdmin(ConsoleAdmin):
    list_display = ("id", "status", "service", "customer", "technician", "created_at", "scheduled_for")
    list_filter = ("status", "service__category")
    list_select_related = ("service", "customer", "technician")
    search_fields = ("id", "customer__email", "address")
    ordering = ("-created_at", "-id")
    inlines = (JobPriceInline, JobEventInline, JobPhotoInline)
    acts = {"cancel": StaffAct("Cancel the job", _cancel, danger=True), "rematch": StaffAct("Search again", _rematch)}


@admin.register(Block)
class BlockAdmin(ConsoleAdmin):
    list_display = ("id", "set_by", "customer", "technician", "job", "created_at", "lifted_at")
    list_filter = ("set_by",)
    list_select_related = ("customer", "technician__user", "job")
    search_fields = ("customer__email", "technician__user__email", "job__id")
    ordering = ("-created_at", "-id")
