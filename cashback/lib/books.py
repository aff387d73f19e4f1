"""The books check themselves: every installed app's `books.py` names its invariants and what it holds of people.

`check_books`, the schedule and every database test run the invariants; `purge_audit` lists the holdings.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from importlib import import_module
from importlib.util import find_spec

from django.apps import apps

# How far the books were checked: numbers by name, each rule's own.
Marks = dict[str, int]


@dataclass(frozen=True)
class Invariant:
    """A rule that always holds. `check(now)` yields a sentence for each breach; none means it holds.

    `number` is the rule's number in docs/architecture.md; several invariants may share one. `recent(now, marks)` looks
    only at what has come since the marks, and moves them on; a rule without it is cheap enough to be checked whole.
    """

    number: int
    name: str
    check: Callable[[datetime], Iterable[str]]
    recent: Callable[[datetime, Marks], Iterable[str]] | None = None


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


def recent_breaches(now: datetime, marks: Marks) -> list[str]:
    """Every breach in what has come since the marks, which move on; a broken rule's stay where they are."""
    found: list[str] = []
    for invariant in invariants():
        moved = dict(marks)
        broken = list(invariant.check(now) if invariant.recent is None else invariant.recent(now, moved))
        found += [f"{invariant.number} {invariant.name}: {breach}" for breach in broken]
        if not broken:
            marks.update(moved)
    return found


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
