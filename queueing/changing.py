"""What correcting, withdrawing and blocking have in common: the locked details, and whether it stands."""

from datetime import datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

from cashback.lib.sql import Queries
from queueing.models import Line
from queueing.rows import fetch

QUERIES = Queries(Path(__file__).parent / "sql" / "changing.sql")


def lock_details(registration_id: int) -> SimpleNamespace | None:
    """The sealed details of a registration, locked until the transaction ends; None where nothing is held."""
    rows = fetch(QUERIES["lock_details"], {"registration_id": registration_id})
    return rows[0] if rows else None


def standing(registration_id: int) -> SimpleNamespace:
    """Whether a registration stands and what of it is held or was awarded, as of now."""
    return fetch(QUERIES["standing"], {"registration_id": registration_id})[0]


def end_of_standing(program_id: int, now: datetime) -> datetime:
    """Since when a registration that ends now does not stand: after the line's last close, whatever the clocks say.

    Under the line's SETTLING lock, which may have been waited for since `now`.
    """
    settled = Line.objects.filter(pk=program_id).values_list("settled_at", flat=True).first()
    return max(now, settled + timedelta(microseconds=1)) if settled else now
