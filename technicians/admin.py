from typing import Any

from django import forms
from django.contrib import admin, messages
from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import path, reverse
from django.utils.html import format_html

from catalog.enums import TechnicianTier
from fixmate.core.console import ConsoleAdmin, ReadOnlyInline, ReasonForm, StaffAct
from fixmate.core.errors import DomainError
from technicians.downloads import document_response
from technicians.models import AvailabilitySlot, Document, Technician, TechnicianSkill, TimeOff
from technicians.services import (
    document_approve,
    document_reject,
    technician_approve,
    technician_reinstate,
    technician_reject,
    technician_set_tier,
    technician_suspend,
)


def _approve(technician: Technician, *, actor: Any, reason: str) -> None:
    technician_approve(technician_id=technician.pk, actor=actor, reason=reason)


def _reject(technician: Technician, *, actor: Any, reason: str) -> None:
    technician_reject(technician_id=technician.pk, actor=actor, reason=reason)


def _suspend(technician: Technician, *, actor: Any, reason: str) -> None:
    technician_suspend(technician_id=technician.pk, actor=actor, reason=reason)


def _reinstate(technician: Technician, *, actor: Any, reason: str) -> None:
    technician_reinstate(technician_id=technician.pk, actor=actor, reason=reason)


class TierForm(ReasonForm):
    tier = forms.ChoiceField(choices=TechnicianTier.choices)


def _set_tier(technician: Technician, *, actor: Any, tier: str, reason: str) -> None:
    technician_set_tier(technician_id=technician.pk, tier=tier, actor=actor, reason=reason)


def _tier_of(technician: Technician) -> dict[str, str]:
    return {"tier": technician.tier}


def _approve_document(document: Document, *, actor: Any, reason: str) -> None:
    document_approve(document_id=document.pk, actor=actor, reason=reason)


def _reject_document(document: Document, *, actor: Any, reason: str) -> None:
    document_reject(document_id=document.pk, actor=actor, reason=reason)


def _link(route: str, document: Document, text: str) -> str:
    return format_html('<a href="{}">{}</a>', reverse(f"admin:technicians_document_{route}", args=[document.pk]), text)


class DocumentInline(ReadOnlyInline):
    model = Document
    fields = ("page", "status", "expires_on", "created_at", "download")
    readonly_fields = ("page", "download")

    @admin.display(description="Document")
    def page(self, document: Document) -> str:
        return _link("change", document, document.get_kind_display())

    @admin.display(description="File")
    def download(self, document: Document) -> str:
        return _link("file", document, "Download")


class SkillInline(ReadOnlyInline):
    model = TechnicianSkill
    fields = ("service",)


class SlotInline(ReadOnlyInline):
    model = AvailabilitySlot
    fields = ("weekday", "starts_at", "ends_at")


class TimeOffInline(ReadOnlyInline):
    model = TimeOff
    fields = ("starts_at", "ends_at", "note")


@admin.register(Technician)
class TechnicianAdmin(ConsoleAdmin):
    list_display = ("user", "verification", "is_online", "rating", "jobs_completed", "applied_at", "created_at")
    list_filter = ("verification", "is_online", "tier")
    list_select_related = ("user",)
    search_fields = ("user__email", "user__phone", "user__first_name", "user__last_name")
    ordering = ("-created_at", "-id")
    inlines = (DocumentInline, SkillInline, SlotInline, TimeOffInline)
    acts = {
        "approve": StaffAct("Approve", _approve),
        "reject": StaffAct("Reject", _reject, danger=True),
        "suspend": StaffAct("Suspend", _suspend, danger=True, step_up=True),
        "reinstate": StaffAct("Reinstate", _reinstate, step_up=True),
        "tier": StaffAct("Set the tier", _set_tier, form=TierForm, initial=_tier_of, step_up=True),
    }


@admin.register(Document)
class DocumentAdmin(ConsoleAdmin):
    list_display = ("id", "technician_name", "kind", "status", "expires_on", "created_at")
    list_filter = ("status", "kind")
    list_select_related = ("technician__user",)
    search_fields = ("technician__user__email", "technician__user__last_name")
    ordering = ("-created_at", "-id")
    fields = (
        "technician_name",
        "kind",
        "status",
        "download",
        "content_type",
        "size_bytes",
        "sha256",
        "expires_on",
        "created_at",
        "reviewed_at",
        "reviewed_by",
        "review_reason",
        "reminded_at",
    )
    readonly_fields = ("technician_name", "download")
    acts = {
        "approve": StaffAct("Approve", _approve_document),
        "reject": StaffAct("Reject", _reject_document, danger=True),
    }

    def get_urls(self) -> list[Any]:
        view = self.admin_site.admin_view(self.file_view)
        return [path("<path:object_id>/file/", view, name="technicians_document_file"), *super().get_urls()]

    def file_view(self, request: HttpRequest, object_id: str) -> HttpResponseBase:
        document = self.get_object(request, object_id)
        if document is None:
            raise Http404
        try:
            return document_response(document)
        except DomainError as refusal:  # the storage is away
            self.message_user(request, f"{refusal.text} ({refusal.code})", messages.ERROR)
            return redirect("admin:technicians_document_change", object_id)

    @admin.display(description="Technician")
    def technician_name(self, document: Document) -> str:
        address = reverse("admin:technicians_technician_change", args=[document.technician_id])
        return format_html('<a href="{}">{}</a>', address, document.technician.user.full_name)

    @admin.display(description="File")
    def download(self, document: Document) -> str:
        return _link("file", document, "Download")
