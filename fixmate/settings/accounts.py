"""Logging in: passwords, tokens, codes, and how often one may try."""

import re
from datetime import timedelta
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured

from fixmate.core.env import env, env_bool, env_int
from fixmate.settings.base import IS_PRODUCTION, SECRET_KEY

AUTH_USER_MODEL = "accounts.User"
SILENCED_SYSTEM_CHECKS = ["auth.W004"]  # e-mail addresses are unique where they are proven; the backend knows
AUTHENTICATION_BACKENDS = ["accounts.backends.ConsoleBackend"]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "accounts.hashers.LegacyBCryptSHA256",
    "accounts.hashers.LegacyBCrypt",
]
# 0, or the rounds of bcrypt hashes that were brought along: every refused password then costs as much as theirs.
LEGACY_BCRYPT_ROUNDS = env_int("LEGACY_BCRYPT_ROUNDS", 0)
if LEGACY_BCRYPT_ROUNDS not in {0, *range(4, 17)}:
    raise ImproperlyConfigured(f"LEGACY_BCRYPT_ROUNDS must be 0, or 4 to 16, not {LEGACY_BCRYPT_ROUNDS}")
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 8}},
    {"NAME": "accounts.password_rules.MaximumLength"},
    {"NAME": "accounts.password_rules.CommonPassword"},
    {"NAME": "accounts.password_rules.OwnWords"},
    {"NAME": "accounts.password_rules.NotBreached"},
]
_HASH_LINE_MAX = 80
_HASH_LINE = re.compile(rb"[0-9A-Fa-f]{40}(:[0-9]+)?\s*")


def _hashes(path: str) -> str:
    """Return the path of the file if it begins with a hash."""
    try:
        with Path(path).open("rb") as file:
            is_hash = _HASH_LINE.fullmatch(file.readline(_HASH_LINE_MAX)) is not None
    except OSError as exc:
        raise ImproperlyConfigured(f"BREACHED_PASSWORDS_FILE cannot be read: {exc}") from exc
    if not is_hash:
        raise ImproperlyConfigured("BREACHED_PASSWORDS_FILE must have lines of a SHA-1 hash and a count")
    return path


_breached = env("BREACHED_PASSWORDS_FILE")
BREACHED_PASSWORDS_FILE = _hashes(_breached) if _breached else ""
ACCESS_TOKEN_LIFETIME = timedelta(minutes=env_int("ACCESS_TOKEN_MINUTES", 30, minimum=1))
REFRESH_TOKEN_LIFETIME = timedelta(days=env_int("REFRESH_TOKEN_DAYS", 7, minimum=1))
SESSION_MAX = timedelta(days=env_int("SESSION_MAX_DAYS", 90, minimum=1))
REAUTHENTICATION_WINDOW = timedelta(minutes=env_int("REAUTHENTICATION_MINUTES", 10, minimum=1))
REFRESH_REPLAY_WINDOW = timedelta(seconds=10)
SIMPLE_JWT = {
    "AUTH_TOKEN_CLASSES": ("accounts.api.tokens.AccessToken",),
    "ACCESS_TOKEN_LIFETIME": ACCESS_TOKEN_LIFETIME,
    "REFRESH_TOKEN_LIFETIME": REFRESH_TOKEN_LIFETIME,
    "ALGORITHM": "HS256",
    "SIGNING_KEY": SECRET_KEY,
    "AUDIENCE": "fixmate-api",
    "ISSUER": "fixmate",
    "LEEWAY": 10,
    "USER_ID_CLAIM": "sub",
    "USER_ID_FIELD": "id",
    "UPDATE_LAST_LOGIN": False,
    "CHECK_REVOKE_TOKEN": False,
}
CODE_LIFETIME = timedelta(minutes=10)
CODE_TRIES = 3
CODE_TRIES_PER_HOUR = 15
CODES_PER_HOUR = env_int("CODES_PER_HOUR", 10, minimum=1)
CODES_PER_CLIENT = env_int("CODES_PER_CLIENT", 4, minimum=1)
PENDING_KEPT = timedelta(days=env_int("PENDING_KEEP_DAYS", 30, minimum=1))
PHONE_REGION = env("PHONE_REGION", "US")

# The second factor of staff: where they may not do without, and how long one that was shown is fresh
STAFF_REST_2FA = env_bool("STAFF_REST_2FA", default=IS_PRODUCTION)
STAFF_CONSOLE_2FA = env_bool("STAFF_CONSOLE_2FA", default=IS_PRODUCTION)
STEP_UP_WINDOW = timedelta(minutes=env_int("STEP_UP_MINUTES", 10, minimum=1))
OTP_TOTP_ISSUER = "FixMate"
OTP_TOTP_SYNC = False  # one step of tolerance is one, whatever the phone's clock has been like before

# Limits: django-ratelimit's "count/period"; an empty value switches one off.
RATELIMIT_USE_CACHE = "ratelimit"
RATES = {
    "login": env("RATE_LOGIN", "10/m"),
    "codes": env("RATE_CODES", "5/m"),
    "register": env("RATE_REGISTER", "10/m"),
    "refresh": env("RATE_REFRESH", "30/m"),
    "reset": env("RATE_RESET", "10/m"),
    "password": env("RATE_PASSWORD", "5/m"),
    "second_factor": env("RATE_SECOND_FACTOR", "10/m"),
    "export": env("RATE_EXPORT", "6/h"),
    "authorize": env("RATE_AUTHORIZE", "20/h"),
    "statements": env("RATE_STATEMENTS", "30/h"),
    "uploads": env("RATE_UPLOADS", "60/m"),
    "offer_answers": env("RATE_OFFER_ANSWERS", "60/m"),
    "requests": env("RATE_REQUESTS", "600/m"),
}
