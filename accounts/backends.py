"""Login to the console: staff alone, by e-mail, password and second factor, under the same limit as over REST."""

from typing import Any

from django.contrib.auth.backends import ModelBackend
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest

from accounts.addresses import email_normalise
from accounts.enums import SecurityEventKind
from accounts.errors import SecondFactorMissing, SecondFactorRefused
from accounts.models import User
from accounts.services import second_factor_show, security_event_add
from fixmate.core.api.limits import count_use
from fixmate.core.api.requests import client_ip


class ConsoleBackend(ModelBackend):
    def authenticate(
        self, request: HttpRequest | None, username: str | None = None, password: str | None = None, **kwargs: Any
    ) -> User | None:
        """Return the account if everything it has to show is right.

        :raises SecondFactorMissing: if all is right but a code that was not given
        """
        email = email_normalise(username or "")
        if request is not None and count_use(request, "login", address=client_ip(request), accounts=[email]):
            security_event_add(SecurityEventKind.LOGIN_REFUSED, user=None)
            raise PermissionDenied  # ends the attempt: the form answers as to a wrong password
        found = super().authenticate(request, email, password)
        user = found if isinstance(found, User) and found.is_staff else None
        try:
            user = user and _shown(user, kwargs.get("otp"))
        except SecondFactorMissing:
            security_event_add(SecurityEventKind.LOGIN_REFUSED, user=user)
            raise
        security_event_add(SecurityEventKind.LOGIN if user else SecurityEventKind.LOGIN_REFUSED, user=user)
        return user


def _shown(user: User, otp: str | None) -> User | None:
    """Return the user if he has shown his second factor, or has none."""
    if not user.has_second_factor:
        return user
    if not otp:
        raise SecondFactorMissing
    try:
        second_factor_show(user_id=user.pk, otp=otp)
    except SecondFactorRefused:
        return None
    return user
