from collections.abc import Iterable
from typing import Any, cast
from uuid import UUID

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import path, reverse
from django.utils.html import format_html

from accounts.models import User
from fixmate.core.console import ConsoleAdmin, ReadOnlyInline, StaffAct
from fixmate.core.errors import DomainError, NotFound
from jobs.downloads import photo_response
from jobs.lines import lines_of
from jobs.models import Block, Job, JobEvent, JobPhoto, JobPrice, PriceLine, QuoteRevision
from jobs.selectors import photo_get_visible_to
from jobs.services import job_cancel_by_staff, job_look_by_staff


def _cancel(job: Job, *, actor: Any, reason: str) -> None:
    job_cancel_by_staff(job_id=job.pk, actor=actor, note=reason)


def _rematch(job: Job, *, actor: Any, reason: str) -> None:
    job_look_by_staff(job_id=job.pk, actor=actor, reason=reason)


def _explained(rows: Iterable[PriceLine]) -> str:
    return "; ".join(
        f"{line.description}: {line.quantity.normalize():f} x {line.unit_amount} = {line.amount}"
        for line in lines_of(rows)
    )


class JobPriceInline(ReadOnlyInline):
    model = JobPrice
    fields = (
        "revision",
        "kind",
        "amount",
        "explained",
        "platform_fee",
        "technician_earnings",
        "fee_rate",
        "fee_source",
        "created_at",
    )
    readonly_fields = ("amount", "explained", "platform_fee", "technician_earnings")

    def get_queryset(self, request: HttpRequest) -> QuerySet[JobPrice]:
        return super().get_queryset(request).prefetch_related("lines")

    @admin.display(description="Lines")
    def explained(self, price: JobPrice) -> str:
        return _explained(price.lines.all())


class QuoteInline(ReadOnlyInline):
    model = QuoteRevision
    fields = (
        "number",
        "status",
        "technician",
        "amount",
        "explained",
        "note",
        "proposed_at",
        "closed_at",
        "decline_reason",
        "decline_note",
    )
    readonly_fields = ("amount", "explained")
    ordering = ("number",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[QuoteRevision]:
        return super().get_queryset(request).prefetch_related("lines")

    @admin.display(description="Lines")
    def explained(self, quote: QuoteRevision) -> str:
        return _explained(quote.lines.all())


class JobEventInline(ReadOnlyInline):
    model = JobEvent
    fields = ("at", "kind", "status", "actor", "note", "data")


class JobPhotoInline(ReadOnlyInline):
    model = JobPhoto
    fields = ("kind", "file")
    readonly_fields = ("file",)
    ordering = ("id",)

    @admin.display(description="File")
    def file(self, photo: JobPhoto) -> str:
        address = reverse("admin:jobs_job_photo", args=[photo.job_id, photo.upload_id])
        return format_html('<a href="{}">Download</a>', address)


@admin.register(Job)
class JobAdmin(ConsoleAdmin):
    list_display = ("id", "status", "service", "customer", "technician", "created_at", "scheduled_for")
    list_filter = ("status", "service__category")
    list_select_related = ("service", "customer", "technician")
    search_fields = ("id", "customer__email", "address")
    ordering = ("-created_at", "-id")
    inlines = (JobPriceInline, QuoteInline, JobEventInline, JobPhotoInline)
    acts = {"cancel": StaffAct("Cancel the job", _cancel, danger=True), "rematch": StaffAct("Search again", _rematch)}

    def get_urls(self) -> list[Any]:
        view = self.admin_site.admin_view(self.photo_view)
        return [path("<uuid:job_id>/photos/<uuid:upload_id>/", view, name="jobs_job_photo"), *super().get_urls()]

    def photo_view(self, request: HttpRequest, job_id: UUID, upload_id: UUID) -> HttpResponseBase:
        viewer = cast(User, request.user)
        try:
            return photo_response(photo_get_visible_to(user=viewer, job_id=job_id, upload_id=upload_id))
        except NotFound as missing:
            raise Http404 from missing
        except DomainError as refusal:  # the storage is away
            self.message_user(request, f"{refusal.text} ({refusal.code})", messages.ERROR)
            return redirect("admin:jobs_job_change", job_id)


@admin.register(Block)
class BlockAdmin(ConsoleAdmin):
    list_display = ("id", "set_by", "customer", "technician", "job", "created_at", "lifted_at")
    list_filter = ("set_by",)
    list_select_related = ("customer", "technician__user", "job")
    search_fields = ("customer__email", "technician__user__email", "job__id")
    ordering = ("-created_at", "-id")
