from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.contrib import admin
from django.db.models import Model, QuerySet
from django.http import HttpRequest

from accounts.models import User
from fixmate.core import clock
from fixmate.core.console import ConsoleAdmin, ReadOnlyInline, StaffAct
from fixmate.core.money import Money
from payments.forms import RefundForm
from payments.models import (
    Chargeback,
    Hold,
    LedgerAccount,
    LedgerEntry,
    LedgerTransaction,
    Payment,
    PaymentEvent,
    Payout,
    PayoutAccount,
    PayoutItem,
    ProviderCall,
    Refund,
    WebhookEvent,
)
from payments.selectors import calls_stuck
from payments.services import (
    payment_fee_paid,
    payment_fee_waive,
    payout_fail,
    payout_pay,
    payout_send,
    refund_approve,
    refund_ask_again,
    refund_fail_by_staff,
    refund_finish_by_staff,
    refund_reject,
    refund_request,
)


def _refund(payment: Payment, *, actor: User, amount: Money, reason: str, dispute_id: UUID | None) -> None:
    refund_request(payment_id=payment.pk, actor=actor, amount=amount, reason=reason, dispute_id=dispute_id)


def _act(label: str, service: Callable[..., object], named: str, *, danger: bool = False) -> StaffAct:
    """Return the act that calls the service with the row's id under this name."""

    def call(row: Model, *, actor: User, reason: str) -> None:
        service(**{named: row.pk}, actor=actor, reason=reason)

    return StaffAct(label, call, danger=danger, step_up=True)


class PaymentEventInline(ReadOnlyInline):
    model = PaymentEvent
    fields = ("at", "kind", "status", "actor", "data")
    ordering = ("id",)


class RefundInline(ReadOnlyInline):
    model = Refund
    fields = ("created_at", "status", "amount_minor", "reason", "requested_by", "decided_by", "closed_at")
    ordering = ("created_at",)
    show_change_link = True


class HoldInline(ReadOnlyInline):
    model = Hold
    fields = (
        "number",
        "status",
        "amount_minor",
        "captured_minor",
        "ref",
        "failure",
        "created_at",
        "lapses_at",
        "closed_at",
    )
    ordering = ("number",)


class ProviderCallInline(ReadOnlyInline):
    model = ProviderCall
    fields = ("created_at", "kind", "status", "amount_minor", "ref", "tries", "next_try_at", "last_error", "closed_at")
    ordering = ("created_at", "id")


class ChargebackInline(ReadOnlyInline):
    model = Chargeback
    fields = ("opened_at", "status", "amount_minor", "fee_minor", "reason", "evidence_due_at", "closed_at")
    ordering = ("opened_at",)
    show_change_link = True


@admin.register(Payment)
class PaymentAdmin(ConsoleAdmin):
    list_display = ("id", "status", "amount", "platform_fee", "technician_earnings", "fee_source", "created_at")
    list_filter = ("status", "provider")
    search_fields = ("id", "job__id")
    ordering = ("-created_at", "-id")
    inlines = (PaymentEventInline, HoldInline, ProviderCallInline, RefundInline, ChargebackInline)
    acts = {
        "refund": StaffAct("Give money back", _refund, danger=True, step_up=True, form=RefundForm),
        "paid": _act("The cancellation fee was paid to the technician", payment_fee_paid, "payment_id"),
        "waive": _act("Let the customer off what is still owed", payment_fee_waive, "payment_id", danger=True),
    }


@admin.register(Refund)
class RefundAdmin(ConsoleAdmin):
    list_display = ("id", "status", "amount", "payment_id", "needs_second_person", "requested_by", "created_at")
    list_filter = ("status", "needs_second_person")
    list_select_related = ("payment", "requested_by")
    search_fields = ("id", "payment__id", "dispute_id")
    ordering = ("-created_at", "-id")
    acts = {
        "approve": _act("Approve", refund_approve, "refund_id", danger=True),
        "reject": _act("Refuse", refund_reject, "refund_id"),
        "done": _act("The technician gave it back", refund_finish_by_staff, "refund_id"),
        "fail": _act("The technician did not give it back", refund_fail_by_staff, "refund_id", danger=True),
        "again": _act("Ask the provider again for what it refused", refund_ask_again, "refund_id"),
    }


class ReversedFilter(admin.SimpleListFilter):
    title = "taken back"
    parameter_name = "reversed"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("yes", "Yes")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Payout]) -> QuerySet[Payout]:
        return queryset.filter(reversed_minor__gt=0) if self.value() else queryset


@admin.register(Chargeback)
class ChargebackAdmin(ConsoleAdmin):
    list_display = ("id", "status", "amount", "fee", "reason", "payment_id", "evidence_due_at", "opened_at")
    list_filter = ("status", "provider")
    list_select_related = ("payment",)
    search_fields = ("id", "ref", "payment__id", "payment__job__id")
    ordering = ("-opened_at", "-id")


class PayoutItemInline(ReadOnlyInline):
    model = PayoutItem
    fields = ("payment", "amount_minor", "returned_at")
    ordering = ("id",)


@admin.register(Payout)
class PayoutAdmin(ConsoleAdmin):
    list_display = ("id", "status", "amount", "technician_id", "provider", "ordered_at", "sent_at", "closed_at")
    list_filter = ("status", "provider", ReversedFilter)
    search_fields = ("id", "technician__id")
    ordering = ("-ordered_at", "-id")
    inlines = (PayoutItemInline,)
    acts = {
        "send": _act("It was sent", payout_send, "payout_id"),
        "paid": _act("It arrived", payout_pay, "payout_id"),
        "fail": _act("It did not arrive", payout_fail, "payout_id", danger=True),
    }


@admin.register(PayoutAccount)
class PayoutAccountAdmin(ConsoleAdmin):
    list_display = ("id", "technician_id", "provider", "ref", "ready_at", "paused_until", "created_at")
    list_filter = ("provider", ("ready_at", admin.EmptyFieldListFilter))
    search_fields = ("ref", "technician__id")
    exclude = ("link",)  # whoever opens it speaks for the technician
    ordering = ("-created_at", "-id")


@admin.register(WebhookEvent)
class WebhookEventAdmin(ConsoleAdmin):
    list_display = ("id", "received_at", "type", "ref", "applied_at", "tries", "last_error")
    list_filter = ("provider", "kind", ("applied_at", admin.EmptyFieldListFilter))
    search_fields = ("event_id", "ref")
    ordering = ("-id",)


class LedgerEntryInline(ReadOnlyInline):
    model = LedgerEntry
    fields = ("account", "amount_minor", "balance_after_minor")
    ordering = ("id",)


@admin.register(LedgerTransaction)
class LedgerTransactionAdmin(ConsoleAdmin):
    list_display = ("number", "at", "kind", "currency", "payment_id", "refund_id", "payout_id")
    list_filter = ("kind",)
    search_fields = ("key",)
    ordering = ("-number",)
    inlines = (LedgerEntryInline,)


@admin.register(LedgerAccount)
class LedgerAccountAdmin(ConsoleAdmin):
    list_display = ("id", "kind", "currency", "technician_id", "provider", "balance")
    list_filter = ("kind",)
    search_fields = ("technician__id",)
    ordering = ("id",)


class IsStuck(admin.SimpleListFilter):
    title = "without an answer for long"
    parameter_name = "stuck"

    def lookups(self, request: HttpRequest, model_admin: object) -> list[tuple[str, str]]:
        return [("1", "Yes")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[ProviderCall]) -> QuerySet[ProviderCall]:
        return queryset.filter(pk__in=calls_stuck(clock.now()).values("pk")) if self.value() else queryset


@admin.register(ProviderCall)
class ProviderCallAdmin(ConsoleAdmin):
    list_display = (
        "id",
        "kind",
        "status",
        "provider",
        "payment_id",
        "tries",
        "next_try_at",
        "last_error",
        "created_at",
    )
    list_filter = (IsStuck, "status", "kind", "provider")
    search_fields = ("id", "ref", "payment__id", "payout__id")
    ordering = ("-created_at", "-id")
