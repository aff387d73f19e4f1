"""What always holds in the line, and what the line holds of people."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from django.db import connection, transaction
from django.utils.translation import gettext_lazy as _

from cashback.lib.books import Holding, Invariant
from cashback.lib.sql import Queries
from queueing import books_recent, epochs
from queueing.erasing import KEY_GRACE

QUERIES = Queries(Path(__file__).parent / "sql" / "books.sql")

ERASER_TAKES = timedelta(minutes=2)
SIGNER_TAKES = timedelta(minutes=5)

PARTS = {
    "payee": _("payee: name and account"),
    "contact": _("contact: phone and e-mail"),
    "delivery": _("delivery: address, or contact, for a gift"),
}
PURPOSES = {
    "waiting": _("waits for its verdict, or for its turn in line"),
    "payout": _("awarded cash that is to be paid"),
    "notices": _("there are notices to come"),
    "last_notice": _("the last notice is being given"),
    "gift": _("awarded a gift that is to be handed over"),
}


def sealed_under(epoch_id: int) -> int:
    """How many rows of details need the key of an epoch."""
    [(values,)] = _rows("sealed_under", epoch=epoch_id)
    return int(values)


def holdings(now: datetime) -> list[Holding]:
    """Payees, contacts and deliveries that are held, by purpose."""
    return [
        Holding(what=str(PARTS[part]), why=str(PURPOSES[purpose]), records=records, overdue=overdue, latest=latest)
        for part, purpose, records, overdue, latest in _rows("holdings", overdue=now - ERASER_TAKES)
    ]


def _sold(_now: datetime) -> Iterator[str]:
    for (registration,) in _rows("unsold_registrations"):
        yield f"registration {registration} is of a card that is not sold"


def _places(_now: datetime) -> Iterator[str]:
    for program, place, turn in _rows("wrong_places"):
        yield f"program {program}: place {place} belongs to who came as number {turn}"
    for program, placed, places, arrived in _rows("wrong_heads"):
        yield f"program {program}: the line says {placed} places, {places} are given, {arrived} are before its head"


def _out_of_turn() -> list[tuple[Any, ...]]:
    return _rows("wrong_cycles")


def _cycles(_now: datetime) -> Iterator[str]:
    for program, number in _rows("wrong_cycles"):
        yield f"program {program}: cycle {number} is out of turn, or one that is full is not closed"
    for program, number, cash_due, cash, gifts_due, gifts in _rows("wrong_counts"):
        yield f"program {program}: cycle {number} has {cash} cash awards of {cash_due} and {gifts} gifts of {gifts_due}"
    for program, place in _rows("wrong_verdicts"):
        yield f"program {program}: the verdict on place {place} is not the one it was due"
    for program, place in _rows("wrong_turns"):
        yield f"program {program}: place {place} was paid out of turn, or passed over"
    for (award,) in _rows("stray_awards"):
        yield f"award {award} is from a cycle that is not closed"


def _details(now: datetime) -> Iterator[str]:
    for (registration,) in _rows("overdue_details", overdue=now - ERASER_TAKES):
        yield f"details of registration {registration} are held past their time"
    for (registration,) in _rows("purposeless_details"):
        yield f"details of registration {registration} are held without a purpose"


def _erasures(now: datetime) -> Iterator[str]:
    for (erasure,) in _rows("unsigned_erasures", signed_by=now - SIGNER_TAKES):
        yield f"erasure {erasure} is not signed"
    for (epoch,) in _rows("late_epochs", promised=now - KEY_GRACE, keys=epochs.ring().epochs()):
        yield f"the key of epoch {epoch} is still there"


def _rows(name: str, **parameters: Any) -> list[tuple[Any, ...]]:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(QUERIES["plan_by_hash"])
        cursor.execute(QUERIES[name], parameters)
        rows = list(cursor.fetchall())
        transaction.set_rollback(True)  # nothing was written; how it was planned concerns nobody else
    return rows


INVARIANTS = (
    Invariant(1, "one registration a card, of a sold one", _sold, books_recent.sold),
    Invariant(2, "places are 1 to n in order of arrival", _places, books_recent.places),
    Invariant(3, "a closed cycle has its awards, and they are the rule's", _cycles, books_recent.cycles(_out_of_turn)),
    Invariant(8, "no details past their time", _details),
    Invariant(8, "erasures are signed and keep their promise", _erasures),
)
