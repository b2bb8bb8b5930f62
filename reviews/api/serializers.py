from rest_framework import serializers

from fixmate.core.api.serializers import InputSerializer, OutputSerializer


class ReviewInput(InputSerializer):
    rating = serializers.IntegerField(min_value=1, max_value=5)
    comment = serializers.CharField(max_length=2000, allow_blank=True, default="")


class ReviewerOutput(OutputSerializer):
    first_name = serializers.CharField()


class ReviewOutput(OutputSerializer):
    id = serializers.UUIDField()
    job_id = serializers.UUIDField()
    technician_id = serializers.UUIDField()
    rating = serializers.IntegerField(min_value=1, max_value=5)
    comment = serializers.CharField()
    reviewer = ReviewerOutput(source="customer")
    created_at = serializers.DateTimeField()
