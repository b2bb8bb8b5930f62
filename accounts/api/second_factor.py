"""The second factor of staff: adding one, showing it again, removing it."""

from django.conf import settings
from drf_spectacular.utils import OpenApiExample, OpenApiResponse, extend_schema
from rest_framework import status
from rest_framework.response import Response

from accounts import services
from accounts.api.me import CountedView, session_id_in
from accounts.api.requests import AuthedRequest
from accounts.api.serializers import (
    EnrolledOutput,
    EnrolmentInput,
    EnrolmentOutput,
    OtpInput,
    SecondFactorOutput,
    TokenOutput,
)
from accounts.api.tokens import AccessToken, pair_of
from accounts.api.views import token_answer
from accounts.enums import Role
from accounts.errors import (
    EnrolmentNotBegun,
    ReauthenticationRequired,
    SecondFactorAbsent,
    SecondFactorPresent,
    SecondFactorRefused,
)
from accounts.selectors import recovery_code_count
from fixmate.core.api.permissions import HasRole
from fixmate.core.api.schema import ErrorEnvelope

_NOT_RIGHT = OpenApiResponse(ErrorEnvelope, description="Not staff; or the code or the password is not right.")
_CODE = OpenApiExample("A code", value={"otp": "123456"}, request_only=True)


class StaffSelfView(CountedView):
    """What staff do about their own second factor, before they have shown one."""

    permission_classes = (HasRole(Role.ADMIN),)
    refusals = {
        "post": (
            ReauthenticationRequired,
            SecondFactorPresent,
            SecondFactorAbsent,
            SecondFactorRefused,
            EnrolmentNotBegun,
        )
    }
    is_before_second_factor = True
    limits = {"post": "second_factor"}


@extend_schema(tags=["auth"])
class SecondFactorView(StaffSelfView):
    has_etag = False

    @extend_schema(
        operation_id="auth_second_factor", summary="Whether I have a second factor", responses=SecondFactorOutput
    )
    def get(self, request: AuthedRequest) -> Response:
        user = request.user
        session = request.auth.session if isinstance(request.auth, AccessToken) else None
        state = {
            "is_required": settings.STAFF_REST_2FA,
            "is_enrolled": user.has_second_factor,
            "added_at": user.authenticator.created_at if user.authenticator else None,
            "recovery_codes_left": recovery_code_count(user),
            "shown_at": session.second_factor_at if session else None,
        }
        return Response(SecondFactorOutput(state).data)

    @extend_schema(
        operation_id="auth_second_factor_begin",
        summary="Begin to add a second factor",
        description="Staff alone. Gives the key for an authenticator app, this once; nothing is asked for before a "
        "code of it comes back. What was begun before is void; this is after 30 minutes.",
        request=EnrolmentInput,
        responses={201: EnrolmentOutput, 403: _NOT_RIGHT},
        examples=[
            OpenApiExample("By password", value={"current_password": "correct horse battery"}, request_only=True)
        ],
    )
    def post(self, request: AuthedRequest) -> Response:
        data = EnrolmentInput.parse(request.data)
        begun = services.second_factor_begin(user_id=request.user.pk, **data)
        return Response(EnrolmentOutput(begun).data, status.HTTP_201_CREATED, headers={"Cache-Control": "no-store"})


@extend_schema(tags=["auth"])
class ConfirmView(StaffSelfView):
    @extend_schema(
        operation_id="auth_second_factor_confirm",
        summary="Add the second factor with a code of it",
        description="Gives the recovery codes, this once, and new tokens: this session goes on with them alone, the "
        "others end. The owner is told.",
        request=OtpInput,
        responses={200: EnrolledOutput, 403: _NOT_RIGHT},
        examples=[_CODE],
    )
    def post(self, request: AuthedRequest) -> Response:
        data = OtpInput.parse(request.data)
        enrolled = services.second_factor_confirm_in_session(
            user_id=request.user.pk, session_id=session_id_in(request), **data
        )
        answer = token_answer(pair_of(enrolled.session))
        answer.data["recovery_codes"] = enrolled.recovery_codes
        return answer


@extend_schema(tags=["auth"])
class RemoveView(StaffSelfView):
    @extend_schema(
        operation_id="auth_second_factor_remove",
        summary="Remove my second factor with a last code of it",
        description="This session goes on as one that has shown none, the others end. The owner is told.",
        request=OtpInput,
        responses={204: None, 403: _NOT_RIGHT},
        examples=[_CODE],
    )
    def post(self, request: AuthedRequest) -> Response:
        data = OtpInput.parse(request.data)
        services.second_factor_remove(user_id=request.user.pk, session_id=session_id_in(request), **data)
        return Response(status=status.HTTP_204_NO_CONTENT)


@extend_schema(tags=["auth"])
class StepUpView(StaffSelfView):
    @extend_schema(
        operation_id="auth_step_up",
        summary="Show my second factor again",
        description="Dangerous acts want one that was shown just now. Gives new tokens; those before are void at once.",
        request=OtpInput,
        responses={200: TokenOutput, 403: _NOT_RIGHT},
        examples=[_CODE],
    )
    def post(self, request: AuthedRequest) -> Response:
        data = OtpInput.parse(request.data)
        session = services.session_step_up(user_id=request.user.pk, session_id=session_id_in(request), **data)
        return token_answer(pair_of(session))
