"""Whom the door of the API refuses though he is logged in and verified: staff who have shown no second factor."""

from typing import Any

from django.conf import settings
from rest_framework.request import Request

from accounts.enums import Role
from accounts.errors import SecondFactorRequired, StepUpRequired
from fixmate.core import clock
from fixmate.core.api.permissions import door_guarded_by
from fixmate.core.api.requests import act_of


def factor_guard(request: Request, view: Any) -> None:
    """Let staff in who have shown a second factor: for what the view calls dangerous, one that is fresh.

    What it asks stands in the row of the session, which the login has read.

    :raises SecondFactorRequired: if none was shown in this session
    :raises StepUpRequired: if it was shown too long ago for this act
    """
    is_staff = getattr(request.user, "role", None) == Role.ADMIN
    if not settings.STAFF_REST_2FA or not is_staff or getattr(view, "is_before_second_factor", False):
        return
    shown_at = getattr(getattr(request.auth, "session", None), "second_factor_at", None)
    if shown_at is None:
        raise SecondFactorRequired
    is_dangerous = act_of(request, view) in getattr(view, "step_up", ())
    if is_dangerous and clock.now() - shown_at > settings.STEP_UP_WINDOW:
        raise StepUpRequired


door_guarded_by(factor_guard, SecondFactorRequired, StepUpRequired)
