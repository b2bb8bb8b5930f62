from typing import Any

from rest_framework.request import Request

from accounts.enums import DISPATCH_JOB, Role
from fixmate.core.api.permissions import HasRole


class IsDispatcher(HasRole(Role.ADMIN)):  # type: ignore[misc]
    """Staff who may give jobs to technicians by hand."""

    message = "Only dispatchers give jobs by hand."

    def has_permission(self, request: Request, view: Any) -> bool:
        return super().has_permission(request, view) and request.user.has_perm(DISPATCH_JOB)
