from django.http import QueryDict
from drf_spectacular.utils import OpenApiExample, OpenApiResponse, extend_schema
from rest_framework import status
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import services
from accounts.api import schema  # noqa: F401 - drf-spectacular finds extensions by their import
from accounts.api.authentication import SessionJWTAuthentication
from accounts.api.parsers import BoundedFormParser
from accounts.api.serializers import (
    CodeRequestInput,
    LoginForm,
    LoginInput,
    LogoutInput,
    PasswordResetInput,
    RefreshForm,
    RefreshInput,
    RegisterInput,
    RegistrationOutput,
    TokenOutput,
    VerifyInput,
)
from accounts.api.tokens import TokenPair, pair_of, refresh_claims_of, session_id_of
from accounts.errors import (
    AccountSuspended,
    AccountTaken,
    CodeInvalid,
    InvalidCredentials,
    SecondFactorMissing,
    TokenInvalid,
)
from fixmate.core.api.limits import LimitsMixin
from fixmate.core.api.parsers import StrictJSONParser
from fixmate.core.api.schema import ErrorEnvelope
from fixmate.core.api.viewsets import APIView
from fixmate.core.errors import Unauthenticated

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


def token_answer(pair: TokenPair) -> Response:
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
        registration = services.registration_keep(self.prepared)
        return Response(RegistrationOutput(registration).data, status=status.HTTP_202_ACCEPTED)

    def prepare(self, request: Request) -> services.PreparedRegistration:
        return services.registration_prepare(**RegisterInput.parse(request.data))


@extend_schema(tags=["auth"])
class SendCodeView(AnonymousView):
    limits = {"post": "codes"}
    is_idempotent = True

    @extend_schema(
        operation_id="auth_send_otp",
        summary="Ask for a new code",
        description="It verifies an account that is not yet, and logs in to one that is. Answers the same whether or "
        "not there is one. The code you asked for before is void.",
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
    refusals = {"post": (CodeInvalid, AccountTaken)}

    @extend_schema(
        operation_id="auth_verify_otp",
        summary="Verify an address with the code",
        description="A code is good for 10 minutes, 3 tries and one use. The account is opened with what was "
        "registered from where the code is typed; if others registered the address and nothing tells who its owner "
        "is, without a password: then log in by code, or ask for `/auth/forgot-password`. Sending the password "
        "again makes sure of it.",
        request=VerifyInput,
        responses={200: RegistrationOutput},
        examples=[OpenApiExample("A code", value={"email": "ada@example.com", "code": "123456"}, request_only=True)],
    )
    def post(self, request: Request) -> Response:
        data = VerifyInput.parse(request.data)
        return Response(RegistrationOutput(services.user_verify(**data)).data)


@extend_schema(tags=["auth"])
class LoginView(AnonymousView):
    limits = {"post": "login"}
    refusals = {"post": (InvalidCredentials, SecondFactorMissing, AccountSuspended)}
    parser_classes = (StrictJSONParser, BoundedFormParser)

    @extend_schema(
        operation_id="auth_login",
        summary="Log in",
        description="By e-mail address or phone number, with the password or with a code from `/auth/send-otp`. JSON, "
        "or the OAuth2 password form. An account that is not verified yet may read itself alone. Staff with a second "
        "factor give `otp` as well; without it the right password is answered 401 SECOND_FACTOR_REQUIRED.",
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
            OpenApiExample(
                "Staff with a second factor",
                value={"email": _ADA["email"], "password": _ADA["password"], "otp": "123456"},
                request_only=True,
                media_type="application/json",
            ),
        ],
    )
    def post(self, request: Request) -> Response:
        kind = LoginForm if isinstance(request.data, QueryDict) else LoginInput
        data = kind.parse(request.data)
        opened = services.session_open_by_code(**data) if "code" in data else services.session_open(**data)
        return token_answer(pair_of(opened))


@extend_schema(tags=["auth"])
class RefreshView(AnonymousView):
    limits = {"post": "refresh"}
    refusals = {"post": (TokenInvalid, AccountSuspended)}
    parser_classes = (StrictJSONParser, BoundedFormParser)

    @extend_schema(
        operation_id="auth_refresh",
        summary="Exchange the refresh token for a new pair",
        description="Each is good once: a second use ends the session, unless it is the same device repeating at once. "
        "JSON, or the form that OAuth2 clients send.",
        request={"application/json": RefreshInput, "application/x-www-form-urlencoded": RefreshForm},
        responses={200: TokenOutput, 401: _REFUSED, 403: _SUSPENDED},
    )
    def post(self, request: Request) -> Response:
        kind = RefreshForm if isinstance(request.data, QueryDict) else RefreshInput
        data = kind.parse(request.data)
        claims = refresh_claims_of(data["refresh_token"])
        session = services.session_refresh(session_id=claims.session_id, refresh_jti=claims.refresh_jti)
        return token_answer(pair_of(session))


@extend_schema(tags=["auth"])
class LogoutView(AnonymousView):
    refusals = {"post": (TokenInvalid, Unauthenticated)}

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
    refusals = {"post": (CodeInvalid,)}

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
