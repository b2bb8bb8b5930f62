"""What a session of the console remembers of the second factor."""

from django.conf import settings
from django.http import HttpRequest
from django.utils import timezone

from accounts.models import User

_SHOWN = "second_factor_at"


def factor_note(request: HttpRequest) -> None:
    """Note that the second factor was shown just now; the session gets another key."""
    request.session.cycle_key()
    request.session[_SHOWN] = timezone.now().timestamp()


def factor_forget(request: HttpRequest) -> None:
    request.session.pop(_SHOWN, None)


def is_factor_missing(request: HttpRequest) -> bool:
    """Tell whether staff get no further before they show a second factor, and add one if they have none."""
    return settings.STAFF_CONSOLE_2FA and _SHOWN not in request.session


def is_factor_stale(request: HttpRequest) -> bool:
    """Tell whether a dangerous act has to wait until the second factor is shown again."""
    shown_at = request.session.get(_SHOWN, 0.0)
    is_old = timezone.now().timestamp() - shown_at > settings.STEP_UP_WINDOW.total_seconds()
    return settings.STAFF_CONSOLE_2FA and is_old


def staff_of(request: HttpRequest) -> User | None:
    """Return who is logged in, if he is working staff."""
    user = request.user
    return user if isinstance(user, User) and user.is_staff else None
