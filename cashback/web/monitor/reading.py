"""What the monitor reads: a few bounded queries, whatever the site holds. It counts no large table."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from django.db import connection
from django.db.models import QuerySet

from cards.models import Program, ProgramState
from cashback.ledger.models import Account, Kind
from cashback.lib.sql import Queries
from lottery.models import Draw, DrawState
from payouts.models import BankFile, BankLine, PendingState, Release
from payouts.selectors import ProgramNumbers, programs_numbers
from queueing.models import Cycle, KeyEpoch, Line

QUERIES = Queries(Path(__file__).parent.parent / "sql" / "monitor.sql")

# What is counted row by row is counted up to here and then shown as "more than".
MOST = 10_000
DRAWS_MAX = 20
LATE_AFTER = timedelta(seconds=5)
MONEY_KINDS = (Kind.CASH_RESERVE, Kind.GIFT_RESERVE, Kind.PRIZE_FUND, Kind.PAYOUTS_DUE, Kind.IN_TRANSIT)


@dataclass(frozen=True)
class LineNow:
    """Where a line stands. `unplaced` is counted up to MOST; `lag` is how long the first of them has waited."""

    placed: int
    cycles_closed: int
    cut_at: datetime
    settled_at: datetime
    unplaced: int
    lag: timedelta
    to_close: int

    @property
    def late(self) -> bool:
        """A place is given within five seconds; this one is not."""
        return self.lag > LATE_AFTER


@dataclass(frozen=True)
class PendingNow:
    """Pending payouts in one state."""

    state: PendingState
    payouts: int
    amount_minor: int
    oldest: datetime | None


@dataclass(frozen=True)
class ProgramNow:
    """All figures of one program."""

    program: Program
    numbers: ProgramNumbers
    line: LineNow | None
    pending: list[PendingNow]
    money: dict[str, int] = field(default_factory=dict)

    @property
    def pending_minor(self) -> int:
        """What is due and not yet paid."""
        return sum(row.amount_minor for row in self.pending)


@dataclass(frozen=True)
class Erasures:
    """Erasures of the last day, unsigned ones, and details held past their date (each up to MOST)."""

    last_day: int
    unsigned: int
    overdue: int
    next_due: datetime | None


def programs() -> list[Program]:
    """Every program that was ever published, the newest first."""
    return list(Program.objects.exclude(state=ProgramState.DRAFT).order_by("-pk")[:50])


def programs_now(shown: Sequence[Program], now: datetime) -> list[ProgramNow]:
    """The figures of some programs, in one query each for numbers, lines, pending payouts and money."""
    ids = [program.pk for program in shown]
    numbers = {found.code: found for found in programs_numbers(ids, now)}
    lines = {row[0]: row[1:] for row in _rows("lines", programs=ids, most=MOST)}
    states: dict[int, dict[str, Any]] = {}
    for program_id, state, payouts, amount_minor, oldest in _rows("pending_states", programs=ids):
        states.setdefault(program_id, {})[state] = PendingNow(PendingState(state), payouts, amount_minor, oldest)
    money: dict[int, dict[str, int]] = {}
    for account in Account.objects.filter(program__in=ids, kind__in=MONEY_KINDS, dealer=0):
        money.setdefault(account.program, {})[account.kind] = account.balance_minor
    return [
        ProgramNow(
            program=program,
            numbers=numbers[program.code],
            line=_line(program, lines[program.pk], now) if program.pk in lines else None,
            pending=[states.get(program.pk, {}).get(state) or PendingNow(state, 0, 0, None) for state in PendingState],
            money=money.get(program.pk, {}),
        )
        for program in shown
    ]


def _line(program: Program, row: tuple[Any, ...], now: datetime) -> LineNow:
    placed, cycles_closed, cut_at, settled_at, since, unplaced = row
    return LineNow(
        placed=placed,
        cycles_closed=cycles_closed,
        cut_at=cut_at,
        settled_at=settled_at,
        unplaced=unplaced,
        lag=max(now - since, timedelta()) if since else timedelta(),
        to_close=program.cycle_size - placed % program.cycle_size,
    )


def sold_lots(program: Program) -> int:
    """How many lots of a program live."""
    [(lots,)] = _rows("lots", program=program.pk)
    return int(lots)


def cancelled(program: Program) -> tuple[int, int]:
    """Cancelled and lapsed cash awards: how many (up to MOST), and their sum."""
    [(number, amount_minor)] = _rows("cancelled", program=program.pk, most=MOST)
    return number, amount_minor


def placed_by_step(program: Program, until: datetime, step: timedelta, steps: int) -> list[int]:
    """How many registrations each step brought, the oldest first; from places, without counting."""
    since = until - step * steps
    rows = _rows("places_at", program=program.pk, since=since, until=until, step=step)
    placed = [number for _, number in rows]
    return [max(0, after - before) for before, after in itertools.pairwise(placed)]


def refunds_by_step(program: Program, until: datetime, step: timedelta, steps: int) -> list[int]:
    """How many refunds each step brought, the oldest first, among the newest MOST."""
    since = until - step * steps
    seconds = step.total_seconds()
    rows = _rows("refunds_by_step", program=program.pk, since=since, until=until, seconds=seconds, most=MOST)
    counts = dict(rows)
    return [counts.get(ago, 0) for ago in range(steps - 1, -1, -1)]


def erasures(now: datetime) -> Erasures:
    """How erasing goes, over all programs."""
    [row] = _rows("erasures", now=now, since=now - timedelta(days=1), most=MOST)
    return Erasures(*row)


def cycles(program: Program) -> QuerySet[Cycle]:
    """A program's closed cycles."""
    return Cycle.objects.filter(program=program)


def quarantined() -> list[BankFile]:
    """The newest files of the bank that were put aside."""
    held = BankFile.State.QUARANTINED
    return list(BankFile.objects.filter(state=held).defer("content", "content_key").order_by("-pk")[:10])


def bank_files() -> list[BankFile]:
    """The newest files of the bank."""
    return list(BankFile.objects.defer("content", "content_key").order_by("-pk")[:10])


def doubtful_lines() -> list[BankLine]:
    """The newest lines of the bank that people must look at: references unknown, or against the books."""
    unclear = [BankLine.Outcome.UNKNOWN, BankLine.Outcome.CONTRADICTS]
    return list(BankLine.objects.filter(outcome__in=unclear).order_by("-pk")[:10])


def open_releases() -> list[Release]:
    """Releases that are not settled, by what they wait for."""
    closed = [Release.State.SETTLED, Release.State.CANCELLED]
    return list(Release.objects.exclude(state__in=closed).select_related("program").order_by("-pk")[:20])


def key_epochs() -> list[KeyEpoch]:
    """The newest epochs of the key ring."""
    return list(KeyEpoch.objects.order_by("-pk")[:5])


def last_pass_at() -> datetime | None:
    """When any line was last settled."""
    return max(Line.objects.values_list("settled_at", flat=True), default=None)


def _rows(name: str, **values: Any) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(QUERIES[name], values)
        return list(cursor.fetchall())


def draws_under_way() -> list[Draw]:
    """Announced draws that are neither certified nor over, the one that is due first ahead."""
    over = [DrawState.DRAFT, DrawState.CERTIFIED, DrawState.NOT_COMPLETED, DrawState.VOID]
    return list(Draw.objects.exclude(state__in=over).select_related("program").order_by("reveals_at")[:DRAWS_MAX])
