"""The base of what staff alone read and do. No docstring on the class: the schema would show it to callers."""

from typing import TypeVar

from django.db.models import Model

from accounts.api.requests import AuthedRequest
from accounts.enums import Role
from fixmate.core.api.permissions import HasRole
from fixmate.core.api.viewsets import ActViewSet

M = TypeVar("M", bound=Model)


class StaffViewSet(ActViewSet[M]):
    permission_classes = [HasRole(Role.ADMIN)]
    request: AuthedRequest
