"""Files, static files and mail."""

from typing import Any

from django.core.exceptions import ImproperlyConfigured

from fixmate.core.env import env, env_bool, env_choice, env_int
from fixmate.settings.base import VAR_DIR

MEDIA_ROOT = VAR_DIR / "media"
FILES_STORAGE = env_choice("FILES_STORAGE", "local", ("local", "s3"))
FILES_DOWNLOAD = env_choice("FILES_DOWNLOAD", "stream", ("stream", "link"))
FILES_LINK_S = 60
_S3_OPTIONS = {
    "bucket_name": env("S3_BUCKET"),
    "endpoint_url": env("S3_ENDPOINT_URL") or None,
    "region_name": env("S3_REGION", "us-east-1"),
    "access_key": env("S3_ACCESS_KEY_ID") or None,
    "secret_key": env("S3_SECRET_ACCESS_KEY") or None,
    "timeout_s": env_int("S3_TIMEOUT_S", 3, minimum=1),
}
if FILES_STORAGE == "s3" and not _S3_OPTIONS["bucket_name"]:
    raise ImproperlyConfigured("FILES_STORAGE=s3 needs S3_BUCKET")
if bool(_S3_OPTIONS["access_key"]) != bool(_S3_OPTIONS["secret_key"]):
    raise ImproperlyConfigured("S3_ACCESS_KEY_ID and S3_SECRET_ACCESS_KEY are given together, or neither is")
_FILES: dict[str, dict[str, Any]] = {
    "local": {"BACKEND": "fixmate.core.storage.PrivateDiskStorage"},
    "s3": {"BACKEND": "fixmate.core.storage_s3.PrivateS3Storage", "OPTIONS": _S3_OPTIONS},
}
STORAGES = {
    "default": _FILES[FILES_STORAGE],
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
STATIC_URL = "/static/"
STATIC_ROOT = VAR_DIR / "static"
STATIC_ROOT.mkdir(exist_ok=True)  # else whitenoise warns at every start; empty is fine, it finds files in the packages
WHITENOISE_USE_FINDERS = True
EMAIL_HOST = env("EMAIL_HOST")
EMAIL_PORT = env_int("EMAIL_PORT", 587, minimum=1)
EMAIL_HOST_USER = env("EMAIL_HOST_USER")
EMAIL_HOST_PASSWORD = env("EMAIL_HOST_PASSWORD")
EMAIL_USE_TLS = env_bool("EMAIL_USE_TLS", default=True)
EMAIL_FILE_PATH = VAR_DIR / "mail"
EMAIL_BACKEND = f"django.core.mail.backends.{'smtp' if EMAIL_HOST else 'filebased'}.EmailBackend"
EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL = env("DEFAULT_FROM_EMAIL", "FixMate <no-reply@fixmate.example>")
SUPPORT_EMAIL = env("SUPPORT_EMAIL")
APP_URL = env("APP_URL")
if "@" not in DEFAULT_FROM_EMAIL or (SUPPORT_EMAIL and "@" not in SUPPORT_EMAIL):
    raise ImproperlyConfigured("DEFAULT_FROM_EMAIL and SUPPORT_EMAIL are e-mail addresses")
if APP_URL and not APP_URL.startswith("https://"):
    raise ImproperlyConfigured("APP_URL is an address that begins with https://")
