from typing import Any

from drf_spectacular.utils import OpenApiExample, OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import services
from accounts.api.serializers import NAME_LENGTH, TokenOutput
from accounts.api.tokens import pair_of
from accounts.api.views import AnonymousView, token_answer
from accounts.enums import Role, SocialProvider
from accounts.errors import (
    AccountSuspended,
    ProviderAway,
    ProviderEmailUnverified,
    ProviderNotForStaff,
    ProviderOff,
    ProviderTokenInvalid,
)
from accounts.services.registration import SELF_REGISTERED
from fixmate.core.api.schema import ErrorEnvelope
from fixmate.core.api.serializers import InputSerializer

_TOKEN_LENGTH = 8000
_NONCE_LENGTH = 255
_ROLES = [(role.value, role.label) for role in SELF_REGISTERED]
_ABOUT = """The app signs in with Google's or Apple's own SDK, and sends the ID token it gets; the answer is that of \
`/auth/login`. A token is good once: after a lost answer the app asks the SDK for another one.

**Nonce.** The app draws a random text of 32 bytes or more, gives the *SHA-256 of it, in hex*, to the SDK as `nonce`, \
and sends the *text itself* here. So a token that somebody read on its way is of no use to him. A token that was asked \
for with a nonce is refused without it, and the other way round.

**The first time** it opens the account that has proven the address the provider vouches for, whose owner is told by \
mail; without one it registers: under `role`, CUSTOMER if none is given, and the names given, or else those in the \
token. Apple gives the names to the app alone and only once: send them along. Its relay addresses are addresses like \
others. An account that nobody had verified is his who now proves its address; what was typed into it is replaced. \
Later `role` and names are not looked at. Staff do not sign in this way.

Codes: `SOCIAL_TOKEN_INVALID` 401, `ACCOUNT_SUSPENDED`, `SOCIAL_EMAIL_UNVERIFIED` (the provider vouches for no \
address) and `SOCIAL_NOT_FOR_STAFF` 403, `SOCIAL_PROVIDER_OFF` 404, `SOCIAL_PROVIDER_AWAY` 503."""


class SocialInput(InputSerializer):
    provider = serializers.ChoiceField(SocialProvider.choices)
    id_token = serializers.CharField(max_length=_TOKEN_LENGTH)
    nonce = serializers.CharField(
        max_length=_NONCE_LENGTH, required=False, allow_null=True, default=None, trim_whitespace=False
    )
    role = serializers.ChoiceField(_ROLES, required=False, default=Role.CUSTOMER.value)
    first_name = serializers.CharField(
        max_length=NAME_LENGTH, required=False, allow_null=True, allow_blank=True, default=""
    )
    last_name = serializers.CharField(
        max_length=NAME_LENGTH, required=False, allow_null=True, allow_blank=True, default=""
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        names = {name: attrs[name] or "" for name in ("first_name", "last_name")}
        return attrs | names | {"provider": SocialProvider(attrs["provider"]), "role": Role(attrs["role"])}


@extend_schema(tags=["auth"])
class SocialLoginView(AnonymousView):
    limits = {"post": "login"}
    refusals = {
        "post": (
            ProviderTokenInvalid,
            AccountSuspended,
            ProviderEmailUnverified,
            ProviderNotForStaff,
            ProviderOff,
            ProviderAway,
        )
    }

    @extend_schema(
        operation_id="auth_social",
        summary="Sign in with Google or Apple",
        description=_ABOUT,
        request=SocialInput,
        responses={
            200: TokenOutput,
            401: OpenApiResponse(ErrorEnvelope, description="The token is not valid, or was used before."),
            403: OpenApiResponse(ErrorEnvelope, description="Suspended, staff, or without an address vouched for."),
            404: OpenApiResponse(ErrorEnvelope, description="This provider is not set up here."),
            503: OpenApiResponse(ErrorEnvelope, description="The provider's keys cannot be had right now."),
        },
        examples=[
            OpenApiExample(
                "Google",
                value={"provider": "GOOGLE", "id_token": "eyJhbGciOiJSUzI1NiIs…", "nonce": "5b0a…c4"},
                request_only=True,
            ),
            OpenApiExample(
                "Apple, the first time",
                value={
                    "provider": "APPLE",
                    "id_token": "eyJraWQiOiJmaDZCczhD…",
                    "nonce": "91fe…07",
                    "role": "TECHNICIAN",
                    "first_name": "Ada",
                    "last_name": "Lovelace",
                },
                request_only=True,
            ),
        ],
    )
    def post(self, request: Request) -> Response:
        data = SocialInput.parse(request.data)
        return token_answer(pair_of(services.session_open_by_provider(**data)))
