"""What a password may not be. Nothing asks for digits or signs: such rules make passwords that are guessed first.

Imported when the first password is judged, because the word lists take some megabytes.
"""

from typing import Any, Final

from django.contrib.auth.password_validation import CommonPasswordValidator as DjangosList
from django.contrib.auth.password_validation import UserAttributeSimilarityValidator
from django.core.exceptions import ValidationError
from zxcvbn.frequency_lists import FREQUENCY_LISTS

from accounts.breached import is_breached

MAX_LENGTH: Final = 128
_PRODUCT: Final = "fixmate"
_WORD_LENGTH: Final = 8  # shorter ones are refused for that
_NUMBER_LENGTH: Final = 7  # digits of a phone number without its area


class MaximumLength:
    def validate(self, password: str, user: Any = None) -> None:
        if len(password) > MAX_LENGTH:
            raise ValidationError(f"This password is too long: {MAX_LENGTH} characters at most.", "password_too_long")

    def get_help_text(self) -> str:
        return f"Your password can have {MAX_LENGTH} characters at most."


class CommonPassword(DjangosList):
    """Django's list, and zxcvbn's: passwords that leaked often, words and names that are a password by themselves."""

    def __init__(self) -> None:
        super().__init__()
        for words in FREQUENCY_LISTS.values():
            self.passwords.update(word for word in words if len(word) >= _WORD_LENGTH)


class OwnWords(UserAttributeSimilarityValidator):
    """What is like a name or the address, the address's parts, and the product's name with digits and signs around."""

    def validate(self, password: str, user: Any = None) -> None:
        super().validate(password, user)
        folded = password.strip().casefold()
        letters = "".join(character for character in folded if character.isalpha())
        if letters and not letters.replace(_PRODUCT, ""):
            raise ValidationError("This password is the name of this service.", "password_too_similar")
        if user is not None and (_is_email(folded, user.email or "") or _is_phone(folded, user.phone or "")):
            raise ValidationError("This password is your own address.", "password_too_similar")

    def get_help_text(self) -> str:
        return "Your password can't be the name of this service, or like your own name or address."


def _is_email(folded: str, email: str) -> bool:
    return bool(email) and folded in (email, email.partition("@")[0])


def _is_phone(folded: str, phone: str) -> bool:
    """Tell whether this is the number, with or without country and area, however it is written."""
    digits = "".join(character for character in folded if character.isdigit()).lstrip("0")
    has_words = any(character.isalpha() for character in folded)
    return not has_words and len(digits) >= _NUMBER_LENGTH and phone.endswith(digits)


class NotBreached:
    def validate(self, password: str, user: Any = None) -> None:
        if is_breached(password):
            raise ValidationError(
                "This password is in a list of stolen ones. If you use it elsewhere, change it there.",
                "password_breached",
            )

    def get_help_text(self) -> str:
        return "Your password can't be one that was stolen somewhere."
