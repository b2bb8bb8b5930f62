from typing import Any

from django.conf import settings
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from accounts.models import User
from fixmate.core.api.serializers import InputSerializer, MoneyField, OutputSerializer
from fixmate.core.money import Money
from payments.enums import (
    ChargebackStatus,
    HoldStatus,
    PaymentPurpose,
    PaymentStatus,
    PayoutAccountStatus,
    PayoutStatus,
    Provider,
    RefundStatus,
)
from payments.models import Hold, Payment
from payments.selectors import hold_shown


class PaymentOutput(OutputSerializer):
    id = serializers.UUIDField()
    job_id = serializers.UUIDField()
    purpose = serializers.ChoiceField(choices=PaymentPurpose.choices)
    provider = serializers.ChoiceField(choices=Provider.choices)
    status = serializers.ChoiceField(choices=PaymentStatus.choices)
    amount = MoneyField(allow_null=True)
    platform_fee = MoneyField(allow_null=True)
    technician_earnings = MoneyField(allow_null=True)
    fee_rate = serializers.DecimalField(max_digits=5, decimal_places=4, allow_null=True)
    fee_source = serializers.CharField(allow_null=True, help_text="The name of the rate.")
    created_at = serializers.DateTimeField()
    captured_at = serializers.DateTimeField(allow_null=True)
    voided_at = serializers.DateTimeField(allow_null=True)
    payout_frozen_at = serializers.DateTimeField(allow_null=True, help_text="While a dispute holds the payout back.")
    refunded = MoneyField(help_text="Given back, or about to be.")
    fee_owed = serializers.SerializerMethodField(
        help_text="A cancellation fee in cash that was neither paid yet nor waived."
    )

    @extend_schema_field(MoneyField(allow_null=True))
    def get_fee_owed(self, payment: Payment) -> dict[str, str] | None:
        minor = payment.fee_owed_minor  # type: ignore[attr-defined]
        return None if minor is None else MoneyField().to_representation(Money(minor, payment.currency))

    def to_representation(self, instance: Any) -> Any:
        return {**super().to_representation(instance), "fee_source": instance.fee_source or None}


class HoldOutput(OutputSerializer):
    """What is held of the price on the customer's card, or was tried to be."""

    status = serializers.ChoiceField(choices=HoldStatus.choices)
    amount = MoneyField()
    client_secret = serializers.SerializerMethodField(
        help_text="With it the customer's app has him confirm, while the status is ACTION_NEEDED."
    )
    failure = serializers.SerializerMethodField(help_text="The provider's code, if the card was refused.")

    @extend_schema_field(serializers.CharField(allow_null=True))
    def get_client_secret(self, hold: Hold) -> str | None:
        return (hold.client_secret or None) if self._is_his(hold) else None

    def get_failure(self, hold: Hold) -> str:
        return hold.failure_told if self._is_his(hold) else hold.failure

    def _is_his(self, hold: Hold) -> bool:
        is_his: bool = hold.payment.customer_id == self.context["request"].user.pk
        return is_his


class PaymentDetailOutput(PaymentOutput):
    hold = serializers.SerializerMethodField(help_text="The last try to hold the price; for its customer and staff.")
    publishable_key = serializers.SerializerMethodField(help_text="The provider's key for the customer's app.")

    @extend_schema_field(HoldOutput(allow_null=True))
    def get_hold(self, payment: Payment) -> dict[str, Any] | None:
        viewer: User = self.context["request"].user
        hold = hold_shown(payment, viewer)
        return HoldOutput(hold, context=self.context).data if hold else None

    @extend_schema_field(serializers.CharField(allow_null=True))
    def get_publishable_key(self, payment: Payment) -> str | None:
        return None if payment.is_offline else settings.STRIPE_PUBLISHABLE_KEY or None


class AuthorizeInput(InputSerializer):
    payment_method = serializers.CharField(
        max_length=255,
        required=False,
        help_text="The provider's id of the card, from its app library; kept and used from now on.",
    )


class EarningsPeriod(serializers.Serializer[Any]):
    since = serializers.DateTimeField(required=False)
    until = serializers.DateTimeField(required=False, help_text="Not included.")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if "since" in attrs and "until" in attrs and attrs["until"] <= attrs["since"]:
            raise serializers.ValidationError({"until": ["This must be later than since."]})
        return attrs


class BalancesOutput(OutputSerializer):
    held = MoneyField(help_text="Earned, not free yet.")
    payable = MoneyField(help_text="Free, in the next payout.")
    in_payout = MoneyField(help_text="In payouts that have not arrived.")
    owed = MoneyField(
        help_text="Commission of cash jobs and the like, taken off the next release. Below zero: a credit."
    )


class EarningsOutput(OutputSerializer):
    earned = MoneyField()
    platform_fees = MoneyField()
    jobs = serializers.IntegerField()
    frozen = MoneyField(help_text="The part of `earned` that a dispute holds back.")
    given_back = MoneyField(help_text="My part of what was refunded.")
    paid_out = MoneyField()
    balances = BalancesOutput(help_text="Now, whatever the period.")


class _Statement(serializers.Serializer[Any]):
    format = serializers.ChoiceField(choices=[("csv", "CSV"), ("pdf", "PDF")], default="csv")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if "since" in attrs and "until" in attrs and attrs["until"] <= attrs["since"]:
            raise serializers.ValidationError({"to": ["This must be later than from."]})
        return attrs


StatementPeriod = type(  # `from` is no name of an attribute
    "StatementPeriod",
    (_Statement,),
    {
        "from": serializers.DateTimeField(source="since", required=False),
        "to": serializers.DateTimeField(source="until", required=False, help_text="Not included."),
    },
)


# Refunds


class RefundInput(InputSerializer):
    amount = MoneyField()
    reason = serializers.CharField(max_length=1000)
    dispute_id = serializers.UUIDField(required=False, help_text="The dispute about this job that led to it.")


class RefundOutput(OutputSerializer):
    id = serializers.UUIDField()
    payment_id = serializers.UUIDField()
    job_id = serializers.UUIDField(source="payment.job_id")
    dispute_id = serializers.UUIDField(allow_null=True)
    status = serializers.ChoiceField(choices=RefundStatus.choices)
    amount = MoneyField()
    platform_fee = MoneyField(help_text="The platform's part of it.")
    technician_earnings = MoneyField(help_text="The technician's part of it.")
    reason = serializers.CharField()
    needs_second_person = serializers.BooleanField()
    requested_by = serializers.UUIDField(source="requested_by_id")
    decided_by = serializers.UUIDField(source="decided_by_id", allow_null=True)
    failure = serializers.CharField()
    created_at = serializers.DateTimeField()
    decided_at = serializers.DateTimeField(allow_null=True)
    sent_at = serializers.DateTimeField(allow_null=True)
    closed_at = serializers.DateTimeField(allow_null=True)


# Payouts


class PayoutOutput(OutputSerializer):
    id = serializers.UUIDField()
    status = serializers.ChoiceField(choices=PayoutStatus.choices)
    amount = MoneyField()
    failure = serializers.CharField()
    ordered_at = serializers.DateTimeField()
    sent_at = serializers.DateTimeField(allow_null=True)
    closed_at = serializers.DateTimeField(allow_null=True)


class PayoutItemOutput(OutputSerializer):
    payment_id = serializers.UUIDField()
    job_id = serializers.UUIDField(source="payment.job_id")
    amount = MoneyField()
    returned_at = serializers.DateTimeField(allow_null=True, help_text="When it was held back, or the payout failed.")


class PayoutDetailOutput(PayoutOutput):
    items = PayoutItemOutput(many=True, source="item_rows")


class PayoutAccountOutput(OutputSerializer):
    provider = serializers.ChoiceField(choices=Provider.choices)
    status = serializers.ChoiceField(
        choices=PayoutAccountStatus.choices, help_text="READY: payouts are sent to it by themselves."
    )
    is_waiting = serializers.BooleanField(help_text="While the provider is being asked: look again in a moment.")
    link = serializers.URLField(
        allow_null=True, help_text="Where you tell the provider who you are. It opens once; POST fetches another."
    )
    link_expires_at = serializers.DateTimeField(allow_null=True)
    ready_at = serializers.DateTimeField(allow_null=True)


class StaffPayoutOutput(PayoutOutput):
    technician_id = serializers.UUIDField()
    provider = serializers.ChoiceField(choices=Provider.choices)
    reversed = MoneyField(help_text="Taken back by the provider after it had arrived.")


class StaffPayoutDetailOutput(StaffPayoutOutput):
    items = PayoutItemOutput(many=True, source="item_rows")


# Chargebacks


class ChargebackOutput(OutputSerializer):
    id = serializers.UUIDField()
    payment_id = serializers.UUIDField()
    job_id = serializers.UUIDField(source="payment.job_id")
    provider = serializers.ChoiceField(choices=Provider.choices)
    ref = serializers.CharField(help_text="The provider's id of it.")
    status = serializers.ChoiceField(choices=ChargebackStatus.choices)
    amount = MoneyField(help_text="What the customer's bank took back.")
    fee = MoneyField(help_text="What the provider charges for it.")
    reason = serializers.CharField(help_text="The provider's code.")
    evidence_due_at = serializers.DateTimeField(
        allow_null=True, help_text="Until when evidence can be handed in with the provider."
    )
    opened_at = serializers.DateTimeField(help_text="When we heard of it.")
    closed_at = serializers.DateTimeField(allow_null=True)
