"""What always holds in the inventory."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from django.db import connection

from cashback.lib.books import Invariant
from cashback.lib.sql import Queries

QUERIES = Queries(Path(__file__).parent / "sql" / "books.sql")


def _rows(name: str, now: datetime) -> list[tuple[int, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(QUERIES[name], {"now": now})
        rows: list[tuple[int, ...]] = cursor.fetchall()
    return rows


def _lots_apart(now: datetime) -> Iterator[str]:
    for one, other in _rows("overlapping_lots", now):
        yield f"lots {one} and {other} share cards"
    for [lot] in _rows("lots_outside", now):
        yield f"lot {lot} does not lie in a minted batch of its program"


def _batches_whole(now: datetime) -> Iterator[str]:
    for batch, cards in _rows("incomplete_batches", now):
        yield f"batch {batch} does not have all its {cards} cards"


def _lots_paid(now: datetime) -> Iterator[str]:
    for lot, price, posted in _rows("unpaid_lots", now):
        yield f"lot {lot} was sold for {price}, and the postings do not say so ({posted})"
    for order, held, posted in _rows("unreserved_orders", now):
        yield f"the lots of order {order} reserve {held}, the postings {posted}"


INVARIANTS = (
    Invariant(9, "living lots never overlap and lie in their batch", _lots_apart),
    Invariant(9, "a minted batch has all its cards", _batches_whole),
    Invariant(10, "no lot without its money", _lots_paid),
)
