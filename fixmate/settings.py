"""All settings, read from the environment once. `.env.example` explains every variable."""

import os
import secrets
from datetime import timedelta
from pathlib import Path
from typing import Any

import dj_database_url
import django_stubs_ext
import structlog
from django.core.exceptions import ImproperlyConfigured

from fixmate.core.env import env, env_bool, env_choice, env_decimal, env_int, env_list

django_stubs_ext.monkeypatch()  # lets generic classes name their model at run time as they do for mypy

BASE_DIR = Path(__file__).resolve().parent.parent
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
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "rest_framework",
    "django_filters",
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
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
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

# Database
DATABASE_URL = env("DATABASE_URL", f"sqlite:///{VAR_DIR / 'fixmate.sqlite3'}")


def _database(url: str) -> dict[str, Any]:
    config: dict[str, Any] = dict(dj_database_url.parse(url))
    if config["ENGINE"].endswith("sqlite3"):
        # IMMEDIATE takes the write lock at BEGIN: the default, DEFERRED, fails with "database is locked" under races.
        config["OPTIONS"] = {
            "transaction_mode": "IMMEDIATE",
            "timeout": 20,
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA foreign_keys=ON;",
        }
        # Opening costs more than a query: functions are registered, pragmas run, the last to close writes the WAL back.
        config["CONN_MAX_AGE"] = None
        # A file, so that real processes can join the tests.
        config["TEST"] = {"NAME": str(VAR_DIR / f"test_{os.getpid()}.sqlite3")}
    else:
        config["CONN_HEALTH_CHECKS"] = True
        config["OPTIONS"] = {
            **config.get("OPTIONS", {}),
            "pool": {"min_size": 1, "max_size": env_int("DATABASE_POOL_SIZE", 8, minimum=1), "timeout": 10},
        }
    return config


DATABASES = {"default": _database(DATABASE_URL)}
IS_SQLITE = DATABASES["default"]["ENGINE"].endswith("sqlite3")
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# Redis: broker, limits, cache. The embedded default keeps limits in a table and needs no cache.
REDIS_URL = env("REDIS_URL")
CACHES: dict[str, dict[str, Any]] = {
    "default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"},
    "ratelimit": {"BACKEND": "fixmate.core.counters.DatabaseCounterCache"},
}
if REDIS_URL:
    _REDIS_OPTIONS = {"socket_timeout": 1, "socket_connect_timeout": 1}
    CACHES = {
        "default": {
            "BACKEND": "django.core.cache.backends.redis.RedisCache",
            "LOCATION": REDIS_URL,
            "OPTIONS": _REDIS_OPTIONS,
        },
        "ratelimit": {
            "BACKEND": "fixmate.core.counters.RedisCounterCache",
            "LOCATION": REDIS_URL,
            "OPTIONS": _REDIS_OPTIONS,
        },
    }

# Celery: a hint that may be lost, doubled or late; the rows of the outbox decide.
CELERY_BROKER_URL = REDIS_URL or "memory://"
CELERY_TASK_ALWAYS_EAGER = env_bool("CELERY_TASK_ALWAYS_EAGER", default=False)
CELERY_TASK_IGNORE_RESULT = True
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_SERIALIZER = "json"
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = False
CELERY_TASK_SOFT_TIME_LIMIT = 45
CELERY_TASK_TIME_LIMIT = 60
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_SOFT_SHUTDOWN_TIMEOUT = 10.0
CELERY_WORKER_ENABLE_SOFT_SHUTDOWN_ON_IDLE = True
CELERY_WORKER_CANCEL_LONG_RUNNING_TASKS_ON_CONNECTION_LOSS = True
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": 300,  # five hard limits; nothing in the system uses an ETA
    "unacked_restore_interval": 5,
    "unacked_restore_throttle": 1,
}
CELERY_TASK_PUBLISH_RETRY_POLICY = {"max_retries": 2, "interval_start": 0, "interval_step": 0.1, "interval_max": 0.2}
CELERY_TIMEZONE = "UTC"

# Background work
OUTBOX_LEASE_S = env_int("OUTBOX_LEASE_S", 90, minimum=1)  # longer than the hard time limit of a task
OUTBOX_CLAIM_S = env_int("OUTBOX_CLAIM_S", 30 if IS_PRODUCTION else 10, minimum=1)
OUTBOX_POLL_MS = env_int("OUTBOX_POLL_MS", 200, minimum=10)
OUTBOX_BATCH = env_int("OUTBOX_BATCH", 50, minimum=1)
OUTBOX_KEEP_DONE_DAYS = env_int("OUTBOX_KEEP_DONE_DAYS", 7, minimum=1)

# Accounts
AUTH_USER_MODEL = "accounts.User"
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
PHONE_REGION = env("PHONE_REGION", "US")

# Limits: django-ratelimit's "count/period"; an empty value switches one off.
RATELIMIT_USE_CACHE = "ratelimit"
RATES = {
    "login": env("RATE_LOGIN", "10/m"),
    "codes": env("RATE_CODES", "5/m"),
    "register": env("RATE_REGISTER", "10/m"),
    "refresh": env("RATE_REFRESH", "30/m"),
}

# API
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["accounts.api.authentication.SessionJWTAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["fixmate.core.api.permissions.IsVerified"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["fixmate.core.api.parsers.StrictJSONParser"],
    "DEFAULT_PAGINATION_CLASS": "fixmate.core.api.pagination.KeysetPagination",
    "DEFAULT_FILTER_BACKENDS": ["fixmate.core.api.filters.StrictFilterBackend"],
    "DEFAULT_SCHEMA_CLASS": "fixmate.core.api.schema.FixMateSchema",
    "EXCEPTION_HANDLER": "fixmate.core.api.envelope.exception_handler",
    "PAGE_SIZE": 10,
    "COERCE_DECIMAL_TO_STRING": True,
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
    "URL_FORMAT_OVERRIDE": None,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "FixMate API",
    "VERSION": "1.0.0",
    "DESCRIPTION": "On-demand home repair: request a job, have a verified technician found, see it through.",
    "OAS_VERSION": "3.1.0",
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PERMISSIONS": ["rest_framework.permissions.AllowAny"],
    "SERVE_AUTHENTICATION": [],
    "COMPONENT_SPLIT_REQUEST": True,
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
    "POSTPROCESSING_HOOKS": ["drf_spectacular.hooks.postprocess_schema_enums"],
    "ENUM_NAME_OVERRIDES": {
        "JobStatus": "jobs.enums.JobStatus",
        "OfferStatus": "matching.enums.OfferStatus",
        "PaymentStatus": "payments.enums.PaymentStatus",
        "DisputeCategory": "disputes.enums.DisputeCategory",
        "DisputeOutcome": "disputes.enums.DisputeOutcome",
        "PaymentPurpose": "payments.enums.PaymentPurpose",
        "UploadPurpose": "fixmate.core.enums.UploadPurpose",
        "DisputeStatus": "disputes.enums.DisputeStatus",
        "DocumentKind": "technicians.enums.DocumentKind",
        "DocumentStatus": "technicians.enums.DocumentStatus",
        "Verification": "technicians.enums.Verification",
        "Role": "accounts.enums.Role",
        "UserStatus": "accounts.enums.UserStatus",
    },
}
MAX_BODY_BYTES = 1_000_000
DATA_UPLOAD_MAX_MEMORY_SIZE = 6_000_000
UPLOAD_MAX_BYTES = 5 * 1024 * 1024

# Money
CURRENCY = env("CURRENCY", "USD")
DEFAULT_FEE_RATE = env_decimal("DEFAULT_FEE_RATE", "0.15", maximum="1")
CANCELLATION_FEE_RATE = env_decimal("CANCELLATION_FEE_RATE", "0.20", maximum="1")

# The job's rules
CANCELLATION_GRACE_S = env_int("CANCELLATION_GRACE_S", 300)
MAX_REMATCHES = env_int("MAX_REMATCHES", 3)
DISPATCH_LEAD_S = env_int("DISPATCH_LEAD_S", 120 * 60)
MAX_SCHEDULE_DAYS = env_int("MAX_SCHEDULE_DAYS", 90, minimum=1)
START_CODE_REQUIRED = env_bool("START_CODE_REQUIRED", default=True)
START_CODE_TRIES = env_int("START_CODE_TRIES", 5, minimum=1)
START_MAX_DISTANCE_M = env_int("START_MAX_DISTANCE_M", 500)
START_MAX_POSITION_AGE_S = env_int("START_MAX_POSITION_AGE_S", 600)
CONTACT_VISIBLE_DAYS = env_int("CONTACT_VISIBLE_DAYS", 30)
VISIT_REMINDER_S = env_int("VISIT_REMINDER_S", 3600, minimum=1)
DARK_CHECK_S = env_int("DARK_CHECK_S", 1800)
DARK_AFTER_S = env_int("DARK_AFTER_S", 900, minimum=1)
DISPUTE_WINDOW_DAYS = env_int("DISPUTE_WINDOW_DAYS", 14)

# Technicians
REQUIRED_DOCUMENTS = env_list("REQUIRED_DOCUMENTS", "IDENTITY")
POSITION_FRESH_S = env_int("POSITION_FRESH_S", 120, minimum=1)
POSITION_MIN_MOVE_M = env_int("POSITION_MIN_MOVE_M", 50)
POSITION_TOUCH_S = env_int("POSITION_TOUCH_S", 30, minimum=1)
POSITION_TRACE_M = env_int("POSITION_TRACE_M", 500, minimum=1)
PINGS_ARE_BATCHED = IS_PRODUCTION  # embedded, one process writes them itself and there is no Redis
PING_BATCH = env_int("PING_BATCH", 500, minimum=1)
DOCUMENT_REMINDER_DAYS = env_int("DOCUMENT_REMINDER_DAYS", 30, minimum=1)
STATE_KEEP_DAYS = env_int("STATE_KEEP_DAYS", 90, minimum=1)
WORKLOAD_CAP = env_int("WORKLOAD_CAP", 8, minimum=1)  # jobs held at once, booked ones included

# Matching
MATCHING_POLICY = env("MATCHING_POLICY", "index")
POLICY_LIMIT_MS = env_int("POLICY_LIMIT_MS", 50, minimum=1)
SHADOW_POLICIES_MAX = env_int("SHADOW_POLICIES_MAX", 3)
EXPLORATION_PERCENT = env_decimal("EXPLORATION_PERCENT", "0", maximum="100")
EXPLORATION_AMONG = env_int("EXPLORATION_AMONG", 8, minimum=1)
RANK_BATCH = env_int("RANK_BATCH", 500, minimum=1)
MANUAL_ASSIGNMENT = env_bool("MANUAL_ASSIGNMENT", default=False)
OFFER_TIMEOUT_S = env_int("OFFER_TIMEOUT_S", 60, minimum=1)
OFFER_TIMEOUT_SCHEDULED_S = env_int("OFFER_TIMEOUT_SCHEDULED_S", 180, minimum=1)
OFFER_ACK_S = env_int("OFFER_ACK_S", 10, minimum=1)
OFFER_TIMEOUT_MIN_S = env_int("OFFER_TIMEOUT_MIN_S", 30, minimum=1)
OFFER_TIMEOUT_MAX_S = env_int("OFFER_TIMEOUT_MAX_S", 120, minimum=1)
LEARN_TIMEOUT = env_bool("LEARN_TIMEOUT", default=False)
LEARN_FROM_ANSWERS = env_int("LEARN_FROM_ANSWERS", 50, minimum=1)
LEARN_DAYS = env_int("LEARN_DAYS", 14, minimum=1)
PASS_RETRY_S = env_int("PASS_RETRY_S", 15, minimum=1)
PASS_LOST_S = env_int("PASS_LOST_S", 15, minimum=1)
SEARCH_BUDGET_S = env_int("SEARCH_BUDGET_S", 600, minimum=1)
MAX_OFFERS_PER_JOB = env_int("MAX_OFFERS_PER_JOB", 12, minimum=1)
SEARCH_RADIUS_M = env_int("SEARCH_RADIUS_M", 6_000, minimum=1)
SEARCH_RADIUS_STEP_M = env_int("SEARCH_RADIUS_STEP_M", 4_000)
SEARCH_RADIUS_STEP_S = env_int("SEARCH_RADIUS_STEP_S", 60, minimum=1)
SEARCH_RADIUS_MAX_M = env_int("SEARCH_RADIUS_MAX_M", 18_000, minimum=1)
REFUSALS_BEFORE_FLAG = env_int("REFUSALS_BEFORE_FLAG", 6, minimum=1)
COOLDOWN_REJECT_S = env_int("COOLDOWN_REJECT_S", 30)
COOLDOWN_SILENT_S = env_int("COOLDOWN_SILENT_S", 60)
COOLDOWN_UNDELIVERED_S = env_int("COOLDOWN_UNDELIVERED_S", 20)
PAUSE_AFTER_SILENT = env_int("PAUSE_AFTER_SILENT", 3, minimum=1)
PAUSE_S = env_int("PAUSE_S", 300)
STARVATION_ONLINE_S = env_int("STARVATION_ONLINE_S", 3 * 3600, minimum=1)
STARVATION_ONE_IN = env_int("STARVATION_ONE_IN", 10)
BUSY_MEMORY_S = env_int("BUSY_MEMORY_S", 1800)
REFUSAL_MEMORY_S = env_int("REFUSAL_MEMORY_S", 7 * 86_400)
TRAVEL_SLACK_S = env_int("TRAVEL_SLACK_S", 0)
ESTIMATE_FROM_JOBS = env_int("ESTIMATE_FROM_JOBS", 5, minimum=1)
ESTIMATE_DAYS = env_int("ESTIMATE_DAYS", 7, minimum=1)
CANDIDATES_FIRST = env_int("CANDIDATES_FIRST", 20, minimum=1)
CANDIDATES_KEPT = env_int("CANDIDATES_KEPT", 50, minimum=1)
POOL_SIZE = env_int("POOL_SIZE", 1_000, minimum=1)
INDEX_FROM_ROWS = env_int("INDEX_FROM_ROWS", 250)
DECISION_KEEP_DAYS = env_int("DECISION_KEEP_DAYS", 90, minimum=1)
EXPLAIN_DAYS = env_int("EXPLAIN_DAYS", 30, minimum=1)
EXPLAIN_PASSES = env_int("EXPLAIN_PASSES", 200, minimum=1)
BASE_POSITION_AHEAD_S = env_int("BASE_POSITION_AHEAD_S", 2 * 3600)

# Files and mail
MEDIA_ROOT = VAR_DIR / "media"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
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

# Language and time
LANGUAGE_CODE = "en"
USE_I18N = True
USE_TZ = True
TIME_ZONE = "UTC"

# Browser security
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

# Logs: one JSON object a line; control characters cannot forge a second one.
LOG_LEVEL = env_choice("LOG_LEVEL", "INFO", ("DEBUG", "INFO", "WARNING", "ERROR"))
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "json": {
            "()": structlog.stdlib.ProcessorFormatter,
            "processors": [
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,
                structlog.processors.JSONRenderer(),
            ],
            "foreign_pre_chain": [
                structlog.contextvars.merge_contextvars,
                structlog.stdlib.add_log_level,
                structlog.stdlib.add_logger_name,
                structlog.processors.TimeStamper(fmt="iso", utc=True),
            ],
        }
    },
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "json"}},
    "root": {"handlers": ["stderr"], "level": LOG_LEVEL},
    "loggers": {
        "django.server": {"handlers": [], "propagate": True},
        "celery.app.trace": {"level": "WARNING"},  # one line per sweep, several times a second, says nothing
    },
}
structlog.configure(
    processors=[
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.filter_by_level,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
    ],
    logger_factory=structlog.stdlib.LoggerFactory(),
    wrapper_class=structlog.stdlib.BoundLogger,
    cache_logger_on_first_use=True,
)


def _refuse_unsafe_production() -> None:
    """Refuse to start on an embedded part. System checks do not run under WSGI, so this is at import."""
    faults = {
        "SECRET_KEY must be set, to at least 32 characters": len(SECRET_KEY) < MIN_SECRET_LENGTH,
        "DEBUG must be off": DEBUG,
        "DATABASE_URL must name PostgreSQL": IS_SQLITE,
        "REDIS_URL must be set": not REDIS_URL,
        "CELERY_TASK_ALWAYS_EAGER must be off": CELERY_TASK_ALWAYS_EAGER,
        "EMAIL_HOST must name an SMTP server": not EMAIL_HOST,
        "ALLOWED_HOSTS must name the hosts": not ALLOWED_HOSTS or "*" in ALLOWED_HOSTS,
    }
    found = [fault for fault, is_present in faults.items() if is_present]
    if found:
        raise ImproperlyConfigured("FIXMATE_MODE=production refuses to start: " + "; ".join(found))


if IS_PRODUCTION:
    _refuse_unsafe_production()
