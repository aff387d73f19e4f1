"""What an account's owner reads: the entries that moved a dealer's wallets, newest first."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection

from cashback.ledger.models import Account, Event, Kind
from cashback.ledger.posting import QUERIES

# An entry moves a wallet by three legs at most: the sale of a lot pays two reserves and the organizer.
LEGS_MAX = 3


@dataclass(frozen=True)
class Line:
    """One entry as a wallet saw it. `amount_minor` is signed: more is money that came in.

    `key` pages: the next page begins below the last line's key.
    """

    key: int
    event: Event
    reference: str
    account_id: int
    currency: str
    amount_minor: int
    posted_at: datetime


def wallets(dealer_id: int) -> list[Account]:
    """A dealer's wallets, one for each program it ever paid for."""
    return list(Account.objects.filter(kind=Kind.WALLET, dealer=dealer_id).order_by("program", "currency"))


def wallet_lines(*, account_ids: Collection[int], before: int | None, limit: int) -> list[Line]:
    """Up to `limit` lines of these wallets, newest first, below the key `before`."""
    wanted: dict[str, Any] = {"accounts": list(account_ids), "before": before or 2**62, "legs": LEGS_MAX * (limit + 1)}
    with connection.cursor() as cursor:
        cursor.execute(QUERIES["wallet_legs"], wanted)
        legs = cursor.fetchall()
    lines: dict[tuple[str, str, int], Line] = {}
    for key, event, reference, account_id, currency, amount_minor, posted_at in legs:
        entry = (event, reference, account_id)
        so_far = lines[entry].amount_minor if entry in lines else 0
        lines[entry] = Line(key, Event(event), reference, account_id, currency, so_far + amount_minor, posted_at)
    return list(lines.values())[:limit]
