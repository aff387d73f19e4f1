"""The only writer of money: entries of one or more transfers, posted once."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from django.db import connection, transaction

from cashback.ledger.models import Event, Kind
from cashback.lib.sql import Queries

QUERIES = Queries(Path(__file__).parent / "sql" / "posting.sql")


@dataclass(frozen=True)
class AccountKey:
    """An account by scope: its kind and currency, and the program and dealer it belongs to (0: none)."""

    kind: Kind
    currency: str
    program: int = 0
    dealer: int = 0


@dataclass(frozen=True)
class Leg:
    """An amount (minor units, not negative) that the debit account receives and the credit account gives."""

    debit: AccountKey
    credit: AccountKey
    amount_minor: int


@transaction.atomic
def post(*, event: Event, reference: str, legs: Sequence[Leg], now: datetime) -> None:
    """Post one entry. Legs of nothing are left out.

    Raises IntegrityError `ledger_transfer_posted_once` for a fact posted before, `ledger_account_not_negative` for
    money that is not there, `ledger_own_money_not_negative` where the organizer's own money would not cover it.
    """
    _insert([(event, reference, leg) for leg in legs if leg.amount_minor], now)


@transaction.atomic
def post_many(*, event: Event, entries: Sequence[tuple[str, Leg]], now: datetime) -> None:
    """Post many one-leg entries, each with its reference, in one statement. Raises as `post` does; all or nothing."""
    _insert([(event, reference, leg) for reference, leg in entries], now)


def balance_minor(key: AccountKey) -> int:
    """The account's balance on its normal side, in minor units; 0 where it was never used."""
    scope: dict[str, Any] = {
        "kind": key.kind.value,
        "currency": key.currency,
        "program": key.program,
        "dealer": key.dealer,
    }
    with connection.cursor() as cursor:
        cursor.execute(QUERIES["balance"], scope)
        row = cursor.fetchone()
    return int(row[0]) if row else 0


def own_money_minor(currency: str) -> int:
    """Revenue plus capital of a currency, in minor units: what the organizer may call its own."""
    return balance_minor(AccountKey(Kind.REVENUE, currency)) + balance_minor(AccountKey(Kind.CAPITAL, currency))


def _insert(rows: Sequence[tuple[Event, str, Leg]], now: datetime) -> None:
    if not rows:
        return
    ids = _open({key for _, _, leg in rows for key in (leg.debit, leg.credit)})
    columns: dict[str, Any] = {
        "events": [event.value for event, _, _ in rows],
        "references": [reference for _, reference, _ in rows],
        "debits": [ids[leg.debit] for _, _, leg in rows],
        "credits": [ids[leg.credit] for _, _, leg in rows],
        "currencies": [leg.debit.currency for _, _, leg in rows],
        "amounts_minor": [leg.amount_minor for _, _, leg in rows],
        "posted_at": now,
    }
    with connection.cursor() as cursor:
        cursor.execute(QUERIES["insert_transfers"], columns)


def _open(keys: set[AccountKey]) -> dict[AccountKey, int]:
    """The accounts' ids; accounts not seen before are opened, in one order for everybody."""
    ordered = sorted(keys, key=lambda key: (key.kind.value, key.currency, key.program, key.dealer))
    columns: dict[str, Any] = {
        "kinds": [key.kind.value for key in ordered],
        "currencies": [key.currency for key in ordered],
        "programs": [key.program for key in ordered],
        "dealers": [key.dealer for key in ordered],
    }
    with connection.cursor() as cursor:
        cursor.execute(QUERIES["find_accounts"], columns)
        found = cursor.fetchall()
        if len(found) < len(ordered):
            cursor.execute(QUERIES["open_accounts"], columns)
            cursor.execute(QUERIES["find_accounts"], columns)
            found = cursor.fetchall()
    return {AccountKey(Kind(kind), currency, program, dealer): pk for pk, kind, currency, program, dealer in found}
