from typing import Any
from uuid import UUID

from django import forms
from django.contrib import admin, messages
from django.core.files.uploadedfile import UploadedFile
from django.db.models import QuerySet
from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.html import format_html, format_html_join

from accounts.models import User
from disputes.case_files import Chapter, case_file, has_value
from disputes.case_pdf import words
from disputes.downloads import case_file_response, upload_response
from disputes.enums import DisputeOutcome, DisputeSide
from disputes.models import Dispute, DisputeDeadline, DisputeEvent
from disputes.selectors import dispute_upload_get
from disputes.services import (
    dispute_ask,
    dispute_begin_review,
    dispute_dismiss,
    dispute_evidence_add,
    dispute_message_add,
    dispute_resolve,
)
from fixmate.core import clock
from fixmate.core.console import ConsoleAdmin, ReadOnlyInline, ReasonForm, StaffAct
from fixmate.core.enums import UploadPurpose
from fixmate.core.errors import DomainError, NotFound
from fixmate.core.files import upload_create


class FileForm(ReasonForm):
    file = forms.FileField(help_text="A picture or a PDF. The reason says what it shows.")


def _begin_review(dispute: Dispute, *, actor: User, reason: str) -> None:
    dispute_begin_review(dispute_id=dispute.pk, actor=actor, reason=reason)


def _say(dispute: Dispute, *, actor: User, reason: str) -> None:
    dispute_message_add(dispute_id=dispute.pk, actor=actor, text=reason)


def _hand_in(dispute: Dispute, *, actor: User, reason: str, file: UploadedFile) -> None:
    upload = upload_create(owner=actor, purpose=UploadPurpose.EVIDENCE, file=file)
    dispute_evidence_add(dispute_id=dispute.pk, actor=actor, evidence_ids=[upload.pk], note=reason)


def _dismiss(dispute: Dispute, *, actor: User, reason: str) -> None:
    dispute_dismiss(dispute_id=dispute.pk, actor=actor, note=reason)


def _ask(side: DisputeSide) -> StaffAct:
    def call(dispute: Dispute, *, actor: User, reason: str) -> None:
        dispute_ask(dispute_id=dispute.pk, actor=actor, text=reason, awaits=side)

    return StaffAct(f"Ask {side.label.lower()}", call)


def _resolve(outcome: DisputeOutcome) -> StaffAct:
    def call(dispute: Dispute, *, actor: User, reason: str) -> None:
        dispute_resolve(dispute_id=dispute.pk, actor=actor, outcome=outcome, note=reason)

    return StaffAct(f"Resolve {outcome.label.lower()}", call, step_up=True)


def _file_url(dispute_id: UUID, upload_id: UUID) -> str:
    return reverse("admin:disputes_dispute_file", args=[dispute_id, upload_id])


def _shown(chapter: Chapter, dispute: Dispute) -> dict[str, Any]:
    """Return a chapter as the page shows it: facts by their names, other rows under heads, files as links."""
    if chapter.is_about_one:
        rows = [(words(name), [(_text(value), "")]) for ((name, value),) in chapter.paragraphs]
        return {"name": chapter.name, "title": chapter.title, "heads": [], "rows": rows}
    heads = [words(name) for name in chapter.columns]
    cells = [[_cell(name, value, dispute) for name, value in row.items()] for row in chapter.as_dicts]
    return {"name": chapter.name, "title": chapter.title, "heads": heads, "rows": [("", row) for row in cells]}


def _cell(name: str, value: Any, dispute: Dispute) -> tuple[str, str]:
    return ("", _file_url(dispute.pk, UUID(value))) if name == "file" else (_text(value), "")


def _text(value: Any) -> str:
    return str(value) if has_value(value) else ""


class DisputeEventInline(ReadOnlyInline):
    model = DisputeEvent
    fields = ("at", "kind", "actor", "actor_role", "text", "files")
    readonly_fields = ("files",)
    ordering = ("id",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[DisputeEvent]:
        return super().get_queryset(request).select_related("actor").prefetch_related("evidence__upload")

    @admin.display(description="Files")
    def files(self, event: DisputeEvent) -> str:
        held = [(_file_url(event.dispute_id, one.upload_id), one) for one in event.evidence.all() if one.is_kept]
        return format_html_join(", ", '<a href="{}">{}</a>', held)


class DisputeDeadlineInline(ReadOnlyInline):
    model = DisputeDeadline
    fields = ("kind", "side", "due_at", "reminded_at", "ended_at")
    ordering = ("id",)


@admin.register(Dispute)
class DisputeAdmin(ConsoleAdmin):
    list_display = ("id", "status", "due", "category", "job_id", "opened_by", "reviewer", "outcome", "created_at")
    list_filter = ("status", "category", "outcome")
    list_select_related = ("opened_by", "reviewer")
    search_fields = ("id", "job__id")
    ordering = ("due_at", "id")
    readonly_fields = ("due",)
    exclude = ("due_at",)
    inlines = (DisputeEventInline, DisputeDeadlineInline)
    pages = {"case_file": "Case file"}
    acts = {
        "begin-review": StaffAct("Begin the review", _begin_review),
        "say": StaffAct("Say something", _say),
        "ask-customer": _ask(DisputeSide.CUSTOMER),
        "ask-technician": _ask(DisputeSide.TECHNICIAN),
        "hand-in": StaffAct("Hand in a file", _hand_in, form=FileForm),
        "resolve-for-customer": _resolve(DisputeOutcome.FOR_CUSTOMER),
        "resolve-for-technician": _resolve(DisputeOutcome.FOR_TECHNICIAN),
        "resolve-shared": _resolve(DisputeOutcome.SHARED),
        "dismiss": StaffAct("Dismiss", _dismiss, danger=True, step_up=True),
    }

    def get_urls(self) -> list[Any]:
        pages = (
            ("case-file/", self.case_file_view, "case_file"),
            ("case-file/pdf/", self.case_pdf_view, "case_pdf"),
            ("files/<uuid:upload_id>/", self.file_view, "file"),
        )
        wrap = self.admin_site.admin_view
        ours = [
            path(f"<path:object_id>/{end}", wrap(view), name=f"disputes_dispute_{name}") for end, view, name in pages
        ]
        return [*ours, *super().get_urls()]

    @admin.display(description="Due", ordering="due_at")
    def due(self, dispute: Dispute) -> str:
        if dispute.next_due_at is None:
            return "-"
        shown = f"{dispute.next_due_at:%Y-%m-%d %H:%M} UTC"
        return format_html("<strong>overdue since {}</strong>", shown) if dispute.due_at < clock.now() else shown

    def case_file_view(self, request: HttpRequest, object_id: str) -> HttpResponseBase:
        dispute = self._asked_for(request, object_id)
        case = case_file(dispute)
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "object": dispute,
            "back": self.url_of("change", dispute.pk),
            "pdf": self.url_of("case_pdf", dispute.pk),
            "made_at": case.made_at,
            "chapters": [_shown(chapter, dispute) for chapter in case.chapters],
            "title": f"Case file of dispute {dispute.pk}",
        }
        return TemplateResponse(request, "console/case_file.html", context)

    def case_pdf_view(self, request: HttpRequest, object_id: str) -> HttpResponseBase:
        return case_file_response(self._asked_for(request, object_id))

    def file_view(self, request: HttpRequest, object_id: str, upload_id: UUID) -> HttpResponseBase:
        dispute = self._asked_for(request, object_id)
        try:
            return upload_response(dispute_upload_get(dispute=dispute, upload_id=upload_id))
        except NotFound as missing:
            raise Http404 from missing
        except DomainError as refusal:  # the storage is away
            self.message_user(request, f"{refusal.text} ({refusal.code})", messages.ERROR)
            return redirect("admin:disputes_dispute_change", object_id)

    def _asked_for(self, request: HttpRequest, object_id: str) -> Dispute:
        dispute: Dispute | None = self.get_object(request, object_id)
        if dispute is None:
            raise Http404
        return dispute
