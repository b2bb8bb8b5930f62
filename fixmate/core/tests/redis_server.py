"""The Redis of the tests: one that the run names has to be there; without a name its tests are skipped."""

import pytest
from django.conf import settings
from redis import Redis
from redis.exceptions import RedisError


def need(server: Redis) -> None:
    """Skip the test where no Redis answers; fail it where the run names that Redis."""
    try:
        server.ping()
    except RedisError:
        if settings.REDIS_URL:
            raise
        pytest.skip("no Redis on this machine: the embedded form does without")
