"""Redis, Celery and the outbox."""

from typing import Any

from kombu import Queue
from redis.backoff import NoBackoff
from redis.retry import Retry

from fixmate.core.env import env, env_bool, env_int
from fixmate.settings.base import IS_PRODUCTION

# Redis: broker, limits, cache. The embedded default keeps limits in a table and needs no cache.
REDIS_URL = env("REDIS_URL")
CACHES: dict[str, dict[str, Any]] = {
    "default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"},
    "ratelimit": {"BACKEND": "fixmate.core.counters.DatabaseCounterCache"},
}
if REDIS_URL:
    # One try: the library's own default is three more, each with a time-out of its own.
    _REDIS_OPTIONS = {
        "socket_timeout": 1,
        "socket_connect_timeout": 1,
        "retry": Retry(NoBackoff(), 0),
        "serializer": "fixmate.core.counters.PlainSerializer",
    }
    CACHES = {
        "default": {
            "BACKEND": "fixmate.core.counters.GuardedRedisCache",
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
# A worker takes from both unless it is told: what computes, and what waits for mail servers and providers.
CELERY_TASK_QUEUES = (Queue("celery"), Queue("outside"))
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

# Outbox
OUTBOX_LEASE_S = env_int("OUTBOX_LEASE_S", 90, minimum=1)  # longer than the hard time limit of a task
OUTBOX_CLAIM_S = env_int("OUTBOX_CLAIM_S", 30 if IS_PRODUCTION else 10, minimum=1)
OUTBOX_POLL_MS = env_int("OUTBOX_POLL_MS", 200, minimum=10)
OUTBOX_BATCH = env_int("OUTBOX_BATCH", 50, minimum=1)
RELAY_QUEUE_MAX = env_int("RELAY_QUEUE_MAX", 5_000, minimum=1)  # messages in a queue of Celery's, and no more
OUTBOX_KEEP_DONE_DAYS = env_int("OUTBOX_KEEP_DONE_DAYS", 7, minimum=1)
