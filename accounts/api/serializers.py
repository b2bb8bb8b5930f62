from typing import Any, ClassVar

from django.urls import reverse
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from accounts.addresses import address_read
from accounts.api.tokens import MAX_TOKEN_LENGTH
from accounts.enums import AddressKind, Role, UserStatus
from accounts.models import Session, User
from accounts.services.registration import SELF_REGISTERED
from fixmate.core.api.keywords import given, just_one
from fixmate.core.api.serializers import InputSerializer, OutputSerializer
from fixmate.core.errors import Invalid

_PASSWORD_LENGTH = 512  # code points as typed; the rules judge the 128 characters they make
NAME_LENGTH = 80


@extend_schema_field({"type": "string", "format": "password"})
class _PasswordField(serializers.CharField):
    def __init__(self, **kwargs: object) -> None:
        style = {"input_type": "password"}
        super().__init__(max_length=_PASSWORD_LENGTH, trim_whitespace=False, style=style, **kwargs)  # type: ignore[arg-type]


class _CodeField(serializers.RegexField):
    def __init__(self, **kwargs: object) -> None:
        super().__init__(r"^[0-9]{6}$", **kwargs)  # type: ignore[arg-type]


@extend_schema_field({"type": "string", "format": "phone"})
class PhoneField(serializers.CharField):
    def __init__(self, **kwargs: object) -> None:
        said = "Read in the local form or with a country code; answered in E.164."
        super().__init__(max_length=40, help_text=said, **kwargs)  # type: ignore[arg-type]


class OtpField(serializers.RegexField):
    """A code of an authenticator, or a recovery code."""

    def __init__(self, **kwargs: object) -> None:
        invalid = {"invalid": "Give the 6 digits of your authenticator, or a recovery code."}
        super().__init__(
            r"^([0-9]{6}|[A-Za-z2-7]{5}-?[A-Za-z2-7]{5})$",
            error_messages=invalid,  # type: ignore[arg-type]
            help_text="6 digits of the authenticator, or a recovery code.",
            **kwargs,  # type: ignore[arg-type]
        )


class AddressedInput(InputSerializer):
    """A body that names an account by one of its addresses."""

    email = serializers.EmailField(max_length=254, required=False, allow_null=True)
    phone = PhoneField(required=False, allow_null=True)
    also: ClassVar[dict[str, Any]] = just_one("email", "phone")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        return _just_one(attrs, *AddressKind.values, text="Give either an e-mail address or a phone number.")


class RegisterInput(InputSerializer):
    email = serializers.EmailField(max_length=254, required=False, allow_null=True, default=None)
    phone = PhoneField(required=False, allow_null=True, default=None)
    password = _PasswordField(
        required=False, allow_null=True, default=None, help_text="Without one, log in by phone and code."
    )
    role = serializers.ChoiceField(choices=[(role.value, role.label) for role in SELF_REGISTERED])
    first_name = serializers.CharField(max_length=NAME_LENGTH)
    last_name = serializers.CharField(max_length=NAME_LENGTH)
    also: ClassVar[dict[str, Any]] = {"oneOf": [given("phone"), given("email", "password", none="phone")]}


class RegistrationOutput(OutputSerializer):
    status = serializers.ChoiceField(choices=UserStatus.choices)
    email = serializers.EmailField(allow_null=True)
    phone = serializers.CharField(allow_null=True)


class CodeRequestInput(AddressedInput):
    pass


class CodeInput(AddressedInput):
    code = _CodeField()


class VerifyInput(CodeInput):
    password = _PasswordField(
        required=False,
        allow_null=True,
        help_text="The one typed at the registration: should others have registered the address too, yours counts.",
    )


class LoginInput(AddressedInput):
    password = _PasswordField(required=False, allow_null=True)
    code = _CodeField(required=False, allow_null=True)
    otp = OtpField(required=False, allow_null=True)
    also: ClassVar[dict[str, Any]] = {"allOf": [just_one("email", "phone"), just_one("password", "code")]}

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        return _just_one(super().validate(attrs), "password", "code", text="Give either a password or a code.")


class GrantForm(InputSerializer):
    """What OAuth2's forms have in common."""

    grant_type = serializers.CharField(required=False, allow_blank=True)
    scope = serializers.CharField(required=False, allow_blank=True)
    client_id = serializers.CharField(required=False, allow_blank=True)
    client_secret = serializers.CharField(required=False, allow_blank=True)


class LoginForm(GrantForm):
    """OAuth2's password form (RFC 6749, 4.3); what it knows beside name and password is accepted and not used."""

    username = serializers.CharField(max_length=254, help_text="The e-mail address or the phone number.")
    password = _PasswordField()
    otp = OtpField(required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        try:
            address = address_read(attrs["username"])
        except Invalid as exc:
            raise serializers.ValidationError({"username": ["Give an e-mail address or a phone number."]}) from exc
        given: dict[str, Any] = {name: attrs[name] for name in ("password", "otp") if name in attrs}
        return {address.kind.value: address.value, **given}


class PasswordResetInput(CodeInput):
    new_password = _PasswordField()


class PasswordChangeInput(InputSerializer):
    current_password = _PasswordField(required=False)
    code = _CodeField(required=False, help_text="Of a login code, where the account has no password yet.")
    new_password = _PasswordField()


class ReauthenticatedInput(InputSerializer):
    """Something that asks again who it is: by the current password, or by a login code."""

    current_password = _PasswordField(required=False)
    code = _CodeField(required=False)


class AddressChangeInput(AddressedInput, ReauthenticatedInput):
    pass


class AvatarInput(InputSerializer):
    file = serializers.FileField(help_text="JPEG, PNG or WebP, at most 5 MB.")


class RefreshInput(InputSerializer):
    refresh_token = serializers.CharField(max_length=MAX_TOKEN_LENGTH)


class RefreshForm(GrantForm, RefreshInput):
    """OAuth2's form of a refresh (RFC 6749, 6); what it knows beside the token is accepted and not used."""

    ignores_unknown = True  # RFC 6749, 3.2: stock clients put options of their own into it


class LogoutInput(InputSerializer):
    refresh_token = serializers.CharField(max_length=MAX_TOKEN_LENGTH, required=False, allow_null=True, default=None)


class ProfileInput(InputSerializer):
    first_name = serializers.CharField(max_length=NAME_LENGTH, required=False)
    last_name = serializers.CharField(max_length=NAME_LENGTH, required=False)


class UserOutput(OutputSerializer):
    id = serializers.UUIDField()
    email = serializers.EmailField(allow_null=True)
    phone = serializers.CharField(allow_null=True)
    first_name = serializers.CharField()
    last_name = serializers.CharField()
    role = serializers.ChoiceField(choices=Role.choices)
    status = serializers.ChoiceField(choices=UserStatus.choices)
    created_at = serializers.DateTimeField()
    verified_at = serializers.DateTimeField(allow_null=True)
    phone_verified_at = serializers.DateTimeField(allow_null=True)
    has_password = serializers.BooleanField(source="has_usable_password")
    avatar_url = serializers.SerializerMethodField()

    def get_avatar_url(self, user: User) -> str | None:
        return reverse("user-avatar", args=[user.pk]) if user.avatar else None


class StaffUserOutput(UserOutput):
    """An account as staff see it."""

    is_dispatcher = serializers.BooleanField()
    deleted_at = serializers.DateTimeField(allow_null=True)


class SessionOutput(OutputSerializer):
    id = serializers.UUIDField()
    user_agent = serializers.CharField()
    ip_address = serializers.IPAddressField(allow_null=True)
    created_at = serializers.DateTimeField()
    refreshed_at = serializers.DateTimeField()
    expires_at = serializers.DateTimeField(help_text="When it ends unless it is refreshed before.")
    is_current = serializers.SerializerMethodField()

    def get_is_current(self, session: Session) -> bool:
        return session.pk == self.context.get("session_id")


class TokenOutput(OutputSerializer):
    access_token = serializers.CharField()
    refresh_token = serializers.CharField()
    token_type = serializers.CharField()
    expires_in = serializers.IntegerField(help_text="Seconds the access token is good for.")
    user = UserOutput()


class SecondFactorOutput(OutputSerializer):
    is_required = serializers.BooleanField(help_text="Whether staff get nowhere without one here.")
    is_enrolled = serializers.BooleanField()
    added_at = serializers.DateTimeField(allow_null=True)
    recovery_codes_left = serializers.IntegerField()
    shown_at = serializers.DateTimeField(allow_null=True, help_text="When it was last shown in this session.")


class EnrolmentInput(InputSerializer):
    current_password = _PasswordField()


class EnrolmentOutput(OutputSerializer):
    secret = serializers.CharField(help_text="To type where one cannot scan; Base32.")
    otpauth_uri = serializers.CharField(help_text="To show as a QR code.")


class OtpInput(InputSerializer):
    otp = OtpField()


class EnrolledOutput(TokenOutput):
    recovery_codes = serializers.ListField(child=serializers.CharField(), help_text="Each is good once.")


def _just_one(attrs: dict[str, Any], *names: str, text: str) -> dict[str, Any]:
    """Return what is given, without nulls, if just one of the names is among it."""
    given = {name: value for name, value in attrs.items() if value is not None}
    if len(given.keys() & set(names)) != 1:
        raise serializers.ValidationError({names[0]: [text]})
    return given
