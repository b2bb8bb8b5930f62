"""Hashes that other systems made: they open their account, and Argon2 takes their place at that login.

None is made anew, but as work: see `work_evened`.
"""

from typing import Final

import bcrypt
from django.conf import settings
from django.contrib.auth.hashers import BCryptSHA256PasswordHasher, make_password

_READ: Final = 72  # bytes of a password that bcrypt looks at; its library refuses more


class LegacyBCryptSHA256(BCryptSHA256PasswordHasher):
    def verify(self, password: str, encoded: str) -> bool:
        try:
            return super().verify(password, encoded)
        except ValueError:  # what was imported is no hash: nobody has its password
            return False


class LegacyBCrypt(LegacyBCryptSHA256):
    """Plain bcrypt: passwords that agree in their first 72 bytes are one to it, as they were where it was made."""

    algorithm = "bcrypt"

    def encode(self, password: str, salt: bytes) -> str:  # type: ignore[override]
        data = bcrypt.hashpw(password.encode()[:_READ], salt)
        return f"{self.algorithm}${data.decode('ascii')}"


def work_evened(password: str, encoded: str) -> None:
    """Do the work that a refused password has not cost yet, so that it costs the same whatever hash there is, or none.

    Only where `LEGACY_BCRYPT_ROUNDS` says that such hashes are about: an Argon2 hash is far quicker than one of bcrypt,
    which would tell whose account was brought along.
    """
    if not settings.LEGACY_BCRYPT_ROUNDS:
        return
    if encoded.startswith("bcrypt"):
        make_password(password)
        return
    hasher = LegacyBCryptSHA256()
    hasher.rounds = settings.LEGACY_BCRYPT_ROUNDS
    hasher.encode(password, hasher.salt())
