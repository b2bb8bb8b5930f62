from typing import Any

from rest_framework import serializers

from accounts.enums import Role
from disputes.enums import (
    OF_A_SIDE,
    DeadlineKind,
    DisputeCategory,
    DisputeEventKind,
    DisputeOutcome,
    DisputeSide,
    DisputeStatus,
)
from fixmate.core.api.serializers import InputSerializer, OutputSerializer, UploadIdsField

_TEXT_LENGTH = 4000
_FILES = 10


def _uploads(**kwargs: Any) -> UploadIdsField:
    return UploadIdsField(
        max_length=_FILES,
        source="evidence_ids",
        help_text="Ids of one's own unused uploads of the purpose EVIDENCE.",
        **kwargs,
    )


class DisputeOpenInput(InputSerializer):
    job_id = serializers.UUIDField()
    category = serializers.ChoiceField(choices=OF_A_SIDE)
    description = serializers.CharField(max_length=_TEXT_LENGTH)
    evidence = _uploads(required=False)


class DisputeMessageInput(InputSerializer):
    text = serializers.CharField(max_length=_TEXT_LENGTH)
    awaits = serializers.ChoiceField(
        choices=DisputeSide.choices, required=False, help_text="For staff: the side that is to answer this."
    )


class DisputeEvidenceInput(InputSerializer):
    evidence = _uploads(min_length=1)
    note = serializers.CharField(max_length=_TEXT_LENGTH, help_text="What the files show.")


class DisputeDismissInput(InputSerializer):
    note = serializers.CharField(max_length=_TEXT_LENGTH)


class DisputeResolveInput(DisputeDismissInput):
    outcome = serializers.ChoiceField(choices=DisputeOutcome.choices)


class DisputePersonOutput(OutputSerializer):
    role = serializers.ChoiceField(choices=Role.choices)
    first_name = serializers.CharField()


class DisputeEvidenceOutput(OutputSerializer):
    id = serializers.UUIDField()
    content_type = serializers.CharField()
    size_bytes = serializers.IntegerField()
    sha256 = serializers.CharField()
    is_kept = serializers.BooleanField(help_text="Whether the file itself is still there.")


class DisputeDeadlineOutput(OutputSerializer):
    kind = serializers.ChoiceField(choices=DeadlineKind.choices)
    side = serializers.ChoiceField(choices=DisputeSide.choices, allow_null=True, help_text="Whose answer.")
    due_at = serializers.DateTimeField()

    def to_representation(self, instance: Any) -> Any:
        return {**super().to_representation(instance), "side": instance.side or None}


class DisputeEventOutput(OutputSerializer):
    id = serializers.IntegerField()
    kind = serializers.ChoiceField(choices=DisputeEventKind.choices)
    by = DisputePersonOutput(source="actor", allow_null=True, help_text="Nobody, of what the customer's bank did.")
    at = serializers.DateTimeField()
    text = serializers.CharField()
    evidence = DisputeEvidenceOutput(many=True, source="evidence.all")


class DisputeOutput(OutputSerializer):
    id = serializers.UUIDField()
    job_id = serializers.UUIDField()
    technician_id = serializers.UUIDField()
    opened_by = DisputePersonOutput(
        allow_null=True, help_text="Nobody, where the customer's bank took the payment back."
    )
    status = serializers.ChoiceField(choices=DisputeStatus.choices)
    category = serializers.ChoiceField(choices=DisputeCategory.choices)
    description = serializers.CharField()
    outcome = serializers.ChoiceField(choices=DisputeOutcome.choices, allow_null=True)
    closing_note = serializers.CharField()
    reviewer = DisputePersonOutput(allow_null=True, help_text="Who of staff took it up.")
    due_at = serializers.DateTimeField(
        source="next_due_at",
        allow_null=True,
        help_text="When the first open deadline runs out; null once it is closed.",
    )
    created_at = serializers.DateTimeField()
    closed_at = serializers.DateTimeField(allow_null=True)

    def to_representation(self, instance: Any) -> Any:
        return {**super().to_representation(instance), "outcome": instance.outcome or None}


class DisputeDetailOutput(DisputeOutput):
    thread = DisputeEventOutput(many=True)
    deadlines = DisputeDeadlineOutput(many=True, source="owed", help_text="What is still owed, and until when.")


class CaseChapterOutput(OutputSerializer):
    name = serializers.CharField()
    title = serializers.CharField()
    columns = serializers.ListField(child=serializers.CharField())
    rows = serializers.ListField(
        child=serializers.DictField(child=serializers.JSONField()),
        source="as_dicts",
        help_text="Each with a value for every column.",
    )


class CaseFileOutput(OutputSerializer):
    dispute_id = serializers.UUIDField()
    job_id = serializers.UUIDField()
    made_at = serializers.DateTimeField()
    chapters = CaseChapterOutput(many=True)
