"""The advisory locks of a program's line: always of the transaction, always taken in this order.

SETTLING before LINE before KEYRING. A lock is taken in a statement of its own: a statement's snapshot is older than
the lock it waits for.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from enum import IntEnum

from django.db import OperationalError, connection
from psycopg2.errors import LockNotAvailable

from cashback.lib.errors import DomainError


class Lock(IntEnum):
    """What a lock guards; the first of the two integers of its key."""

    # Shared by registrations until they commit; exclusive to move the cut, end a lot, close a program, block a card.
    LINE = 1
    # Exclusive for whoever gives places and closes cycles; shared by a withdrawal, which comes before or after a close.
    SETTLING = 2
    # Shared by whoever seals under the current epoch; exclusive to retire it.
    KEYRING = 3


LINE, SETTLING, KEYRING = Lock.LINE, Lock.SETTLING, Lock.KEYRING
THE_RING = 0
_WAIT_MS = 2_000


class LineBusy(DomainError):
    """Somebody is registering a card of this program just now; try again in a moment."""

    code = "line_busy"


class Busy(Exception):
    """Somebody else held the lock for too long; the next tick tries again."""


def lock(which: Lock, key: int = THE_RING) -> None:
    """Wait for a lock and hold it alone until the transaction ends. `key` is the program's id; 0 for the key ring."""
    _take("SELECT pg_advisory_xact_lock(%s, %s)", which, key)


def lock_shared(which: Lock, key: int = THE_RING) -> None:
    """Wait for a lock and hold it with others until the transaction ends. `key` as for `lock`."""
    _take("SELECT pg_advisory_xact_lock_shared(%s, %s)", which, key)


def try_lock(which: Lock, key: int = THE_RING) -> bool:
    """Take a lock alone if nobody holds it; say whether it is held now. `key` as for `lock`."""
    assert connection.in_atomic_block, "a lock of the transaction needs one"
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s, %s)", [which.value, key])
        return bool(cursor.fetchone()[0])


@contextmanager
def patience(timeout_ms: int) -> Iterator[None]:
    """Wait no longer than this for each lock taken inside, in the caller's transaction. Raises Busy."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL lock_timeout = %s", [timeout_ms])
    try:
        yield
    except OperationalError as error:
        if isinstance(error.__cause__, LockNotAvailable):
            raise Busy from None
        raise
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL lock_timeout = DEFAULT")


def hold_line(program_id: int) -> None:
    """Hold the line alone: a registration that has begun is finished and seen, a later one finds what is changed here.

    Waits for registrations under way, but not for long: those behind us wait as well. Raises LineBusy.
    """
    try:
        with patience(_WAIT_MS):
            lock(LINE, program_id)
    except Busy:
        raise LineBusy from None


def _take(statement: str, which: Lock, key: int) -> None:
    assert connection.in_atomic_block, "a lock of the transaction needs one"
    with connection.cursor() as cursor:
        cursor.execute(statement, [which.value, key])
