from django.db.models import QuerySet
from django.http import QueryDict
from drf_spectacular.utils import OpenApiExample, OpenApiResponse, extend_schema
from rest_framework import mixins, status
from rest_framework.decorators import action
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import services
from accounts.api import schema  # noqa: F401 - drf-spectacular finds extensions by their import
from accounts.api.authentication import SessionJWTAuthentication
from accounts.api.filters import UserFilter
from accounts.api.parsers import BoundedFormParser
from accounts.api.requests import AuthedRequest
from accounts.api.serializers import (
    CodeInput,
    CodeRequestInput,
    LoginForm,
    LoginInput,
    LogoutInput,
    PasswordResetInput,
    RefreshInput,
    RegisterInput,
    RegistrationOutput,
    TokenOutput,
    UserOutput,
)
from accounts.api.tokens import TokenPair, pair_of, refresh_claims_of, session_id_of
from accounts.api.viewsets import StaffViewSet
from accounts.models import User
from accounts.selectors import user_list
from fixmate.core.api.limits import LimitsMixin
from fixmate.core.api.parsers import StrictJSONParser
from fixmate.core.api.schema import ErrorEnvelope
from fixmate.core.api.serializers import ReasonInput
from fixmate.core.api.viewsets import APIView

_ADA = {
    "email": "ada@example.com",
    "phone": "+12025550143",
    "password": "correct horse battery",
    "role": "CUSTOMER",
    "first_name": "Ada",
    "last_name": "Lovelace",
}
_BY_PHONE = {name: _ADA[name] for name in ("phone", "role", "first_name", "last_name")}
_REFUSED = OpenApiResponse(ErrorEnvelope, description="Not known, not right, or not valid any more.")
_SUSPENDED = OpenApiResponse(ErrorEnvelope, description="The account is suspended.")


class AnonymousView(LimitsMixin, APIView):
    """Open to anyone; a stale token in the header is not looked at, or it would bar the way to a fresh one.

    Idempotency-Key is ignored here: refused tries count, tokens are never stored, and a refresh has its own replay.
    """

    authentication_classes = ()
    permission_classes = (AllowAny,)
    is_idempotent = False


def _token_answer(pair: TokenPair) -> Response:
    return Response(TokenOutput(pair).data, headers={"Cache-Control": "no-store"})


@extend_schema(tags=["auth"])
class RegisterView(AnonymousView):
    limits = {"post": "register"}
    is_idempotent = True

    @extend_schema(
        operation_id="auth_register",
        summary="Register as a customer or a technician",
        description="Answers the same whether or not the address is taken. A 6-digit code follows by e-mail, or by SMS "
        "where there is only a phone number. With a phone number the password may be left out.",
        request=RegisterInput,
        responses={202: RegistrationOutput},
        examples=[
            OpenApiExample("A customer", value=_ADA, request_only=True),
            OpenApiExample("By phone alone", value=_BY_PHONE, request_only=True),
        ],
    )
    def post(self, request: Request) -> Response:
        data = RegisterInput.parse(request.data)
        registration = services.user_register(**data)
        return Response(RegistrationOutput(registration).data, status=status.HTTP_202_ACCEPTED)


@extend_schema(tags=["auth"])
class SendCodeView(AnonymousView):
    limits = {"post": "codes"}
    is_idempotent = True

    @extend_schema(
        operation_id="auth_send_otp",
        summary="Ask for a new code",
        description="It verifies an account that is not yet, and logs in to one that is. Answers the same whether or "
        "not there is one. The code before is void.",
        request=CodeRequestInput,
        responses={202: None},
        examples=[OpenApiExample("By phone", value={"phone": _ADA["phone"]}, request_only=True)],
    )
    def post(self, request: Request) -> Response:
        data = CodeRequestInput.parse(request.data)
        services.code_request(**data)
        return Response(status=status.HTTP_202_ACCEPTED)


@extend_schema(tags=["auth"])
class VerifyCodeView(AnonymousView):
    limits = {"post": "codes"}

    @extend_schema(
        operation_id="auth_verify_otp",
        summary="Verify an address with the code",
        description="A code is good for 10 minutes, 3 tries and one use.",
        request=CodeInput,
        responses={200: RegistrationOutput},
        examples=[OpenApiExample("A code", value={"email": "ada@example.com", "code": "123456"}, request_only=True)],
    )
    def post(self, request: Request) -> Response:
        data = CodeInput.parse(request.data)
        return Response(RegistrationOutput(services.user_verify(**data)).data)


@extend_schema(tags=["auth"])
class LoginView(AnonymousView):
    limits = {"post": "login"}
    parser_classes = (StrictJSONParser, BoundedFormParser)

    @extend_schema(
        operation_id="auth_login",
        summary="Log in",
        description="By e-mail address or phone number, with the password or with a code from `/auth/send-otp`. JSON, "
        "or the OAuth2 password form. An account that is not verified yet may read itself alone.",
        request={"application/json": LoginInput, "application/x-www-form-urlencoded": LoginForm},
        responses={200: TokenOutput, 401: _REFUSED, 403: _SUSPENDED},
        examples=[
            OpenApiExample(
                "E-mail and password",
                value={"email": _ADA["email"], "password": _ADA["password"]},
                request_only=True,
                media_type="application/json",
            ),
            OpenApiExample(
                "Phone and code",
                value={"phone": _ADA["phone"], "code": "123456"},
                request_only=True,
                media_type="application/json",
            ),
        ],
    )
    def post(self, request: Request) -> Response:
        kind = LoginForm if isinstance(request.data, QueryDict) else LoginInput
        data = kind.parse(request.data)
        opened = services.session_open_by_code(**data) if "code" in data else services.session_open(**data)
        return _token_answer(pair_of(opened))


@extend_schema(tags=["auth"])
class RefreshView(AnonymousView):
    limits = {"post": "refresh"}

    @extend_schema(
        operation_id="auth_refresh",
        summary="Exchange the refresh token for a new pair",
        description="Each is good once: a second use ends the session, unless it is the same device repeating at once.",
        request=RefreshInput,
        responses={200: TokenOutput, 401: _REFUSED, 403: _SUSPENDED},
    )
    def post(self, request: Request) -> Response:
        data = RefreshInput.parse(request.data)
        claims = refresh_claims_of(data["refresh_token"])
        session = services.session_refresh(session_id=claims.session_id, refresh_jti=claims.refresh_jti)
        return _token_answer(pair_of(session))


@extend_schema(tags=["auth"])
class LogoutView(AnonymousView):
    @extend_schema(
        operation_id="auth_logout",
        summary="Log out",
        description="Ends the session of the refresh token in the body, or else of the access token in the header. "
        "Both tokens are void at once. Logging out twice is no error.",
        auth=[{"bearer": []}, {"password": []}, {}],  # type: ignore[list-item]
        request=LogoutInput,
        responses={204: None, 401: _REFUSED},
    )
    def post(self, request: Request) -> Response:
        data = LogoutInput.parse(request.data)
        refresh_token = data["refresh_token"]
        if refresh_token:
            session_id = refresh_claims_of(refresh_token).session_id
        else:
            session_id = session_id_of(SessionJWTAuthentication().token_of(request))
        services.session_end(session_id=session_id)
        return Response(status=status.HTTP_204_NO_CONTENT)


@extend_schema(tags=["auth"])
class ForgotPasswordView(AnonymousView):
    limits = {"post": "reset"}
    is_idempotent = True

    @extend_schema(
        operation_id="auth_forgot_password",
        summary="Ask for a code that sets a new password",
        description="Answers the same whether or not the address has an account.",
        request=CodeRequestInput,
        responses={202: None},
        examples=[OpenApiExample("By e-mail", value={"email": _ADA["email"]}, request_only=True)],
    )
    def post(self, request: Request) -> Response:
        data = CodeRequestInput.parse(request.data)
        services.password_forgotten(**data)
        return Response(status=status.HTTP_202_ACCEPTED)


@extend_schema(tags=["auth"])
class ResetPasswordView(AnonymousView):
    limits = {"post": "reset"}

    @extend_schema(
        operation_id="auth_reset_password",
        summary="Set a new password with the code",
        description="Every session ends, and the owner is told.",
        request=PasswordResetInput,
        responses={204: None},
        examples=[
            OpenApiExample(
                "By e-mail",
                value={"email": _ADA["email"], "code": "123456", "new_password": "staple of another kind"},
                request_only=True,
            )
        ],
    )
    def post(self, request: Request) -> Response:
        data = PasswordResetInput.parse(request.data)
        services.password_reset(**data)
        return Response(status=status.HTTP_204_NO_CONTENT)


@extend_schema(tags=["staff"])
class UserViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, StaffViewSet[User]):
    serializer_class = UserOutput
    filterset_class = UserFilter
    ordering = ("-created_at",)
    ordering_fields = {"created_at": "created_at"}

    def get_queryset(self) -> QuerySet[User]:
        return user_list()

    @extend_schema(operation_id="admin_users_list", summary="List accounts")
    def list(self, request: Request) -> Response:
        return super().list(request)

    @extend_schema(operation_id="admin_users_get", summary="Read an account")
    def retrieve(self, request: Request, pk: str) -> Response:
        return super().retrieve(request, pk=pk)

    @extend_schema(
        operation_id="admin_users_suspend",
        summary="Suspend an account",
        description="Its sessions end at once.",
        request=ReasonInput,
        responses=UserOutput,
        examples=[OpenApiExample("Abuse", value={"reason": "Threatened a technician, case 4711"}, request_only=True)],
    )
    @action(detail=True, methods=["post"])
    def suspend(self, request: AuthedRequest, pk: str) -> Response:
        user, body = self.asked(ReasonInput)
        return self.answer(services.user_suspend(user_id=user.pk, actor=request.user, **body))

    @extend_schema(
        operation_id="admin_users_reinstate",
        summary="Reinstate a suspended account",
        request=ReasonInput,
        responses=UserOutput,
    )
    @action(detail=True, methods=["post"])
    def reinstate(self, request: AuthedRequest, pk: str) -> Response:
        user, body = self.asked(ReasonInput)
        return self.answer(services.user_reinstate(user_id=user.pk, actor=request.user, **body))
