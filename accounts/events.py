from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

from fixmate.core.events import Event


@dataclass(frozen=True, kw_only=True)
class UserRegistered(Event):
    """A new account. Its profile, if its role has one, is made in the same transaction by `accounts.hooks`."""

    name: ClassVar[str] = "accounts.user.registered"
    user_id: UUID


@dataclass(frozen=True, kw_only=True)
class CodeRequested(Event):
    """Somebody is owed a code. The event carries the challenge's id; the sending task draws the code."""

    name: ClassVar[str] = "accounts.code.requested"
    challenge_id: UUID


@dataclass(frozen=True, kw_only=True)
class RegistrationRepeated(Event):
    """Somebody registered an address that has a working account: its owner is told by mail."""

    name: ClassVar[str] = "accounts.registration.repeated"
    user_id: UUID


@dataclass(frozen=True, kw_only=True)
class PasswordReplaced(Event):
    """The password is another one: its owner is told, lest it was not he."""

    name: ClassVar[str] = "accounts.password.replaced"
    user_id: UUID


@dataclass(frozen=True, kw_only=True)
class AddressChanged(Event):
    """The account has another address. `told_at` is the one before, which hears of it: no row has it any more."""

    name: ClassVar[str] = "accounts.address.changed"
    user_id: UUID
    told_at: str


@dataclass(frozen=True, kw_only=True)
class UserDeleted(Event):
    """The account is anonymised for good; apps above have erased their part in the same transaction."""

    name: ClassVar[str] = "accounts.user.deleted"
    user_id: UUID


@dataclass(frozen=True, kw_only=True)
class UserSuspended(Event):
    name: ClassVar[str] = "accounts.user.suspended"
    user_id: UUID


@dataclass(frozen=True, kw_only=True)
class UserReinstated(Event):
    name: ClassVar[str] = "accounts.user.reinstated"
    user_id: UUID
