from typing import Any

from django import forms
from django.conf import settings
from django.contrib.admin.forms import AdminAuthenticationForm, AdminPasswordChangeForm
from django.contrib.auth import authenticate
from django.core.exceptions import ValidationError

from accounts.errors import SecondFactorMissing
from accounts.models import User
from accounts.selectors import user_get
from accounts.services import password_change
from fixmate.core.errors import DomainError

_OTP_LENGTH = 11
_MISSING = "second_factor_required"


class OtpField(forms.CharField):
    def to_python(self, value: Any) -> str:
        return str(super().to_python(value)).replace(" ", "")  # as apps show them: 123 456


def _otp_field(**kwargs: Any) -> OtpField:
    widget = forms.TextInput(attrs={"autocomplete": "one-time-code", "spellcheck": "false"})
    return OtpField(label="Code of your authenticator", max_length=_OTP_LENGTH, widget=widget, required=True, **kwargs)


class ConsoleLoginForm(AdminAuthenticationForm):
    """E-mail, password, and the code of who has a second factor."""

    otp = _otp_field()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["otp"].required = False  # who has none yet comes in to add one

    @property
    def asks_otp(self) -> bool:
        """Tell whether the field is shown: where a factor is the rule, or this account turned out to have one."""
        return settings.STAFF_CONSOLE_2FA or bool(self.data.get("otp")) or self.has_error(forms.ALL_FIELDS, _MISSING)

    def clean(self) -> dict[str, Any]:
        data = self.cleaned_data
        if not data.get("username") or not data.get("password"):
            return data
        try:
            user = authenticate(self.request, username=data["username"], password=data["password"], otp=data.get("otp"))
        except SecondFactorMissing as exc:
            raise ValidationError(exc.text, code=_MISSING) from exc
        if user is None:
            raise self.get_invalid_login_error()
        self.confirm_login_allowed(user)
        self.user_cache = user
        return data


class ConsolePasswordForm(AdminPasswordChangeForm):
    """Changes the password as the API does: the owner is told, his sessions there end, and it is on record."""

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or self.cleaned_data
        if not self.errors:
            self._change(data)
        return data

    def _change(self, data: dict[str, Any]) -> None:
        try:
            password_change(
                user_id=self.user.pk,
                session_id=None,
                current_password=data["old_password"],
                new_password=data["new_password1"],
            )
        except DomainError as refusal:  # the service reads a password in its Unicode form, and judges that
            raise ValidationError(refusal.text) from refusal

    def save(self, commit: bool = True) -> User:
        self.user = user_get(self.user.pk)
        return self.user


class PasswordForm(forms.Form):
    current_password = forms.CharField(
        label="Your password",
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )


class OtpForm(forms.Form):
    otp = _otp_field(help_text="6 digits, or a recovery code.")


class ConfirmForm(forms.Form):
    otp = _otp_field(help_text="The 6 digits it shows now.")
