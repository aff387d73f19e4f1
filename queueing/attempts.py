"""How often somebody may try: counted in PostgreSQL by client and by serial typed, over a sliding minute.

Nothing is ever locked: a PIN has 75 random bits, and a lock would let anybody block anybody's card. The counters name
nobody: their keys are keyed digests.
"""

import hmac
import math
from datetime import datetime
from pathlib import Path

from django.conf import settings
from django.db import connection

from cashback.lib.errors import DomainError
from cashback.lib.sql import Queries
from queueing import keys
from queueing.rows import fetch

QUERIES = Queries(Path(__file__).parent / "sql" / "attempts.sql")
WINDOW_SECONDS = 60
KEPT_WINDOWS = 3
KEY_SIZE = 16
# A holder mistypes a card two or three times; a client may stand for a whole shop.
SERIAL_ATTEMPTS_PER_MINUTE = 10
# Status pages are reloaded by people who wait, and a receipt's 128 bits cannot be guessed at any rate.
STATUS_READS_PER_ATTEMPT = 6


class TooManyAttempts(DomainError):
    """Too many attempts. Wait %(retry_after_seconds)d seconds and try again."""

    code = "too_many_attempts"

    def __init__(self, *, retry_after_seconds: int) -> None:
        super().__init__(retry_after_seconds=retry_after_seconds)
        self.retry_after_seconds = retry_after_seconds


def count_attempt(*, client: str, serial: str | None, now: datetime) -> None:
    """Count an attempt with a card, before its PIN is looked at. Call it outside of any transaction that may fail.

    `serial` as corrected, whether such a card exists or not. Raises TooManyAttempts.
    """
    allowed = settings.CLIENT_ATTEMPTS_PER_MINUTE
    if allowed <= 0:
        return
    limits = {_key("client", client): allowed}
    if serial is not None:
        limits[_key("serial", serial)] = min(allowed, SERIAL_ATTEMPTS_PER_MINUTE)
    _count(limits, now)


def count_status_read(*, client: str, now: datetime) -> None:
    """Count a look at a status page. Raises TooManyAttempts."""
    allowed = settings.CLIENT_ATTEMPTS_PER_MINUTE * STATUS_READS_PER_ATTEMPT
    if allowed > 0:
        _count({_key("status", client): allowed}, now)


def count_run(*, client: str, now: datetime) -> None:
    """Count a wish that an application be run, of somebody who is not signed in. Raises TooManyAttempts."""
    allowed = settings.CLIENT_ATTEMPTS_PER_MINUTE
    if allowed > 0:
        _count({_key("run", client): allowed}, now)


def sweep_attempts(*, now: datetime) -> int:
    """Delete the counters of past minutes; returns how many."""
    with connection.cursor() as cursor:
        cursor.execute(QUERIES["sweep"], {"before": _window(now) - KEPT_WINDOWS})
        return int(cursor.rowcount)


def _count(limits: dict[bytes, int], now: datetime) -> None:
    parameters = {"window": _window(now), "keys": sorted(limits), "limits": [limits[key] for key in sorted(limits)]}
    waits = [
        _wait_seconds(attempts=row.attempts, before=row.attempts_before, limit=limits[bytes(row.key)], now=now)
        for row in fetch(QUERIES["count"], parameters)
    ]
    wait_seconds = max(waits)
    if wait_seconds > 0:
        raise TooManyAttempts(retry_after_seconds=wait_seconds)


def _wait_seconds(*, attempts: int, before: int, limit: int, now: datetime) -> int:
    """0 if an attempt is within the limit; otherwise how long until one would be.

    The last minute's attempts are this window's and the share of the window before that the minute still reaches.
    """
    elapsed = now.timestamp() % WINDOW_SECONDS
    if attempts + before * (1 - elapsed / WINDOW_SECONDS) <= limit:
        return 0
    if attempts <= limit - 1:
        free_at = WINDOW_SECONDS * (1 - (limit - 1 - attempts) / before)
        if free_at > elapsed:
            return max(1, math.ceil(free_at - elapsed))
    return math.ceil(WINDOW_SECONDS - elapsed + WINDOW_SECONDS * max(0.0, 1 - (limit - 1) / max(attempts, 1)))


def _window(now: datetime) -> int:
    return int(now.timestamp()) // WINDOW_SECONDS


def _key(kind: str, text: str) -> bytes:
    return hmac.digest(keys.attempts_key(), f"{kind}:{text}".encode(), "sha256")[:KEY_SIZE]
