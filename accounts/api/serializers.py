from rest_framework import serializers

from accounts.enums import Role, UserStatus
from accounts.services.users import SELF_REGISTERED
from fixmate.core.api.serializers import InputSerializer, OutputSerializer

_PASSWORD_LENGTH = 128
_NAME_LENGTH = 80
_PHONE_HELP = "Read in the local form or with a country code; answered in E.164."


class _PasswordField(serializers.CharField):
    def __init__(self, **kwargs: object) -> None:
        style = {"input_type": "password"}
        super().__init__(max_length=_PASSWORD_LENGTH, trim_whitespace=False, style=style, **kwargs)  # type: ignore[arg-type]


class RegisterInput(InputSerializer):
    email = serializers.EmailField(max_length=254)
    phone = serializers.CharField(max_length=40, required=False, allow_null=True, default=None, help_text=_PHONE_HELP)
    password = _PasswordField()
    role = serializers.ChoiceField(choices=[(role.value, role.label) for role in SELF_REGISTERED])
    first_name = serializers.CharField(max_length=_NAME_LENGTH)
    last_name = serializers.CharField(max_length=_NAME_LENGTH)


class RegistrationOutput(OutputSerializer):
    status = serializers.ChoiceField(choices=UserStatus.choices)
    email = serializers.EmailField()
    phone = serializers.CharField(allow_null=True)


class CodeRequestInput(InputSerializer):
    email = serializers.EmailField(max_length=254)


class CodeInput(InputSerializer):
    email = serializers.EmailField(max_length=254)
    code = serializers.RegexField(r"^[0-9]{6}$")


class LoginInput(InputSerializer):
    email = serializers.EmailField(max_length=254)
    password = _PasswordField()


class LoginForm(InputSerializer):
    """OAuth2's password form (RFC 6749, 4.3); what it knows beside name and password is accepted and not used."""

    username = serializers.CharField(max_length=254, source="email", help_text="The e-mail address.")
    password = _PasswordField()
    grant_type = serializers.CharField(required=False, allow_blank=True)
    scope = serializers.CharField(required=False, allow_blank=True)
    client_id = serializers.CharField(required=False, allow_blank=True)
    client_secret = serializers.CharField(required=False, allow_blank=True)


class RefreshInput(InputSerializer):
    refresh_token = serializers.CharField(max_length=4000)


class LogoutInput(InputSerializer):
    refresh_token = serializers.CharField(max_length=4000, required=False, allow_null=True, default=None)


class ProfileInput(InputSerializer):
    first_name = serializers.CharField(max_length=_NAME_LENGTH, required=False)
    last_name = serializers.CharField(max_length=_NAME_LENGTH, required=False)
    phone = serializers.CharField(max_length=40, required=False, allow_null=True, help_text=_PHONE_HELP)


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


class TokenOutput(OutputSerializer):
    access_token = serializers.CharField()
    refresh_token = serializers.CharField()
    token_type = serializers.CharField()
    expires_in = serializers.IntegerField(help_text="Seconds the access token is good for.")
    user = UserOutput()
