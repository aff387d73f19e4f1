"""Gifts under lock. Whoever changes gifts locks in one order, so that nobody waits in a circle:

payouts that are pending, the line's verdicts (SETTLING), details, registration, gifts, key ring, the program's tally
(which every change of a gift or of PENDING writes), own money, accounts, offers, codes.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import NamedTuple

from django.db import connection

from payouts.queries import source
from queueing import erasing

SQL = source("gifts")


class GiftRow(NamedTuple):
    """A gift as it is under lock. `ended`: its holder withdrew, or the card is void."""

    award_id: int
    registration_id: int
    program_id: int
    currency: str
    claim_days: int
    state: str
    since: datetime
    offer_id: int | None
    cost_minor: int
    way: str
    dealer_id: int | None
    choice: int
    tracking: str
    frozen: bool
    ended: bool
    delivery_held: bool


def lock_gifts(award_ids: Iterable[int]) -> list[GiftRow]:
    """Lock gifts with what is held of their holders until the transaction ends; by award."""
    assert connection.in_atomic_block, "a lock of the transaction needs one"
    awards = sorted(set(award_ids))
    SQL.rows("lock_details", awards=awards)
    SQL.rows("lock_gifts", awards=awards)
    return [GiftRow(*row) for row in SQL.rows("read_gifts", awards=awards)]


def erase_after(rows: Sequence[GiftRow], why: str, now: datetime) -> None:
    """Erase the deliveries of gifts that ended, and all that is left of those to whom nothing else is to come."""
    registrations = sorted(row.registration_id for row in rows)
    done = [row[0] for row in SQL.rows("nothing_to_come", registrations=registrations)]
    erasing.erase(registration_ids=done, what="payee_and_contact", why=why, now=now)
    rest = sorted(set(registrations) - set(done))
    erasing.erase(registration_ids=rest, what="delivery", why=why, now=now)
