"""Waiting: who was paid by a draw, and stands in line still, keeps payee and contact for the verdict of the cycle."""

from collections.abc import Collection
from pathlib import Path

from django.db import connection

from cashback.lib.sql import Queries
from queueing import locks
from queueing.rows import fetch

QUERIES = Queries(Path(__file__).parent / "sql" / "waiting.sql")


def still_waiting(*, registration_ids: Collection[int]) -> set[int]:
    """Those of some registrations to whose places the line has not come, or under `line` not paid.

    Their verdict does not fall before the caller's transaction ends: it holds their lines' SETTLING locks shared, so
    call this before anything of a registration or of the ledger is locked.
    """
    found = fetch(QUERIES["waiting"], {"registrations": list(registration_ids)})
    if not found:
        return set()
    # Nobody begins to wait again, so that those who did not need no lock.
    for program_id in sorted({row.program_id for row in found}):
        locks.lock_shared(locks.SETTLING, program_id)
    again = fetch(QUERIES["waiting"], {"registrations": [row.registration_id for row in found]})
    return {row.registration_id for row in again}


def keep_for_verdict(*, registration_ids: Collection[int]) -> None:
    """Nothing is open for these but the verdict they wait for, which erases them or pays; with its lock held."""
    _execute("keep_for_verdict", registration_ids)


def keep_for_payment(*, registration_ids: Collection[int]) -> None:
    """A payment of these came back: what is held is needed again, whatever the verdict."""
    _execute("keep_for_payment", registration_ids)


def _execute(name: str, registration_ids: Collection[int]) -> None:
    if registration_ids:
        with connection.cursor() as cursor:
            cursor.execute(QUERIES[name], {"registrations": sorted(registration_ids)})
