"""The door: is anybody logged in, is the account verified, has it the role. One fact and one message each."""

from collections.abc import Callable
from typing import Any, ClassVar

from rest_framework.exceptions import ErrorDetail, PermissionDenied
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from fixmate.core.errors import DomainError, EmailNotVerified

Guard = Callable[[Request, Any], None]
_guards: list[Guard] = []
_guard_refusals: list[type[DomainError]] = []


def door_guarded_by(guard: Guard, *refusals: type[DomainError]) -> None:
    """Have the guard raise for whom of staff the door stays shut, with one of the refusals, though he is verified."""
    _guards.append(guard)
    _guard_refusals.extend(refusals)


def guard_refusals() -> tuple[type[DomainError], ...]:
    """Return what the guards refuse staff with: for the schema."""
    return tuple(_guard_refusals)


class IsLoggedIn(BasePermission):
    """Any account that may log in, verified or not."""

    # What it refuses with beside 401 and PERMISSION_DENIED: the schema says so of every operation behind it.
    refusals: ClassVar[tuple[type[DomainError], ...]] = ()

    def has_permission(self, request: Request, view: Any) -> bool:
        return bool(request.user and request.user.is_authenticated)


class IsVerified(IsLoggedIn):
    """A verified account; one that is not may only read itself and ask for codes. Guards have their say after that."""

    refusals = (EmailNotVerified,)

    def has_permission(self, request: Request, view: Any) -> bool:
        if not super().has_permission(request, view):
            return False
        if not getattr(request.user, "is_verified", False):
            raise PermissionDenied(ErrorDetail(EmailNotVerified.message, code=EmailNotVerified.code))
        for guard in _guards:
            guard(request, view)
        return True


class _HasRole(IsVerified):
    roles: tuple[str, ...] = ()

    def has_permission(self, request: Request, view: Any) -> bool:
        return super().has_permission(request, view) and getattr(request.user, "role", None) in self.roles


def HasRole(*roles: str) -> type[_HasRole]:  # noqa: N802 - reads as the class it returns
    """Return the permission class that admits the roles; the one role check there is."""
    return type("HasRole", (_HasRole,), {"roles": tuple(roles)})
