from typing import Any

from django.contrib import admin

from fixmate.core import outbox
from fixmate.core.console import ConsoleAdmin, StaffAct
from fixmate.core.models import AuditEntry, OutboxMessage, Upload

admin.site.site_header = admin.site.site_title = "FixMate"
admin.site.index_title = "Console"


def _revive(message: OutboxMessage, *, actor: Any, reason: str) -> None:
    outbox.outbox_revive(message_id=message.pk, actor=actor, reason=reason)


@admin.register(OutboxMessage)
class OutboxMessageAdmin(ConsoleAdmin):
    list_display = ("id", "task", "status", "attempts", "crashes", "run_at", "done_at")
    list_filter = ("status", "task")
    acts = {"retry": StaffAct("Try again", _revive)}


@admin.register(AuditEntry)
class AuditEntryAdmin(ConsoleAdmin):
    list_display = ("sequence", "at", "actor_label", "action", "target_type", "target_id", "reason", "source")
    list_filter = ("action", "source")
    search_fields = ("target_id", "actor_label", "request_id")
    ordering = ("-sequence",)


@admin.register(Upload)
class UploadAdmin(ConsoleAdmin):
    list_display = ("id", "owner", "purpose", "content_type", "size_bytes", "created_at", "used_at")
    list_filter = ("purpose",)
