"""The tables of accounts, by subject."""

from accounts.models.codes import AddressNotice, CodeChallenge, RegistrationEntry
from accounts.models.security import SecurityEvent
from accounts.models.sessions import Session, SocialIdentity, SpentToken
from accounts.models.users import PROVEN_FIRST, User

__all__ = [
    "PROVEN_FIRST",
    "AddressNotice",
    "CodeChallenge",
    "RegistrationEntry",
    "SecurityEvent",
    "Session",
    "SocialIdentity",
    "SpentToken",
    "User",
]
