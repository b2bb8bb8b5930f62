"""Sessions of the console: rows that end when nobody has used them for a while, and after a working day in any case.

They are rows of Django's own table. Nothing else in FixMate has cookies.
"""

from typing import Any, Final

from django.conf import settings
from django.contrib.sessions.backends.base import SessionBase
from django.contrib.sessions.backends.db import SessionStore as RowSessionStore
from django.contrib.sessions.base_session import AbstractBaseSession
from django.utils import timezone

_BEGUN, _SEEN = "begun_at", "seen_at"
_TOUCH_S: Final = 60.0  # use is noted this often at most: a page is many requests


class SessionStore(RowSessionStore):
    def load(self) -> dict[str, Any]:
        data: dict[str, Any] = super().load()
        if data and _is_over(data):
            self.delete(self.session_key)
            self._session_key = None
            return {}
        if data and _now() - data[_SEEN] >= _TOUCH_S:
            self.modified = True  # the middleware saves it with the answer
        return data

    def create_model_instance(self, data: dict[str, Any]) -> AbstractBaseSession:
        data.setdefault(_BEGUN, _now())
        data[_SEEN] = _now()
        row: AbstractBaseSession = super().create_model_instance(data)
        return row


def session_begin(session: SessionBase) -> None:
    """Count from now: somebody has just logged in, whatever the session was before."""
    session[_BEGUN] = _now()


def _is_over(data: dict[str, Any]) -> bool:
    idle_s, age_s = (_now() - data.get(name, 0.0) for name in (_SEEN, _BEGUN))
    is_idle: bool = idle_s >= settings.CONSOLE_IDLE.total_seconds()
    is_old: bool = age_s >= settings.CONSOLE_LONGEST.total_seconds()
    return is_idle or is_old


def _now() -> float:
    return timezone.now().timestamp()
