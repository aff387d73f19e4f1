"""The advisory locks of the inventory: held by a transaction, taken in a statement of their own.

Classes 1 to 3 belong to the line. A statement's snapshot is older than a lock it waits for, so what the lock protects
is read by the next statement.
"""

from django.db import connection

SELLING = 4  # with the program: one sale or return of its cards at a time
NUMBERS = 5  # with 0: one batch at a time takes the next numbers


def hold(lock: int, key: int = 0) -> None:
    """Wait for the lock and hold it until the transaction ends."""
    assert connection.in_atomic_block
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [lock, key])
