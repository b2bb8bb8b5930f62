from typing import Any

from rest_framework import serializers

from fixmate.core.api.serializers import MoneyField, OutputSerializer
from payments.enums import PaymentPurpose, PaymentStatus, Provider


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

    def to_representation(self, instance: Any) -> Any:
        return {**super().to_representation(instance), "fee_source": instance.fee_source or None}


class EarningsPeriod(serializers.Serializer[Any]):
    since = serializers.DateTimeField(required=False)
    until = serializers.DateTimeField(required=False, help_text="Not included.")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if "since" in attrs and "until" in attrs and attrs["until"] <= attrs["since"]:
            raise serializers.ValidationError({"until": ["This must be later than since."]})
        return attrs


class EarningsOutput(OutputSerializer):
    earned = MoneyField()
    platform_fees = MoneyField()
    jobs = serializers.IntegerField()
    frozen = MoneyField(help_text="The part of `earned` that a dispute holds back.")
