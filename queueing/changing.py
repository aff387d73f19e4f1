"""What correcting, withdrawing and blocking have in common: the locked details, and whether it stands."""

from pathlib import Path
from types import SimpleNamespace

from cashback.lib.sql import Queries
from queueing.rows import fetch

QUERIES = Queries(Path(__file__).parent / "sql" / "changing.sql")


def lock_details(registration_id: int) -> SimpleNamespace | None:
    """The sealed details of a registration, locked until the transaction ends; None where nothing is held."""
    rows = fetch(QUERIES["lock_details"], {"registration_id": registration_id})
    return rows[0] if rows else None


def standing(registration_id: int) -> SimpleNamespace:
    """Whether a registration stands and what of it is held or was awarded, as of now."""
    return fetch(QUERIES["standing"], {"registration_id": registration_id})[0]
