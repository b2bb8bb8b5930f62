from django.contrib import admin

from fixmate.core.console import ConsoleAdmin
from reviews.models import Review


@admin.register(Review)
class ReviewAdmin(ConsoleAdmin):
    list_display = ("id", "rating", "customer", "technician_id", "comment", "created_at")
    list_filter = ("rating",)
    list_select_related = ("customer",)
    search_fields = ("id", "job__id", "technician__id")
    ordering = ("-created_at", "-id")
