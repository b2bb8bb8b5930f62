"""What keeps browsers safe: cookies, HTTPS, headers, and the sessions of the console."""

from datetime import timedelta

from fixmate.core.env import env_bool, env_int
from fixmate.settings.base import IS_PRODUCTION, TRUSTED_PROXY_COUNT

SESSION_ENGINE = "fixmate.core.console_sessions"
CONSOLE_IDLE = timedelta(minutes=env_int("CONSOLE_IDLE_MINUTES", 30, minimum=2))
CONSOLE_LONGEST = timedelta(hours=env_int("CONSOLE_HOURS", 12, minimum=1))
SESSION_COOKIE_AGE = int(CONSOLE_LONGEST.total_seconds())
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_SAMESITE = "Lax"
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
if IS_PRODUCTION:
    SESSION_COOKIE_SECURE = True
    CSRF_COOKIE_SECURE = True
    SECURE_HSTS_SECONDS = env_int("HSTS_SECONDS", 31_536_000)
    SECURE_HSTS_INCLUDE_SUBDOMAINS = True
    SECURE_HSTS_PRELOAD = True
    SECURE_SSL_REDIRECT = env_bool("SSL_REDIRECT", default=True)
    SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^health$", r"^readyz$", r"^metrics$"]
    if TRUSTED_PROXY_COUNT:
        SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
