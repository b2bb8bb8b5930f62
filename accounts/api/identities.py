"""The providers' sign-ins that open one's own account."""

from uuid import UUID

from django.db.models import QuerySet
from drf_spectacular.utils import OpenApiResponse, extend_schema, extend_schema_view
from rest_framework import mixins, serializers, status
from rest_framework.response import Response

from accounts.api.me import FRESH, STALE, require_fresh
from accounts.api.requests import AuthedRequest
from accounts.enums import SocialProvider
from accounts.errors import LastWayIn, ReauthenticationRequired
from accounts.models import SocialIdentity
from accounts.selectors import identity_list_of
from accounts.services import identity_remove
from fixmate.core.api.schema import ErrorEnvelope
from fixmate.core.api.serializers import OutputSerializer
from fixmate.core.api.viewsets import GenericViewSet

_LAST = OpenApiResponse(ErrorEnvelope, description="No password, no proven number, no other sign-in opens the account.")


class IdentityOutput(OutputSerializer):
    id = serializers.UUIDField()
    provider = serializers.ChoiceField(choices=SocialProvider.choices)
    created_at = serializers.DateTimeField(help_text="When it was first used here.")


@extend_schema(tags=["auth"])
@extend_schema_view(list=extend_schema(operation_id="auth_identities_list", summary="Which sign-ins open my account"))
class IdentityViewSet(mixins.ListModelMixin, GenericViewSet[SocialIdentity]):
    refusals = {"destroy": (LastWayIn, ReauthenticationRequired)}
    queryset = SocialIdentity.objects.none()
    serializer_class = IdentityOutput
    lookup_value_converter = "uuid"
    ordering = ("-created_at",)
    ordering_fields = {"created_at": "created_at"}
    request: AuthedRequest

    def get_queryset(self) -> QuerySet[SocialIdentity]:
        return identity_list_of(self.request.user)

    @extend_schema(
        operation_id="auth_identities_remove",
        summary="Remove a sign-in",
        description="The sessions it began end, this one too if it is among them; the owner is told. Whoever signs in "
        "there with the account's proven address adds it again. " + FRESH,
        responses={204: None, 403: STALE, 409: _LAST},
    )
    def destroy(self, request: AuthedRequest, pk: UUID) -> Response:
        require_fresh(request)
        identity_remove(user_id=request.user.pk, identity_id=pk)
        return Response(status=status.HTTP_204_NO_CONTENT)
