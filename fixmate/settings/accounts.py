"""Logging in: passwords, tokens, codes, and how often one may try."""

from datetime import timedelta

from fixmate.core.env import env, env_int
from fixmate.settings.base import SECRET_KEY

AUTH_USER_MODEL = "accounts.User"
SILENCED_SYSTEM_CHECKS = ["auth.W004"]  # e-mail addresses are unique where they are proven; the backend knows
AUTHENTICATION_BACKENDS = ["accounts.backends.ConsoleBackend"]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.BCryptSHA256PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 8}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
ACCESS_TOKEN_LIFETIME = timedelta(minutes=env_int("ACCESS_TOKEN_MINUTES", 30, minimum=1))
REFRESH_TOKEN_LIFETIME = timedelta(days=env_int("REFRESH_TOKEN_DAYS", 7, minimum=1))
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
CODES_PER_HOUR = env_int("CODES_PER_HOUR", 5, minimum=1)
PHONE_REGION = env("PHONE_REGION", "US")

# Limits: django-ratelimit's "count/period"; an empty value switches one off.
RATELIMIT_USE_CACHE = "ratelimit"
RATES = {
    "login": env("RATE_LOGIN", "10/m"),
    "codes": env("RATE_CODES", "5/m"),
    "register": env("RATE_REGISTER", "10/m"),
    "refresh": env("RATE_REFRESH", "30/m"),
    "reset": env("RATE_RESET", "10/m"),
    "password": env("RATE_PASSWORD", "5/m"),
    "export": env("RATE_EXPORT", "6/h"),
    "uploads": env("RATE_UPLOADS", "60/m"),
    "offer_answers": env("RATE_OFFER_ANSWERS", "60/m"),
    "requests": env("RATE_REQUESTS", "600/m"),
}
