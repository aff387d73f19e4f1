"""The registers' rule for what has come since the last check: cheap at any length of the line."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from cashback.lib.books import Marks
from payouts.queries import source

UNCOLLECTED_MAX = timedelta(minutes=5)
# At most the awards of so many places in one check; what is left is looked at by the next ones.
PLACES_MAX = 1_000_000

_SQL = source("books_recent")


def one_register(now: datetime, marks: Marks) -> Iterator[str]:
    """Awards in no register, in two, or in one that differs; gifts that nobody owes."""
    for program, collected, cycle_size in _SQL.rows("collections_to_check"):
        since = marks.get(f"registers:{program}", 0)
        through = min(collected, since + max(1, PLACES_MAX // cycle_size))
        for award, registers, differs in _SQL.rows("astray_since", program=program, since=since, through=through):
            yield f"a register differs from award {award}" if differs else f"award {award} is in {registers} registers"
        for (award,) in _SQL.rows("gifts_astray_since", program=program, since=since, through=through):
            yield f"the gift of award {award} is not owed"
        for award, registers in _SQL.rows(
            "uncollected", program=program, collected=collected, before=now - UNCOLLECTED_MAX
        ):
            yield f"award {award} is in {registers} registers"
        marks[f"registers:{program}"] = max(since, through)
    for (award,) in _SQL.rows("in_two_registers"):
        yield f"award {award} is in two registers"


def counted_numbers_query() -> str:
    """What the public figures are compared with when the line itself is not counted."""
    return _SQL.queries["counted_numbers"].rstrip(";")
