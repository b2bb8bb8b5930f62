"""What staff show beside the password: django-otp's devices, with secrets that a copy of the database does not give."""

import secrets
from base64 import b32encode

from django.utils.crypto import salted_hmac
from django_otp.plugins.otp_static.models import StaticDevice
from django_otp.plugins.otp_totp.models import TOTPDevice

KEY_BYTES = 20
DIGEST_LENGTH = 16  # as many characters as django-otp's column takes: 80 bits
RECOVERY_CODES = 10
_HALF = 5


class _LockedForMinutes:
    """django-otp doubles the wait with every wrong try, for ever: whoever knows the password could lock the owner out.

    From here on it stays at about eight and a half minutes, which is 170 guesses a day.
    """

    _DOUBLINGS = 9
    throttling_failure_count: int

    def throttle_increment(self, commit: bool = True) -> None:
        self.throttling_failure_count = min(self.throttling_failure_count, self._DOUBLINGS)
        super().throttle_increment(commit=commit)  # type: ignore[misc]


class Authenticator(_LockedForMinutes, TOTPDevice):  # type: ignore[misc]
    """An authenticator app. The row holds a seed; the key it is shown is the seed's HMAC under the secret key."""

    class Meta:
        proxy = True

    @property
    def bin_key(self) -> bytes:
        seed = f"{self.user_id}:{self.key}"
        return salted_hmac("accounts.authenticator", seed, algorithm="sha256").digest()[:KEY_BYTES]

    @property
    def secret(self) -> str:
        """Return the key as people type it where they cannot scan."""
        return b32encode(self.bin_key).decode()


class RecoveryCodes(_LockedForMinutes, StaticDevice):  # type: ignore[misc]
    """Codes for the day the phone is lost, each good once. Rows hold their keyed digests."""

    class Meta:
        proxy = True

    def draw(self) -> list[str]:
        """Put new codes in place of all there are, and return them: nobody can read them again."""
        codes = [b32encode(secrets.token_bytes(KEY_BYTES)).decode().lower()[: 2 * _HALF] for _ in range(RECOVERY_CODES)]
        self.token_set.all().delete()
        for code in codes:
            self.token_set.create(token=self._digest(code))
        return [f"{code[:_HALF]}-{code[_HALF:]}" for code in codes]

    def verify_token(self, token: str) -> bool:
        is_right: bool = super().verify_token(self._digest(token.replace("-", "").lower()))
        return is_right

    def _digest(self, code: str) -> str:
        keyed = salted_hmac("accounts.recovery_code", f"{self.user_id}:{code}", algorithm="sha256").digest()
        return b32encode(keyed).decode()[:DIGEST_LENGTH]
