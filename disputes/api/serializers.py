from typing import Any

from rest_framework import serializers

from accounts.enums import Role
from disputes.enums import DisputeCategory, DisputeEventKind, DisputeOutcome, DisputeStatus
from fixmate.core.api.serializers import InputSerializer, OutputSerializer

_TEXT_LENGTH = 4000


class DisputeOpenInput(InputSerializer):
    job_id = serializers.UUIDField()
    category = serializers.ChoiceField(choices=DisputeCategory.choices)
    description = serializers.CharField(max_length=_TEXT_LENGTH)


class DisputeMessageInput(InputSerializer):
    text = serializers.CharField(max_length=_TEXT_LENGTH)


class DisputeDismissInput(InputSerializer):
    note = serializers.CharField(max_length=_TEXT_LENGTH)


class DisputeResolveInput(DisputeDismissInput):
    outcome = serializers.ChoiceField(choices=DisputeOutcome.choices)


class DisputePersonOutput(OutputSerializer):
    role = serializers.ChoiceField(choices=Role.choices)
    first_name = serializers.CharField()


class DisputeEventOutput(OutputSerializer):
    id = serializers.IntegerField()
    kind = serializers.ChoiceField(choices=DisputeEventKind.choices)
    by = DisputePersonOutput(source="actor")
    at = serializers.DateTimeField()
    text = serializers.CharField()


class DisputeOutput(OutputSerializer):
    id = serializers.UUIDField()
    job_id = serializers.UUIDField()
    technician_id = serializers.UUIDField()
    opened_by = DisputePersonOutput()
    status = serializers.ChoiceField(choices=DisputeStatus.choices)
    category = serializers.ChoiceField(choices=DisputeCategory.choices)
    description = serializers.CharField()
    outcome = serializers.ChoiceField(choices=DisputeOutcome.choices, allow_null=True)
    closing_note = serializers.CharField()
    created_at = serializers.DateTimeField()
    closed_at = serializers.DateTimeField(allow_null=True)

    def to_representation(self, instance: Any) -> Any:
        return {**super().to_representation(instance), "outcome": instance.outcome or None}


class DisputeDetailOutput(DisputeOutput):
    thread = DisputeEventOutput(many=True)
