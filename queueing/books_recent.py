"""The line's rules for what has come since the last check: cheap at any length, and blind to what lies before."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

from django.db import connection

from cashback.lib.books import Marks
from cashback.lib.sql import Queries

QUERIES = Queries(Path(__file__).parent / "sql" / "books_recent.sql")

# At most so much of a line is looked at in one check; what is left is looked at by the next ones.
PLACES_MAX = 1_000_000
# Lots that ended are looked at for a day.
ENDED_WITHIN = timedelta(days=1)


class _Line(NamedTuple):
    program: int
    placed: int
    cycles_closed: int
    cycle_size: int


def sold(now: datetime, marks: Marks) -> Iterator[str]:
    """Registrations of cards that are not sold."""
    for line in _lines():
        since = marks.get(f"sold:{line.program}", 0)
        through = min(line.placed, since + PLACES_MAX)
        rows = _rows("unsold_since", program=line.program, since=since, through=through)
        marks[f"sold:{line.program}"] = max(since, through)
        for (registration,) in rows:
            yield f"registration {registration} is of a card that is not sold"
    for (registration,) in _rows("left_behind", ended_since=now - ENDED_WITHIN):
        yield f"registration {registration} is of a card that was returned"


def places(_now: datetime, marks: Marks) -> Iterator[str]:
    """Places out of the order of arrival, gaps, and heads that say something else."""
    for line in _lines():
        since = marks.get(f"places:{line.program}", 0)
        [(seen, placed, beyond, wrong)] = _rows("arrivals_since", program=line.program, since=since, most=PLACES_MAX)
        marks[f"places:{line.program}"] = since + seen
        for turn in wrong or ():
            yield f"program {line.program}: place {turn} does not belong to who came as number {turn}"
        if beyond or (seen < PLACES_MAX and since + seen != placed):
            yield f"program {line.program}: the line says {placed} places, {since + seen} arrived before its head"


def cycles(whole: Callable[[], list[tuple[Any, ...]]]) -> Callable[[datetime, Marks], Iterator[str]]:
    """Cycles without their awards, and verdicts that are not the rule's. `whole` are cycles that are out of turn."""

    def check(_now: datetime, marks: Marks) -> Iterator[str]:
        for program, number in whole():
            yield f"program {program}: cycle {number} is out of turn, or one that is full is not closed"
        for line in _lines():
            since = marks.get(f"cycles:{line.program}", 0)
            through = min(line.cycles_closed, since + max(1, PLACES_MAX // line.cycle_size))
            yield from _cycles(line, since, through)
            marks[f"cycles:{line.program}"] = max(since, through)

    return check


def _cycles(line: _Line, since: int, through: int) -> Iterator[str]:
    program = line.program
    piece = {"program": program, "since": since, "through": through, "size": line.cycle_size}
    for number, cash_due, cash, gifts_due, gifts in _rows("counts_since", **piece):
        yield f"program {program}: cycle {number} has {cash} cash awards of {cash_due} and {gifts} gifts of {gifts_due}"
    for (place,) in _rows("verdicts_since", **piece):
        yield f"program {program}: the verdict on place {place} is not the one it was due"
    for (place,) in _rows("turns_since", **piece):
        yield f"program {program}: place {place} was paid out of turn, or passed over"
    for (award,) in _rows("strays_beyond", program=program, closed=line.cycles_closed):
        yield f"award {award} is from a cycle that is not closed"


def _lines() -> list[_Line]:
    return [_Line(*row) for row in _rows("lines_to_check")]


def _rows(name: str, **parameters: Any) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(QUERIES[name], parameters)
        return list(cursor.fetchall())
