from typing import Any

from django.contrib import admin

from catalog.models import Category, FeeRate, Service
from catalog.services import category_delete, category_restore, service_delete, service_restore
from fixmate.core.console import ConsoleAdmin, StaffAct


def _hide_category(category: Category, *, actor: Any, reason: str) -> None:
    category_delete(category_id=category.pk, actor=actor, reason=reason)


def _show_category(category: Category, *, actor: Any, reason: str) -> None:
    category_restore(category_id=category.pk, actor=actor, reason=reason)


def _hide_service(service: Service, *, actor: Any, reason: str) -> None:
    service_delete(service_id=service.pk, actor=actor, reason=reason)


def _show_service(service: Service, *, actor: Any, reason: str) -> None:
    service_restore(service_id=service.pk, actor=actor, reason=reason)


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
    }


@admin.register(FeeRate)
class FeeRateAdmin(ConsoleAdmin):
    list_display = ("name", "service", "rate", "valid_from", "created_at")
    list_select_related = ("service",)
    ordering = ("-valid_from", "-id")
