from datetime import datetime
from functools import cached_property
from typing import Any

from drf_spectacular.utils import extend_schema_field, inline_serializer
from rest_framework import serializers

from catalog.api.serializers import ServiceBrief
from fixmate.core import clock
from fixmate.core.api.serializers import InputSerializer, MoneyField, OutputSerializer
from jobs.api.serializers import AREA_DECIMALS
from matching.enums import ChosenBy, OfferSource, OfferStatus, PassOutcome, RejectReason
from matching.models import CandidateDecision, Offer
from matching.words import chosen_of, step_of, terms_of

_AREA = inline_serializer("OfferArea", {"latitude": serializers.FloatField(), "longitude": serializers.FloatField()})
_WHY = inline_serializer(
    "OfferTerm",
    {"term": serializers.CharField(), "text": serializers.CharField(), "points": serializers.IntegerField()},
    many=True,
)


class ChosenOutput(OutputSerializer):
    by = serializers.ChoiceField(choices=ChosenBy.choices)
    text = serializers.CharField()
    rank = serializers.IntegerField(allow_null=True, help_text="his place among those who could take the job")
    of = serializers.IntegerField(allow_null=True, help_text="how many of those looked at could take the job")
    score = serializers.IntegerField(allow_null=True, help_text="what the points in `why` add up to")


class OfferRejectInput(InputSerializer):
    reason = serializers.ChoiceField(choices=RejectReason.choices)
    note = serializers.CharField(max_length=1000, required=False, allow_blank=True, default="")


class OfferOutput(OutputSerializer):
    """An offer before it is taken: the area and the distance, not the address; what it pays; why him."""

    id = serializers.UUIDField()
    job_id = serializers.UUIDField()
    status = serializers.ChoiceField(choices=OfferStatus.choices)
    service = ServiceBrief(source="job.service")
    description = serializers.CharField(source="job.description")
    area = serializers.SerializerMethodField()
    distance_m = serializers.SerializerMethodField()
    eta_min = serializers.SerializerMethodField()
    scheduled_for = serializers.DateTimeField(source="job.scheduled_for", allow_null=True)
    duration_minutes = serializers.IntegerField(source="job.duration_minutes")
    pays = MoneyField(source="technician_earnings")
    price = MoneyField(source="amount")
    number = serializers.IntegerField()
    created_at = serializers.DateTimeField()
    expires_at = serializers.DateTimeField()
    server_now = serializers.SerializerMethodField()
    seen_at = serializers.DateTimeField(allow_null=True)
    closed_at = serializers.DateTimeField(allow_null=True)
    reject_reason = serializers.CharField()
    chosen = serializers.SerializerMethodField()
    why = serializers.SerializerMethodField()

    @cached_property
    def _server_now(self) -> datetime:
        return clock.now()

    @extend_schema_field(_AREA)
    def get_area(self, offer: Offer) -> dict[str, float]:
        job = offer.job
        return {"latitude": round(job.latitude, AREA_DECIMALS), "longitude": round(job.longitude, AREA_DECIMALS)}

    def get_distance_m(self, offer: Offer) -> int:
        return step_of(offer.distance_m)

    def get_eta_min(self, offer: Offer) -> int:
        return round(offer.eta_min)

    @extend_schema_field(serializers.DateTimeField())
    def get_server_now(self, offer: Offer) -> str:
        return str(serializers.DateTimeField().to_representation(self._server_now))

    @extend_schema_field(_WHY)
    def get_why(self, offer: Offer) -> list[dict[str, Any]]:
        return terms_of(self._decision(offer))

    @extend_schema_field(ChosenOutput)
    def get_chosen(self, offer: Offer) -> dict[str, Any]:
        return dict(ChosenOutput(chosen_of(offer, self._decision(offer))).data)

    def _decision(self, offer: Offer) -> CandidateDecision | None:
        decisions = offer.matching_pass.offered_decisions if offer.matching_pass else []  # type: ignore[attr-defined]
        return decisions[0] if decisions else None


# The record, for staff


class DecisionOutput(OutputSerializer):
    technician_id = serializers.UUIDField()
    passed = serializers.BooleanField()
    verdicts = serializers.JSONField()
    distance_m = serializers.IntegerField()
    eta_min = serializers.FloatField()
    terms = serializers.JSONField()
    score = serializers.FloatField(allow_null=True)
    rank = serializers.IntegerField(allow_null=True)
    propensity = serializers.FloatField(allow_null=True)
    was_offered = serializers.BooleanField()


class PassOfferOutput(OutputSerializer):
    id = serializers.UUIDField()
    technician_id = serializers.UUIDField()
    status = serializers.ChoiceField(choices=OfferStatus.choices)
    source = serializers.ChoiceField(choices=OfferSource.choices)  # type: ignore[assignment]
    created_at = serializers.DateTimeField()
    expires_at = serializers.DateTimeField()
    seen_at = serializers.DateTimeField(allow_null=True)
    closed_at = serializers.DateTimeField(allow_null=True)
    reject_reason = serializers.CharField()
    reject_note = serializers.CharField()


class ShadowOutput(OutputSerializer):
    policy = serializers.CharField(source="version.key")
    policy_version = serializers.CharField(source="version.version")
    order = serializers.JSONField()
    duration_ms = serializers.FloatField()
    failure = serializers.CharField()


class PassOutput(OutputSerializer):
    id = serializers.UUIDField()
    number = serializers.IntegerField()
    search_number = serializers.IntegerField()
    policy = serializers.CharField()
    policy_version = serializers.CharField()
    seed = serializers.CharField()
    is_exploration = serializers.BooleanField()
    is_guarded = serializers.BooleanField()
    fallback = serializers.CharField()
    radius_m = serializers.IntegerField()
    looked_at = serializers.IntegerField()
    passed = serializers.IntegerField()
    outcome = serializers.ChoiceField(choices=PassOutcome.choices)
    started_at = serializers.DateTimeField()
    duration_ms = serializers.IntegerField()
    recorded_in = serializers.IntegerField(
        allow_null=True, help_text="the pass whose candidates and verdicts these are: this one, or an equal one before"
    )
    candidates = DecisionOutput(many=True, source="decisions")
    offers = PassOfferOutput(many=True)
    shadows = ShadowOutput(many=True)
