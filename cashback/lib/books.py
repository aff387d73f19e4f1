"""The books check themselves: every installed app's `books.py` names its invariants and what it holds of people.

`check_books`, the schedule and every database test run the invariants; `purge_audit` lists the holdings.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from importlib import import_module
from importlib.util import find_spec

from django.apps import apps


@dataclass(frozen=True)
class Invariant:
    """A rule that always holds. `check(now)` yields a sentence for each breach; none means it holds.

    `number` is the rule's number in docs/architecture.md; several invariants may share one.
    """

    number: int
    name: str
    check: Callable[[datetime], Iterable[str]]


@dataclass(frozen=True)
class Holding:
    """Personal data that is held: how many records, for what purpose, until when at the latest, how many overdue."""

    what: str
    why: str
    records: int
    overdue: int
    latest: datetime | None


def _books() -> Iterator[object]:
    for config in apps.get_app_configs():
        name = f"{config.name}.books"
        if find_spec(name) is not None:
            yield import_module(name)


def invariants() -> list[Invariant]:
    """Every installed app's invariants, by number."""
    found = [invariant for books in _books() for invariant in getattr(books, "INVARIANTS", ())]
    return sorted(found, key=lambda invariant: invariant.number)


def breaches(now: datetime) -> list[str]:
    """Every breach of every invariant, with the invariant's number and name."""
    return [
        f"{invariant.number} {invariant.name}: {breach}"
        for invariant in invariants()
        for breach in invariant.check(now)
    ]


def holdings(now: datetime) -> list[Holding]:
    """What the installed apps hold of people: each app's `books.holdings(now)`."""
    return [holding for books in _books() for holding in getattr(books, "holdings", _none)(now)]


def sealed_under(epoch_id: int) -> int:
    """How many sealed values, in any table, need the key of an epoch: each app's `books.sealed_under(epoch_id)`."""
    return sum(getattr(books, "sealed_under", _no_values)(epoch_id) for books in _books())


def _no_values(_epoch_id: int) -> int:
    return 0


def _none(_now: datetime) -> list[Holding]:
    return []
