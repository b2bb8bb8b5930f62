from typing import Any

from django.contrib import admin
from django.contrib.auth.models import Group

from accounts.models import SecurityEvent, Session, User
from accounts.services import staff_dismiss_dispatcher, user_reinstate, user_suspend
from fixmate.core.console import ConsoleAdmin, StaffAct


def _suspend(user: User, *, actor: Any, reason: str) -> None:
    user_suspend(user_id=user.pk, actor=actor, reason=reason)


def _reinstate(user: User, *, actor: Any, reason: str) -> None:
    user_reinstate(user_id=user.pk, actor=actor, reason=reason)


def _dismiss(user: User, *, actor: Any, reason: str) -> None:
    staff_dismiss_dispatcher(user_id=user.pk, actor=actor, reason=reason)


admin.site.unregister(Group)  # it would be edited past services and audit, and nothing here asks for it


@admin.register(User)
class UserAdmin(ConsoleAdmin):
    list_display = ("id", "email", "phone", "full_name", "role", "status", "created_at")
    list_filter = ("role", "status")
    search_fields = ("email", "phone", "first_name", "last_name")
    ordering = ("-created_at", "-id")
    fields = (
        "id",
        "email",
        "phone",
        "first_name",
        "last_name",
        "role",
        "is_dispatcher",
        "status",
        "created_at",
        "verified_at",
        "deleted_at",
        "last_login",
    )
    acts = {
        "suspend": StaffAct("Suspend", _suspend, danger=True),
        "reinstate": StaffAct("Reinstate", _reinstate),
        "dismiss": StaffAct("Take the dispatcher role away", _dismiss, danger=True),
    }


@admin.register(Session)
class SessionAdmin(ConsoleAdmin):
    list_display = ("id", "user", "created_at", "refreshed_at", "ended_at", "end_reason", "ip_address", "user_agent")
    list_filter = ("end_reason",)
    list_select_related = ("user",)
    search_fields = ("user__email", "ip_address")
    ordering = ("-created_at", "-id")
    exclude = ("refresh_jti", "previous_jti")


@admin.register(SecurityEvent)
class SecurityEventAdmin(ConsoleAdmin):
    list_display = ("id", "at", "kind", "user", "ip_address", "user_agent", "request_id")
    list_filter = ("kind",)
    list_select_related = ("user",)
    search_fields = ("user__email", "ip_address", "request_id")
    ordering = ("-id",)
