from typing import Any, cast

from django import forms
from django.contrib import admin
from django.contrib.auth.models import Group
from django_otp.plugins.otp_static.models import StaticDevice
from django_otp.plugins.otp_totp.models import TOTPDevice

from accounts.models import SecurityEvent, Session, SocialIdentity, User
from accounts.selectors import identity_list_of
from accounts.services import (
    identity_remove_by_staff,
    staff_dismiss_dispatcher,
    user_reinstate,
    user_restrict,
    user_suspend,
)
from fixmate.core.console import ConsoleAdmin, ReasonForm, StaffAct


def _suspend(user: User, *, actor: Any, reason: str) -> None:
    user_suspend(user_id=user.pk, actor=actor, reason=reason)


def _restrict(user: User, *, actor: Any, reason: str) -> None:
    user_restrict(user_id=user.pk, actor=actor, reason=reason)


def _reinstate(user: User, *, actor: Any, reason: str) -> None:
    user_reinstate(user_id=user.pk, actor=actor, reason=reason)


def _remove_identity(user: User, *, actor: Any, reason: str, identity: SocialIdentity) -> None:
    identity_remove_by_staff(user_id=user.pk, identity_id=identity.pk, actor=actor, reason=reason)


class IdentityForm(ReasonForm):
    """Which of the account's sign-ins, whose list comes with the form's `initial`."""

    field_order = ("identity", "reason")
    identity = forms.ModelChoiceField(SocialIdentity.objects.none(), label="Sign-in")

    def __init__(self, *args: Any, initial: dict[str, Any], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        cast(forms.ModelChoiceField[SocialIdentity], self.fields["identity"]).queryset = initial["identities"]


def _dismiss(user: User, *, actor: Any, reason: str) -> None:
    staff_dismiss_dispatcher(user_id=user.pk, actor=actor, reason=reason)


# They would be edited past services and audit; and who sees a device's key needs no phone.
admin.site.unregister([Group, TOTPDevice, StaticDevice])


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
        "has_second_factor",
        "status",
        "suspended_as",
        "created_at",
        "verified_at",
        "deleted_at",
        "last_login",
    )
    acts = {
        "suspend": StaffAct("Suspend", _suspend, danger=True, step_up=True),
        "restrict": StaffAct("Restrict: finish, but order or be offered nothing", _restrict, danger=True, step_up=True),
        "reinstate": StaffAct("Reinstate", _reinstate, step_up=True),
        "remove-identity": StaffAct(
            "Remove a sign-in",
            _remove_identity,
            danger=True,
            step_up=True,
            form=IdentityForm,
            initial=lambda user: {"identities": identity_list_of(user).order_by("created_at", "pk")},
        ),
        "dismiss": StaffAct("Take the dispatcher role away", _dismiss, danger=True, step_up=True),
    }


@admin.register(Session)
class SessionAdmin(ConsoleAdmin):
    list_display = ("id", "user", "created_at", "refreshed_at", "ended_at", "end_reason", "ip_address", "user_agent")
    list_filter = ("end_reason",)
    list_select_related = ("user",)
    search_fields = ("user__email", "ip_address")
    ordering = ("-created_at", "-id")
    exclude = ("refresh_jti", "previous_jti")


@admin.register(SocialIdentity)
class SocialIdentityAdmin(ConsoleAdmin):
    list_display = ("id", "user", "provider", "created_at")
    list_filter = ("provider",)
    list_select_related = ("user",)
    search_fields = ("user__email",)
    ordering = ("-created_at", "-id")


@admin.register(SecurityEvent)
class SecurityEventAdmin(ConsoleAdmin):
    list_display = ("id", "at", "kind", "user", "ip_address", "user_agent", "request_id")
    list_filter = ("kind",)
    list_select_related = ("user",)
    search_fields = ("user__email", "ip_address", "request_id")
    ordering = ("-id",)
