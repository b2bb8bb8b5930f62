"""Passwords in the one form they are hashed in, and hashes in the one form they are read in."""

import unicodedata
from typing import Final

_BARE_BCRYPT: Final = ("$2a$", "$2b$", "$2y$")


def password_normalise(password: str) -> str:
    """Return the password as it is hashed: two keyboards may write one letter in two ways. Nothing is trimmed."""
    return unicodedata.normalize("NFKC", password)


def hash_read(stored: str) -> str:
    """Return a stored hash with the name of its algorithm, which other systems leave out of bcrypt's."""
    return f"bcrypt${stored}" if stored.startswith(_BARE_BCRYPT) else stored
