from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from accounts.models import User
from fixmate.core.console import ConsoleAdmin, ReadOnlyInline, StaffAct
from reviews.models import Review, ReviewHiding, ReviewReply
from reviews.selectors import review_list_all
from reviews.services import review_hide, review_show


def _hide(review: Review, *, actor: User, reason: str) -> None:
    review_hide(review_id=review.pk, actor=actor, reason=reason)


def _show(review: Review, *, actor: User, reason: str) -> None:
    review_show(review_id=review.pk, actor=actor, reason=reason)


class ReplyInline(ReadOnlyInline):
    model = ReviewReply
    fields = ("created_at", "text")


class HidingInline(ReadOnlyInline):
    model = ReviewHiding
    fields = ("at", "is_hidden", "actor", "reason")
    ordering = ("id",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[ReviewHiding]:
        return super().get_queryset(request).select_related("actor")


@admin.register(Review)
class ReviewAdmin(ConsoleAdmin):
    list_display = ("id", "rating", "customer", "technician_id", "comment", "hidden", "created_at")
    list_filter = ("rating",)
    list_select_related = ("customer",)
    search_fields = ("id", "job__id", "technician__id")
    ordering = ("-created_at", "-id")
    inlines = (ReplyInline, HidingInline)
    acts = {
        "hide": StaffAct("Hide", _hide, danger=True, step_up=True),
        "show": StaffAct("Show again", _show, step_up=True),
    }

    def get_queryset(self, request: HttpRequest) -> QuerySet[Review]:
        return review_list_all()

    @admin.display(boolean=True, description="Hidden")
    def hidden(self, review: Review) -> bool:
        is_hidden: bool = review.is_hidden  # type: ignore[attr-defined]
        return is_hidden
