"""What an account reads and does about itself: profile, picture, addresses, password, sessions, data, farewell."""

from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.http import StreamingHttpResponse
from drf_spectacular.utils import OpenApiExample, OpenApiResponse, extend_schema, extend_schema_view
from rest_framework import mixins, status
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework_simplejwt.tokens import Token

from accounts import services
from accounts.api.export import EXPORT_EXAMPLE, EXPORT_SCHEMA
from accounts.api.requests import AuthedRequest
from accounts.api.serializers import (
    AddressChangeInput,
    AvatarInput,
    CodeInput,
    PasswordChangeInput,
    ProfileInput,
    ReauthenticatedInput,
    SessionOutput,
    UserOutput,
)
from accounts.api.tokens import session_id_of
from accounts.errors import AccountInUse, AccountTaken, CodeInvalid, ReauthenticationRequired, TokenInvalid
from accounts.models import Session
from accounts.selectors import session_list_open_of
from fixmate.core.api.limits import LimitsMixin
from fixmate.core.api.parsers import BoundedMultiPartParser
from fixmate.core.api.permissions import IsLoggedIn, IsVerified
from fixmate.core.api.schema import ErrorEnvelope
from fixmate.core.api.viewsets import APIView, GenericViewSet

_NOT_HE = OpenApiResponse(ErrorEnvelope, description="Neither the current password nor a login code is right.")
_IN_USE = OpenApiResponse(ErrorEnvelope, description="A job is live, a payment is open, or a dispute is going on.")
_TAKEN = OpenApiResponse(ErrorEnvelope, description="Another account has proven this address.")
STALE = OpenApiResponse(ErrorEnvelope, description="REAUTHENTICATION_REQUIRED: the login is too long ago.")
FRESH = "Asks for a login or a `POST /auth/reauthenticate` within the last 10 minutes."
_PASSWORD = "correct horse battery"  # noqa: S105 - an example


def session_id_in(request: Request) -> UUID | None:
    """Return the session the request's token belongs to."""
    return session_id_of(request.auth) if isinstance(request.auth, Token) else None


def require_fresh(request: Request) -> None:
    """:raises ReauthenticationRequired: if whoever asks has not shown just now who he is"""
    services.session_require_fresh(session_id=session_id_in(request))


class MeView(APIView):
    refusals = {"delete": (AccountInUse, ReauthenticationRequired)}

    def get_permissions(self) -> list[BasePermission]:
        return [IsLoggedIn()] if self.request.method == "GET" else [IsVerified()]

    @extend_schema(operation_id="auth_me", summary="Who I am", tags=["auth"], responses=UserOutput)
    def get(self, request: AuthedRequest) -> Response:
        return Response(UserOutput(request.user).data)

    @extend_schema(
        operation_id="auth_me_update",
        summary="Change my name",
        tags=["auth"],
        request=ProfileInput,
        responses=UserOutput,
        examples=[OpenApiExample("A name", value={"first_name": "Grace"}, request_only=True)],
    )
    def patch(self, request: AuthedRequest) -> Response:
        data = ProfileInput.parse(request.data)
        user = services.user_profile_update(user_id=request.user.pk, **data)
        return Response(UserOutput(user).data)

    @extend_schema(
        operation_id="auth_me_delete",
        summary="Delete my account",
        description="Name, addresses, picture, password and sessions are gone for good; jobs and payments stay on the "
        "books of a deleted user. Not while a job is live or money is owed. " + FRESH,
        tags=["auth"],
        responses={204: None, 403: STALE, 409: _IN_USE},
    )
    def delete(self, request: AuthedRequest) -> Response:
        require_fresh(request)
        services.user_erase(user_id=request.user.pk)
        return Response(status=status.HTTP_204_NO_CONTENT)


class AvatarView(LimitsMixin, APIView):
    limits = {"put": "uploads"}

    def get_parsers(self) -> list[Any]:
        is_upload = self.request is not None and self.request.method == "PUT"
        return [BoundedMultiPartParser()] if is_upload else super().get_parsers()

    @extend_schema(
        operation_id="auth_me_avatar_set",
        summary="Set my picture",
        description="It is decoded and encoded anew, which drops whatever else the file says.",
        tags=["auth"],
        request={"multipart/form-data": AvatarInput},
        responses=UserOutput,
    )
    def put(self, request: AuthedRequest) -> Response:
        data = AvatarInput.parse(request.data)
        return Response(UserOutput(services.avatar_set(user_id=request.user.pk, **data)).data)

    @extend_schema(
        operation_id="auth_me_avatar_remove", summary="Remove my picture", tags=["auth"], responses={200: UserOutput}
    )
    def delete(self, request: AuthedRequest) -> Response:
        return Response(UserOutput(services.avatar_remove(user_id=request.user.pk)).data)


class ExportView(LimitsMixin, APIView):
    limits = {"get": "export"}
    refusals = {"get": (ReauthenticationRequired,)}
    has_etag = False

    @extend_schema(
        operation_id="auth_me_export",
        summary="All data held about me",
        description="One JSON document, sent while it is read: what I gave, what I did, and what was decided about me "
        "by programs, with the reasons. Amounts are in minor units of their currency. " + FRESH,
        tags=["auth"],
        responses={(200, "application/json"): EXPORT_SCHEMA, 403: STALE},
        examples=[EXPORT_EXAMPLE],
    )
    def get(self, request: AuthedRequest) -> StreamingHttpResponse:
        headers = {
            "Content-Disposition": 'attachment; filename="fixmate-data.json"',
            "Cache-Control": "private, no-store",
        }
        require_fresh(request)
        document = services.export_stream(request.user)
        return StreamingHttpResponse(document, content_type="application/json", headers=headers)


class CountedView(LimitsMixin, APIView):
    """Counts what it refuses: the try is committed, so no `Idempotency-Key` may take it back with the answer."""

    is_idempotent = False


class ReauthenticateView(CountedView):
    limits = {"post": "password"}
    refusals = {"post": (ReauthenticationRequired,)}

    @extend_schema(
        operation_id="auth_reauthenticate",
        summary="Show again who I am",
        description="By the current password or a login code. For 10 minutes this session may then do what asks for "
        "it: delete the account, export its data. A login counts as well.",
        tags=["auth"],
        request=ReauthenticatedInput,
        responses={204: None, 403: _NOT_HE},
        examples=[OpenApiExample("By password", value={"current_password": _PASSWORD}, request_only=True)],
    )
    def post(self, request: AuthedRequest) -> Response:
        data = ReauthenticatedInput.parse(request.data)
        session_id = session_id_in(request)
        if session_id is None:
            raise TokenInvalid
        services.session_reauthenticate(user_id=request.user.pk, session_id=session_id, **data)
        return Response(status=status.HTTP_204_NO_CONTENT)


class PasswordChangeView(CountedView):
    limits = {"post": "password"}
    refusals = {"post": (ReauthenticationRequired,)}

    @extend_schema(
        operation_id="auth_change_password",
        summary="Change my password",
        description="An account without a password sets its first one with a login code. This session goes on, the "
        "others end, and the owner is told.",
        tags=["auth"],
        request=PasswordChangeInput,
        responses={204: None, 403: _NOT_HE},
        examples=[
            OpenApiExample(
                "Another password",
                value={"current_password": _PASSWORD, "new_password": "staple of another kind"},
                request_only=True,
            )
        ],
    )
    def post(self, request: AuthedRequest) -> Response:
        data = PasswordChangeInput.parse(request.data)
        services.password_change(user_id=request.user.pk, session_id=session_id_in(request), **data)
        return Response(status=status.HTTP_204_NO_CONTENT)


class AddressChangeView(CountedView):
    limits = {"post": "password"}
    refusals = {"post": (ReauthenticationRequired,)}

    @extend_schema(
        operation_id="auth_change_address",
        summary="Ask for another e-mail address or phone number",
        description="A code goes to the new address; nothing changes before it comes back. Answers the same whether "
        "or not the address is taken.",
        tags=["auth"],
        request=AddressChangeInput,
        responses={202: None, 403: _NOT_HE},
        examples=[
            OpenApiExample(
                "A phone number", value={"phone": "+12025550143", "current_password": _PASSWORD}, request_only=True
            )
        ],
    )
    def post(self, request: AuthedRequest) -> Response:
        data = AddressChangeInput.parse(request.data)
        services.address_change(user_id=request.user.pk, **data)
        return Response(status=status.HTTP_202_ACCEPTED)


class AddressConfirmView(CountedView):
    limits = {"post": "codes"}
    refusals = {"post": (CodeInvalid, AccountTaken)}

    @extend_schema(
        operation_id="auth_confirm_address",
        summary="Take the new address with the code sent there",
        description="The address before is told.",
        tags=["auth"],
        request=CodeInput,
        responses={200: UserOutput, 409: _TAKEN},
        examples=[OpenApiExample("A code", value={"phone": "+12025550143", "code": "123456"}, request_only=True)],
    )
    def post(self, request: AuthedRequest) -> Response:
        data = CodeInput.parse(request.data)
        return Response(UserOutput(services.address_confirm(user_id=request.user.pk, **data)).data)


class PhoneRemoveView(CountedView):
    limits = {"post": "password"}
    refusals = {"post": (ReauthenticationRequired,)}

    @extend_schema(
        operation_id="auth_remove_phone",
        summary="Remove my phone number",
        description="Only beside an e-mail address. The number is told, if it was proven.",
        tags=["auth"],
        request=ReauthenticatedInput,
        responses={204: None, 403: _NOT_HE},
        examples=[OpenApiExample("By password", value={"current_password": _PASSWORD}, request_only=True)],
    )
    def post(self, request: AuthedRequest) -> Response:
        data = ReauthenticatedInput.parse(request.data)
        services.phone_remove(user_id=request.user.pk, **data)
        return Response(status=status.HTTP_204_NO_CONTENT)


@extend_schema(tags=["auth"])
@extend_schema_view(list=extend_schema(operation_id="auth_sessions_list", summary="Where I am logged in"))
class SessionViewSet(mixins.ListModelMixin, GenericViewSet[Session]):
    queryset = Session.objects.none()
    serializer_class = SessionOutput
    lookup_value_converter = "uuid"
    ordering = ("-created_at",)
    ordering_fields = {"created_at": "created_at", "refreshed_at": "refreshed_at"}
    request: AuthedRequest

    def get_queryset(self) -> QuerySet[Session]:
        return session_list_open_of(self.request.user)

    def get_serializer_context(self) -> dict[str, Any]:
        return {**super().get_serializer_context(), "session_id": session_id_in(self.request)}

    @extend_schema(
        operation_id="auth_sessions_end",
        summary="Log out somewhere else",
        description="Both its tokens are void at once. Ending it twice is no error.",
        responses={204: None},
    )
    def destroy(self, request: AuthedRequest, pk: UUID) -> Response:
        services.session_revoke(user=request.user, session_id=pk)
        return Response(status=status.HTTP_204_NO_CONTENT)
