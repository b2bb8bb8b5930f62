"""What stands before every request: proxies, other origins, sizes."""

import re
from ipaddress import ip_network

from django.core.exceptions import ImproperlyConfigured

from fixmate.core.env import env, env_list
from fixmate.settings.api import UPLOAD_MAX_BYTES


def _network(text: str) -> str:
    try:
        return str(ip_network(text))
    except ValueError as exc:
        raise ImproperlyConfigured(f"TRUSTED_PROXIES: {exc}") from exc


# A proxy of these networks is believed what it says about the client; without any, whoever connects is, up to
# TRUSTED_PROXY_COUNT addresses.
TRUSTED_PROXIES = [_network(text) for text in env_list("TRUSTED_PROXIES")]
# To a WSGI application a header with a dash and one with an underscore are the same, and a proxy may let the client's
# through: a name with neither has no twin.
FORWARDED_HEADER = env("FORWARDED_HEADER", "X-Forwarded-For")
MAX_REQUEST_BYTES = UPLOAD_MAX_BYTES + 100_000  # the largest body there is: one file, and the form around it

# Other origins: apps in a browser. They send a token of their own, so cookies stay out of it.
CORS_ALLOWED_ORIGINS = env_list("CORS_ALLOWED_ORIGINS")
CORS_ALLOW_CREDENTIALS = False
CORS_URLS_REGEX = re.compile(r"^/api/")
CORS_ALLOW_METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
CORS_ALLOW_HEADERS = ["accept", "authorization", "content-type", "idempotency-key", "if-none-match", "x-request-id"]
CORS_EXPOSE_HEADERS = ["ETag", "Idempotent-Replayed", "Location", "Retry-After", "X-Request-ID"]
CORS_PREFLIGHT_MAX_AGE = 600
