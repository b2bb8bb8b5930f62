from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from accounts.models import User
from disputes.enums import DisputeOutcome
from disputes.models import Dispute, DisputeEvent
from disputes.services import dispute_begin_review, dispute_dismiss, dispute_resolve
from fixmate.core.console import ConsoleAdmin, ReadOnlyInline, StaffAct


def _begin_review(dispute: Dispute, *, actor: User, reason: str) -> None:
    dispute_begin_review(dispute_id=dispute.pk, actor=actor, reason=reason)


def _dismiss(dispute: Dispute, *, actor: User, reason: str) -> None:
    dispute_dismiss(dispute_id=dispute.pk, actor=actor, note=reason)


def _resolve(outcome: DisputeOutcome) -> StaffAct:
    def call(dispute: Dispute, *, actor: User, reason: str) -> None:
        dispute_resolve(dispute_id=dispute.pk, actor=actor, outcome=outcome, note=reason)

    return StaffAct(f"Resolve {outcome.label.lower()}", call)


class DisputeEventInline(ReadOnlyInline):
    model = DisputeEvent
    fields = ("at", "kind", "actor", "actor_role", "text")
    ordering = ("id",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[DisputeEvent]:
        return super().get_queryset(request).select_related("actor")


@admin.register(Dispute)
class DisputeAdmin(ConsoleAdmin):
    list_display = ("id", "status", "category", "job_id", "opened_by", "outcome", "created_at", "closed_at")
    list_filter = ("status", "category", "outcome")
    list_select_related = ("opened_by",)
    search_fields = ("id", "job__id")
    ordering = ("-created_at", "-id")
    inlines = (DisputeEventInline,)
    acts = {
        "begin-review": StaffAct("Begin the review", _begin_review),
        "resolve-for-customer": _resolve(DisputeOutcome.FOR_CUSTOMER),
        "resolve-for-technician": _resolve(DisputeOutcome.FOR_TECHNICIAN),
        "resolve-shared": _resolve(DisputeOutcome.SHARED),
        "dismiss": StaffAct("Dismiss", _dismiss, danger=True),
    }
