"""The door: is anybody logged in, is the account verified, has it the role. One fact and one message each."""

from typing import Any

from rest_framework.exceptions import ErrorDetail, PermissionDenied
from rest_framework.permissions import BasePermission
from rest_framework.request import Request


class IsLoggedIn(BasePermission):
    """Any account that may log in, verified or not."""

    def has_permission(self, request: Request, view: Any) -> bool:
        return bool(request.user and request.user.is_authenticated)


class IsVerified(IsLoggedIn):
    """A verified account; one that is not may only read itself and ask for codes."""

    def has_permission(self, request: Request, view: Any) -> bool:
        if not super().has_permission(request, view):
            return False
        if not getattr(request.user, "is_verified", False):
            raise PermissionDenied(ErrorDetail("Verify your account first.", code="EMAIL_NOT_VERIFIED"))
        return True


class _HasRole(IsVerified):
    roles: tuple[str, ...] = ()

    def has_permission(self, request: Request, view: Any) -> bool:
        return super().has_permission(request, view) and getattr(request.user, "role", None) in self.roles


def HasRole(*roles: str) -> type[_HasRole]:  # noqa: N802 - reads as the class it returns
    """Return the permission class that admits the roles; the one role check there is."""
    return type("HasRole", (_HasRole,), {"roles": tuple(roles)})
