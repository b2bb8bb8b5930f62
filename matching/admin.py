from django.contrib import admin

from fixmate.core.console import ConsoleAdmin, ReadOnlyInline
from matching.models import CandidateDecision, MatchingPass, Offer, OfferEvent


class CandidateDecisionInline(ReadOnlyInline):
    model = CandidateDecision
    fields = ("rank", "technician", "passed", "score", "distance_m", "was_offered", "terms", "verdicts")
    ordering = ("rank", "distance_m")


class OfferEventInline(ReadOnlyInline):
    model = OfferEvent
    fields = ("at", "kind", "actor", "note")


@admin.register(MatchingPass)
class MatchingPassAdmin(ConsoleAdmin):
    list_display = (
        "job",
        "number",
        "outcome",
        "policy",
        "radius_m",
        "looked_at",
        "passed",
        "duration_ms",
        "started_at",
    )
    list_filter = ("outcome", "policy")
    list_select_related = ("job",)
    search_fields = ("job__id",)
    ordering = ("-started_at",)
    inlines = (CandidateDecisionInline,)


@admin.register(Offer)
class OfferAdmin(ConsoleAdmin):
    list_display = ("id", "status", "job", "technician", "number", "created_at", "expires_at", "seen_at", "closed_at")
    list_filter = ("status", "source", "reject_reason")
    list_select_related = ("job", "technician")
    search_fields = ("job__id", "technician__user__email")
    ordering = ("-created_at", "-id")
    inlines = (OfferEventInline,)
