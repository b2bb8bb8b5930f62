"""Where it stands, how it runs, and what it consists of."""

import os
import secrets
from pathlib import Path

from django.utils.translation import to_language

from fixmate.core.env import env, env_bool, env_choice, env_int, env_list

BASE_DIR = Path(__file__).resolve().parent.parent.parent
VAR_DIR = Path(env("VAR_DIR", str(BASE_DIR / "var"))).resolve()
VAR_DIR.mkdir(parents=True, exist_ok=True)

# Mode
EMBEDDED, PRODUCTION = "embedded", "production"
FIXMATE_MODE = env_choice("FIXMATE_MODE", EMBEDDED, (EMBEDDED, PRODUCTION))
IS_PRODUCTION = FIXMATE_MODE == PRODUCTION
DEBUG = env_bool("DEBUG", default=False)


def _embedded_secret_key() -> str:
    """Make the key once; the exclusive open lets two first starts agree on one file."""
    path = VAR_DIR / "secret_key"
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path.read_text(encoding="ascii")
    key = secrets.token_urlsafe(50)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(key)
    return key


MIN_SECRET_LENGTH = 32
SECRET_KEY = env("SECRET_KEY") or ("" if IS_PRODUCTION else _embedded_secret_key())
ALLOWED_HOSTS = env_list("ALLOWED_HOSTS", "" if IS_PRODUCTION else "127.0.0.1,localhost,[::1]")
CSRF_TRUSTED_ORIGINS = env_list("CSRF_TRUSTED_ORIGINS")
HOST = env("HOST", "127.0.0.1")
PORT = env_int("PORT", 8000, minimum=1)
TRUSTED_PROXY_COUNT = env_int("TRUSTED_PROXY_COUNT", 0)
METRICS_TOKEN = env("METRICS_TOKEN")

# Applications
INSTALLED_APPS = [
    "accounts.console.apps.ConsoleConfig",  # urls.py looks for the pages: background processes need none
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "corsheaders",
    "rest_framework",
    "django_filters",
    "django_otp",
    "django_otp.plugins.otp_totp",
    "django_otp.plugins.otp_static",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "fixmate.core",
    "accounts",
    "catalog",
    "technicians",
    "jobs",
    "matching",
    "payments",
    "reviews",
    "disputes",
    "notifications",
    "fixmate.ops",
]
MIDDLEWARE = [
    "fixmate.core.api.middleware.RequestContextMiddleware",
    "fixmate.core.api.protection.ProtectionMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "corsheaders.middleware.CorsMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "fixmate.core.api.compression.CompressionMiddleware",
    "fixmate.core.api.middleware.TrailingSlashMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
ROOT_URLCONF = "fixmate.urls"
WSGI_APPLICATION = "fixmate.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "fixmate" / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]

# Language and time
LANGUAGE_CODE = "en"
LOCALE_PATHS = [BASE_DIR / "locale"]
_TRANSLATED = {to_language(found.parts[-3]) for found in LOCALE_PATHS[0].glob("*/LC_MESSAGES/django.mo")}
NEWS_LANGUAGE = env_choice("NEWS_LANGUAGE", LANGUAGE_CODE, (LANGUAGE_CODE, *sorted(_TRANSLATED - {LANGUAGE_CODE})))
USE_I18N = True
USE_TZ = True
TIME_ZONE = "UTC"
