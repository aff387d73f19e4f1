"""The advisory locks of payouts: always of the transaction, each taken in a statement of its own.

At most one of them in a transaction. Line and key ring have theirs in queueing; their classes are below 10.
"""

from enum import IntEnum

from django.db import connection


class Lock(IntEnum):
    """What a lock guards; the first of the two integers of its key."""

    COLLECTING = 11  # a program's awards enter the registers in order, once
    RELEASING = 12  # a program's payouts enter one release at a time
    SETTLEMENT = 13  # a bank's answers are applied in the order in which they came
    INTAKE = 14  # a bank's files are taken in one by one


def lock(which: Lock, key: int = 0) -> None:
    """Wait for a lock and hold it until the transaction ends. `key` is the program's id, 0 where there is one lock."""
    assert connection.in_atomic_block, "a lock of the transaction needs one"
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [which.value, key])


def try_lock(which: Lock, key: int = 0) -> bool:
    """Take a lock if nobody holds it; say whether it is held now. `key` as for `lock`."""
    assert connection.in_atomic_block, "a lock of the transaction needs one"
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s, %s)", [which.value, key])
        return bool(cursor.fetchone()[0])
