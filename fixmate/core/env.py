"""Strict readers of the environment: a typo in a deployment stops the start, it is never guessed at."""

import os
from decimal import Decimal, InvalidOperation
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured

TRUE, FALSE = "true", "false"


def env(name: str, default: str = "") -> str:
    """Return the variable, or the content of the file that `NAME_FILE` points to (for secrets)."""
    path = os.environ.get(f"{name}_FILE")
    if path is None:
        return os.environ.get(name, default)
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as exc:
        raise ImproperlyConfigured(f"{name}_FILE cannot be read: {exc}") from exc


def env_bool(name: str, *, default: bool) -> bool:
    value = env(name, TRUE if default else FALSE)
    if value not in (TRUE, FALSE):
        raise ImproperlyConfigured(f"{name} must be 'true' or 'false', not {value!r}")
    return value == TRUE


def env_int(name: str, default: int, *, minimum: int = 0) -> int:
    value = env(name, str(default))
    try:
        number = int(value)
    except ValueError as exc:
        raise ImproperlyConfigured(f"{name} must be a whole number, not {value!r}") from exc
    if number < minimum:
        raise ImproperlyConfigured(f"{name} must be at least {minimum}, not {number}")
    return number


def env_decimal(name: str, default: str, *, minimum: str = "0", maximum: str | None = None) -> Decimal:
    value = env(name, default)
    try:
        number = Decimal(value)
    except InvalidOperation as exc:
        raise ImproperlyConfigured(f"{name} must be a decimal number, not {value!r}") from exc
    if not number.is_finite() or number < Decimal(minimum) or (maximum is not None and number > Decimal(maximum)):
        raise ImproperlyConfigured(f"{name} is out of range: {value}")
    return number


def env_list(name: str, default: str = "") -> list[str]:
    return [part.strip() for part in env(name, default).split(",") if part.strip()]


def env_choice(name: str, default: str, choices: tuple[str, ...]) -> str:
    value = env(name, default)
    if value not in choices:
        raise ImproperlyConfigured(f"{name} must be one of {', '.join(choices)}, not {value!r}")
    return value
