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
class IdentityLinked(Event):
    """A provider's sign-in opens the account from now on: its owner is told, lest it was not he."""

    name: ClassVar[str] = "accounts.identity.linked"
    user_id: UUID
    provider: str


@dataclass(frozen=True, kw_only=True)
class IdentityRemoved(Event):
    """A provider's sign-in opens the account no longer, removed by its owner or by staff for him."""

    name: ClassVar[str] = "accounts.identity.removed"
    user_id: UUID
    provider: str


@dataclass(frozen=True, kw_only=True)
class OpenedWithoutPassword(Event):
    """Several had registered the address, and which of them has proven it did not show: no password was taken over."""

    name: ClassVar[str] = "accounts.user.opened_without_password"
    user_id: UUID


@dataclass(frozen=True, kw_only=True)
class PasswordReplaced(Event):
    """The password is another one: its owner is told, lest it was not he."""

    name: ClassVar[str] = "accounts.password.replaced"
    user_id: UUID


@dataclass(frozen=True, kw_only=True)
class AddressChanged(Event):
    """The account has another address. The notice names the one before, which hears of it."""

    name: ClassVar[str] = "accounts.address.changed"
    user_id: UUID
    notice_id: UUID


@dataclass(frozen=True, kw_only=True)
class SecondFactorAdded(Event):
    """Logging in asks for a second factor from now on: its owner is told, lest it was not he."""

    name: ClassVar[str] = "accounts.second_factor.added"
    user_id: UUID


@dataclass(frozen=True, kw_only=True)
class SecondFactorRemoved(Event):
    """There is no second factor any more, removed by its owner or reset for him."""

    name: ClassVar[str] = "accounts.second_factor.removed"
    user_id: UUID


@dataclass(frozen=True, kw_only=True)
class UserDeleted(Event):
    """The account is anonymised for good; apps above have erased their part in the same transaction."""

    name: ClassVar[str] = "accounts.user.deleted"
    user_id: UUID


@dataclass(frozen=True, kw_only=True)
class UserSuspended(Event):
    name: ClassVar[str] = "accounts.user.suspended"
    user_id: UUID
    reason: str


@dataclass(frozen=True, kw_only=True)
class UserRestricted(Event):
    """The account may finish what it has; whoever holds offers of its technician takes them back."""

    name: ClassVar[str] = "accounts.user.restricted"
    user_id: UUID
    reason: str


@dataclass(frozen=True, kw_only=True)
class UserReinstated(Event):
    """A suspension or a restriction is lifted; `is_restricted` if it was a suspension over a restriction."""

    name: ClassVar[str] = "accounts.user.reinstated"
    user_id: UUID
    is_restricted: bool = False
