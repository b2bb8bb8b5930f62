from datetime import datetime
from decimal import Decimal
from typing import Any

from django import forms
from django.contrib import admin

from catalog.enums import RATED_TIERS
from catalog.models import Category, FeeRate, Service
from catalog.services import category_delete, category_restore, fee_rate_add, service_delete, service_restore
from fixmate.core.console import ConsoleAdmin, ReasonForm, StaffAct


def _hide_category(category: Category, *, actor: Any, reason: str) -> None:
    category_delete(category_id=category.pk, actor=actor, reason=reason)


def _show_category(category: Category, *, actor: Any, reason: str) -> None:
    category_restore(category_id=category.pk, actor=actor, reason=reason)


def _hide_service(service: Service, *, actor: Any, reason: str) -> None:
    service_delete(service_id=service.pk, actor=actor, reason=reason)


def _show_service(service: Service, *, actor: Any, reason: str) -> None:
    service_restore(service_id=service.pk, actor=actor, reason=reason)


class FeeRateForm(ReasonForm):
    name = forms.CharField(max_length=60, help_text="Stands on every price it is used for; rates are never edited.")
    rate = forms.DecimalField(min_value=0, max_value=1, max_digits=5, decimal_places=4)
    tier = forms.ChoiceField(choices=[("", "All"), *((tier.value, tier.label) for tier in RATED_TIERS)], required=False)
    valid_from = forms.DateTimeField(required=False, help_text="UTC; left out, from now on.")


def _rate_for_service(
    service: Service, *, actor: Any, reason: str, name: str, rate: Decimal, tier: str, valid_from: datetime | None
) -> None:
    fee_rate_add(name=name, service=service, tier=tier, rate=rate, valid_from=valid_from, actor=actor, reason=reason)


def _rate_after(
    before: FeeRate, *, actor: Any, reason: str, name: str, rate: Decimal, tier: str, valid_from: datetime | None
) -> None:
    fee_rate_add(
        name=name, service=before.service, tier=tier, rate=rate, valid_from=valid_from, actor=actor, reason=reason
    )


def _scope_of(before: FeeRate) -> dict[str, Any]:
    return {"tier": before.tier}


@admin.register(Category)
class CategoryAdmin(ConsoleAdmin):
    list_display = ("name", "slug", "created_at", "deleted_at")
    search_fields = ("name", "slug")
    ordering = ("name", "id")
    acts = {
        "delete": StaffAct("Hide with its services", _hide_category, danger=True),
        "restore": StaffAct("Show again", _show_category),
    }


@admin.register(Service)
class ServiceAdmin(ConsoleAdmin):
    list_display = ("name", "slug", "category", "price", "pricing_unit", "duration_minutes", "deleted_at")
    list_filter = ("category", "pricing_unit")
    list_select_related = ("category",)
    search_fields = ("name", "slug")
    ordering = ("name", "id")
    acts = {
        "delete": StaffAct("Take off the list", _hide_service, danger=True),
        "restore": StaffAct("Put back on the list", _show_service),
        "rate": StaffAct("Announce a fee rate", _rate_for_service, form=FeeRateForm, step_up=True),
    }


@admin.register(FeeRate)
class FeeRateAdmin(ConsoleAdmin):
    list_display = ("name", "service", "tier", "rate", "valid_from", "created_at")
    list_filter = ("tier",)
    list_select_related = ("service",)
    ordering = ("-valid_from", "-id")
    acts = {
        "follow": StaffAct("Announce what follows it", _rate_after, form=FeeRateForm, initial=_scope_of, step_up=True)
    }
