"""The pass: whoever has registered gets the next places in line, and cycles that are full close.

Safe to run twice at once and to be killed anywhere. A pass has two parts, each with a lock of its own:

- The cut. Registrations hold the line's LINE lock shared until they commit, and take a time later than the cut. The
  pass takes that lock alone only to move the cut, and commits: from then on nothing at or before the cut can arrive.
- Settling, under the SETTLING lock, which registrations never take: in bounded chunks whoever stands before the cut
  gets a place, and the cycles that are full close, with their awards, all in one transaction.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

from django.db import connection, transaction

from cards.models import Program, ProgramState, Rule
from cashback.lib.failpoints import failpoint
from cashback.lib.isolation import for_each
from cashback.lib.sql import Queries
from queueing import erasing, locks

QUERIES = Queries(Path(__file__).parent / "sql" / "ordering.sql")

CUT_TIMEOUT_MS = 50  # a stalled registration must not stop the others
SETTLING_TIMEOUT_MS = 500  # another pass is at it, or somebody withdraws
CHUNK_MAX = 5_000  # registrations a transaction, in whole cycles; more is no faster, and those who register wait longer


@dataclass(frozen=True, kw_only=True)
class PassReport:
    """What a pass did to one program's line."""

    program: str
    cut_moved: bool
    placed: int
    cycles_closed: int
    cash_awards: int
    gift_awards: int


class Position(NamedTuple):
    """A registration's position in its line: places follow it."""

    at: datetime
    id: int


BEFORE_EVERYBODY = Position(datetime(1970, 1, 1, tzinfo=UTC), 0)


class LineState(NamedTuple):
    """How far a line is, and its program's rule."""

    cut_at: datetime
    head_at: datetime
    head_id: int
    placed: int
    cycles_closed: int
    paid_through: int
    settled_at: datetime
    cycle_size: int
    payouts_per_cycle: int
    rule: str
    face_value_minor: int
    gift_cost_minor: int
    contact_hold_seconds: int


class Closed(NamedTuple):
    """What a close did; `closed_at` is None and the counts are 0 where no cycle was full."""

    closed_at: datetime | None
    cycles: int
    cash_awards: int
    gift_awards: int
    paid_through: int


class Chunk(NamedTuple):
    """What one transaction settled."""

    placed: int
    cycles: int
    cash_awards: int
    gift_awards: int
    full: bool


def run_passes() -> list[PassReport]:
    """A pass over every published program's line. A line that somebody else is settling is left to them.

    A line that fails does not stop the others; raises at the end what it raised.
    """
    programs = Program.objects.filter(state=ProgramState.PUBLISHED).order_by("id").values_list("id", flat=True)
    return for_each("program", list(programs), lambda program_id: run_pass(program_id=program_id))


def run_pass(*, program_id: int) -> PassReport:
    """Move the cut and settle what stands before it, chunk by chunk. Call it outside of any transaction.

    Where a lock is not to be had in time, the pass does what it can without and leaves the rest to the next.
    """
    cut_moved = move_cut(program_id)
    chunks = list(settle(program_id))
    return PassReport(
        program=Program.objects.values_list("code", flat=True).get(id=program_id),
        cut_moved=cut_moved,
        placed=sum(chunk.placed for chunk in chunks),
        cycles_closed=sum(chunk.cycles for chunk in chunks),
        cash_awards=sum(chunk.cash_awards for chunk in chunks),
        gift_awards=sum(chunk.gift_awards for chunk in chunks),
    )


def move_cut(program_id: int, *, timeout_ms: int = CUT_TIMEOUT_MS) -> bool:
    """Move the cut to now, if anybody has registered since. False where nobody has, or a registration is stalled."""
    if not _value("anything_after_the_cut", {"program": program_id}):
        return False
    try:
        with transaction.atomic(), locks.patience(timeout_ms):
            locks.lock(locks.LINE, program_id)
            cover_everybody(program_id)
    except locks.Busy:
        return False
    failpoint("pass.after_cut")
    return True


def cover_everybody(program_id: int) -> None:
    """Move the cut over everybody who has registered. Under the LINE lock, held alone."""
    _execute("move_cut", {"program": program_id})


def anybody_before_the_cut(program_id: int, line: LineState) -> bool:
    """Whether somebody stands before the cut who has no place yet. Under the SETTLING lock."""
    return bool(_value("anybody_before_the_cut", {**line._asdict(), "program": program_id}))


def settle(program_id: int, *, timeout_ms: int = SETTLING_TIMEOUT_MS) -> Iterator[Chunk]:
    """Settle what stands before the cut, in chunks, each in a transaction of its own, until none is left."""
    while True:
        try:
            with transaction.atomic():
                with locks.patience(timeout_ms):
                    locks.lock(locks.SETTLING, program_id)
                chunk = _settle_chunk(program_id)
                failpoint("pass.before_commit")
        except locks.Busy:
            return
        failpoint("pass.after_commit")
        yield chunk
        if not chunk.full:
            return


def close_cycles(program_id: int, line: LineState, *, through: int) -> Closed:
    """Close the cycles through a place and erase what their verdicts end. Under the SETTLING lock.

    `through` is the end of a full cycle, or the last place of a closing program.
    """
    if through <= line.cycles_closed * line.cycle_size:
        return Closed(None, 0, 0, 0, line.paid_through)
    seated_after = _position(program_id, line, line.cycles_closed * line.cycle_size)
    values = {
        **line._asdict(),
        "program": program_id,
        "size": line.cycle_size,
        "payouts": line.payouts_per_cycle,
        "closed": line.cycles_closed * line.cycle_size,
        "seated_after_at": seated_after.at,
        "seated_after_id": seated_after.id,
        "first": line.cycles_closed + 1,
        "through": through,
    }
    if line.rule == Rule.LINE:
        paid = _position(program_id, line, line.paid_through)
        closed = Closed(*_row("close_line_cycles", {**values, "paid_at": paid.at, "paid_id": paid.id}))
    else:
        closed = Closed(*_row("close_cohort_cycles", values))
    failpoint("pass.after_awards")
    assert closed.closed_at is not None
    if line.rule == Rule.COHORT:
        erasing.erase_gift_payees(
            program_id=program_id,
            first_cycle=line.cycles_closed + 1,
            last_cycle=line.cycles_closed + closed.cycles,
            at=closed.closed_at,
            contact_hold_seconds=line.contact_hold_seconds,
        )
        failpoint("pass.after_erasing")
    return closed


def plan_by_index() -> None:
    """Let this transaction's statements read on by index from where the line stands."""
    _execute("plan_by_index", {})


def read_line(program_id: int) -> LineState | None:
    """The line as it stands; under the SETTLING lock only the cut may move on. None before the first one came."""
    rows = _rows("read_line", {"program": program_id})
    return LineState(*rows[0]) if rows else None


def move_head(program_id: int, line: LineState, closed: Closed) -> None:
    """Write how far the line is settled. The last statement of its transaction."""
    _execute(
        "move_head",
        {
            "program": program_id,
            "head_at": line.head_at,
            "head_id": line.head_id,
            "placed": line.placed,
            "cycles_closed": line.cycles_closed + closed.cycles,
            "paid_through": closed.paid_through,
            "settled_at": closed.closed_at or line.settled_at,
        },
    )


def _settle_chunk(program_id: int) -> Chunk:
    plan_by_index()
    line = read_line(program_id)
    if line is None:
        return Chunk(0, 0, 0, 0, full=False)
    size = line.cycle_size
    limit = max(1, CHUNK_MAX // size) * size - line.placed % size
    given = _rows("give_places", {**line._asdict(), "program": program_id, "limit": limit})
    if not given:
        return Chunk(0, 0, 0, 0, full=False)
    failpoint("pass.after_places")
    [(placed, head_at, head_id)] = given
    line = line._replace(placed=line.placed + placed, head_at=head_at, head_id=head_id)
    closed = close_cycles(program_id, line, through=line.placed // size * size)
    move_head(program_id, line, closed)
    return Chunk(placed, closed.cycles, closed.cash_awards, closed.gift_awards, full=placed == limit)


def _position(program_id: int, line: LineState, place: int) -> Position:
    if place == 0:
        return BEFORE_EVERYBODY
    if place == line.placed:
        return Position(line.head_at, line.head_id)
    return Position(*_row("read_position", {"program": program_id, "place": place}))


def _execute(name: str, values: dict[str, Any]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(QUERIES[name], values)


def _rows(name: str, values: dict[str, Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(QUERIES[name], values)
        return list(cursor.fetchall())


def _row(name: str, values: dict[str, Any]) -> tuple[Any, ...]:
    [row] = _rows(name, values)
    return row


def _value(name: str, values: dict[str, Any]) -> Any:
    return _row(name, values)[0]
