"""One account, whole. It stands at the top because what hangs on an account belongs to apps above accounts."""

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.response import Response

from accounts.api.requests import AuthedRequest
from accounts.api.serializers import StaffUserOutput
from accounts.api.viewsets import StaffViewSet
from accounts.models import User
from accounts.selectors import user_list
from fixmate.core.api.serializers import OutputSerializer
from fixmate.ops.api.audit import AuditEntryOutput
from fixmate.ops.api.stats import JobsByStatus
from fixmate.ops.people import ENTRIES_SHOWN, dossier_of
from technicians.enums import Verification


class _TechnicianBrief(OutputSerializer):
    id = serializers.UUIDField()
    verification = serializers.ChoiceField(Verification.choices)
    is_online = serializers.BooleanField()
    rating = serializers.FloatField(allow_null=True)
    jobs_completed = serializers.IntegerField()


class DossierOutput(OutputSerializer):
    open_sessions = serializers.IntegerField()
    last_seen_at = serializers.DateTimeField(allow_null=True, help_text="When a session was last opened or refreshed.")
    jobs = JobsByStatus()
    open_disputes = serializers.IntegerField()
    technician = _TechnicianBrief(allow_null=True)
    audit_entries = AuditEntryOutput(
        many=True, help_text=f"What staff did to the account, the newest first, {ENTRIES_SHOWN} at most."
    )


class StaffUserDetailOutput(StaffUserOutput):
    """An account and what hangs on it."""

    dossier = DossierOutput()


class StaffUserDetailViewSet(StaffViewSet[User]):
    filter_backends = []

    def get_queryset(self) -> QuerySet[User]:
        return user_list()

    @extend_schema(
        operation_id="admin_users_get",
        summary="Read an account with its sessions, jobs and history",
        tags=["staff"],
        responses=StaffUserDetailOutput,
    )
    def retrieve(self, request: AuthedRequest, pk: str) -> Response:
        user = self.get_object()
        return Response({**StaffUserOutput(user).data, "dossier": DossierOutput(dossier_of(user)).data})
