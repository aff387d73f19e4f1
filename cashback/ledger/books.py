"""What always holds in the ledger."""

from collections.abc import Iterator
from datetime import datetime

from django.db import connection

from cashback.ledger.posting import QUERIES
from cashback.lib.books import Invariant


def _rows(name: str) -> list[tuple[object, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(QUERIES[name])
        return list(cursor.fetchall())


def _entries_balance(_now: datetime) -> Iterator[str]:
    for account, kept, summed in _rows("wrong_balances"):
        yield f"account {account} keeps {kept}, its transfers add up to {summed}"


def _nothing_negative(_now: datetime) -> Iterator[str]:
    for what, balance in _rows("negative_balances"):
        yield f"{what} is {balance}"


def _money_covers(_now: datetime) -> Iterator[str]:
    for currency, held, owed in _rows("uncovered_currencies"):
        yield f"{currency}: {held} held against {owed} owed"


INVARIANTS = (
    Invariant(5, "each entry balances", _entries_balance),
    Invariant(6, "no reserve is negative", _nothing_negative),
    Invariant(12, "the money at hand covers what is owed", _money_covers),
)
