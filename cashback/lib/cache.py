"""A cache that may be away: without Redis every read is a miss and every write is dropped.

Nothing that must survive is kept here, so nobody has to wait for it or to know that it is gone.
"""

import logging
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

from django.core.cache.backends.base import DEFAULT_TIMEOUT
from django.core.cache.backends.redis import RedisCache
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

TIMEOUT_SECONDS = 0.1
# After a failure nobody asks again for this long: a hanging Redis would cost each call the whole timeout.
PAUSE_SECONDS = 1.0
LOG_INTERVAL_SECONDS = 60.0

T = TypeVar("T")

logger = logging.getLogger(__name__)


class ForgivingRedisCache(RedisCache):
    """Django's Redis cache, where any trouble with Redis is a miss."""

    # Of the process, not of the instance: Django makes one instance per thread.
    _asked_again_at = 0.0
    _logged_again_at = 0.0

    def __init__(self, server: str | list[str], params: dict[str, Any]) -> None:
        patience = {
            "socket_timeout": TIMEOUT_SECONDS,
            "socket_connect_timeout": TIMEOUT_SECONDS,
            # redis-py would sleep and try again.
            "retry": Retry(NoBackoff(), 0),
        }
        super().__init__(server, {**params, "OPTIONS": patience | params.get("OPTIONS", {})})

    def add(self, key: Any, value: Any, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None) -> bool:
        return self._forgive(lambda: super(ForgivingRedisCache, self).add(key, value, timeout, version), False)

    def get(self, key: Any, default: Any = None, version: int | None = None) -> Any:
        return self._forgive(lambda: super(ForgivingRedisCache, self).get(key, default, version), default)

    def set(self, key: Any, value: Any, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None) -> None:
        self._forgive(lambda: super(ForgivingRedisCache, self).set(key, value, timeout, version), None)

    def touch(self, key: Any, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None) -> bool:
        return self._forgive(lambda: super(ForgivingRedisCache, self).touch(key, timeout, version), False)

    def delete(self, key: Any, version: int | None = None) -> bool:
        return self._forgive(lambda: super(ForgivingRedisCache, self).delete(key, version), False)

    def get_many(self, keys: Iterable[Any], version: int | None = None) -> dict[Any, Any]:
        asked = list(keys)
        return self._forgive(lambda: super(ForgivingRedisCache, self).get_many(asked, version), {})

    def has_key(self, key: Any, version: int | None = None) -> bool:
        return self._forgive(lambda: super(ForgivingRedisCache, self).has_key(key, version), False)

    def incr(self, key: Any, delta: int = 1, version: int | None = None) -> int:
        """As for a key that is not there, ValueError where Redis is away."""
        value = self._forgive(lambda: super(ForgivingRedisCache, self).incr(key, delta, version), None)
        if value is None:
            raise ValueError("the cache is away")
        return value

    def set_many(
        self, data: Mapping[Any, Any], timeout: Any = DEFAULT_TIMEOUT, version: int | None = None
    ) -> list[Any]:
        """The keys that were not stored: all of them where Redis is away."""
        return self._forgive(
            lambda: super(ForgivingRedisCache, self).set_many(dict(data), timeout, version), list(data)
        )

    def delete_many(self, keys: Iterable[Any], version: int | None = None) -> None:
        asked = list(keys)
        self._forgive(lambda: super(ForgivingRedisCache, self).delete_many(asked, version), None)

    def clear(self) -> None:
        self._forgive(lambda: super(ForgivingRedisCache, self).clear(), None)

    @classmethod
    def _forgive(cls, ask: Callable[[], T], instead: T) -> T:
        if time.monotonic() < ForgivingRedisCache._asked_again_at:
            return instead
        try:
            return ask()
        except (RedisError, OSError) as error:
            cls._note(error)
            return instead

    @staticmethod
    def _note(error: Exception) -> None:
        now = time.monotonic()
        ForgivingRedisCache._asked_again_at = now + PAUSE_SECONDS
        if now >= ForgivingRedisCache._logged_again_at:
            ForgivingRedisCache._logged_again_at = now + LOG_INTERVAL_SECONDS
            # The kind only: the text of an error may hold an address with its password.
            logger.warning("The cache does not answer (%s); going on without it.", type(error).__name__)
