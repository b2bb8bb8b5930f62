from django.contrib import admin

from fixmate.core.console import ConsoleAdmin
from notifications.models import Delivery, Notification


@admin.register(Notification)
class NotificationAdmin(ConsoleAdmin):
    list_display = ("id", "user", "kind", "created_at", "read_at")
    list_filter = ("kind",)
    search_fields = ("user__email", "user__phone", "subject_key")
    list_select_related = ("user",)
    ordering = ("-created_at", "-id")


@admin.register(Delivery)
class DeliveryAdmin(ConsoleAdmin):
    list_display = ("id", "notification", "channel", "status", "attempts", "last_error", "created_at", "sent_at")
    list_filter = ("channel", "status")
    list_select_related = ("notification",)
    ordering = ("-created_at", "-id")
