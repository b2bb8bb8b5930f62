from django.contrib import admin

from fixmate.core.console import ConsoleAdmin, ReadOnlyInline
from payments.models import Payment, PaymentEvent


class PaymentEventInline(ReadOnlyInline):
    model = PaymentEvent
    fields = ("at", "kind", "status", "actor", "data")
    ordering = ("id",)


@admin.register(Payment)
class PaymentAdmin(ConsoleAdmin):
    list_display = ("id", "status", "amount", "platform_fee", "technician_earnings", "fee_source", "created_at")
    list_filter = ("status", "provider")
    search_fields = ("id", "job__id")
    ordering = ("-created_at", "-id")
    inlines = (PaymentEventInline,)
