"""Login to the console: staff alone, by e-mail and password, under the same limit as over REST."""

from typing import Any

from django.contrib.auth.backends import ModelBackend
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest

from accounts.addresses import email_normalise
from accounts.enums import SecurityEventKind
from accounts.models import User
from accounts.services import security_event_add
from fixmate.core.api.limits import count_use
from fixmate.core.api.requests import client_ip


class ConsoleBackend(ModelBackend):
    def authenticate(
        self, request: HttpRequest | None, username: str | None = None, password: str | None = None, **kwargs: Any
    ) -> User | None:
        email = email_normalise(username or "")
        if request is not None and count_use(request, "login", address=client_ip(request), accounts=[email]):
            security_event_add(SecurityEventKind.LOGIN_REFUSED, user=None)
            raise PermissionDenied  # ends the attempt: the form answers as to a wrong password
        found = super().authenticate(request, email, password, **kwargs)
        user = found if isinstance(found, User) and found.is_staff else None
        security_event_add(SecurityEventKind.LOGIN if user else SecurityEventKind.LOGIN_REFUSED, user=user)
        return user
