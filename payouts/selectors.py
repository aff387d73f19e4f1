"""What payouts can tell: a holder's awards, a program's public numbers and its coverage."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from types import SimpleNamespace

from django.db import connection

from cards.models import Program, ProgramState, Rule
from payouts.queries import source
from queueing import status
from queueing.status import RegistrationStatus

FULL = 10_000  # basis points

_SQL = source("selectors")


@dataclass(frozen=True, slots=True)
class AwardStatus:
    """One award as its holder sees it. `reason` is a code: a bank's, or one of ours.

    `details_given`: the details it asks for have come since, and are taken up with the next tick.
    """

    id: int
    source: str
    kind: str
    amount_minor: int
    currency: str
    state: str
    reason: str
    since: datetime
    details_given: bool


@dataclass(frozen=True, slots=True)
class TimelineEntry:
    """What happened, as a code, and when."""

    event: str
    at: datetime


@dataclass(frozen=True, slots=True)
class HolderStatus:
    """All that a receipt opens: the registration, and its awards and timeline with what became of the payments."""

    registration: RegistrationStatus
    awards: tuple[AwardStatus, ...]
    timeline: tuple[TimelineEntry, ...]


@dataclass(frozen=True, slots=True)
class ProgramNumbers:
    """A program's public figures as of one moment. `coverage` in basis points, `waiting` for a cycle to close."""

    code: str
    name: str
    currency: str
    face_value_minor: int
    cycle_size: int
    payouts_per_cycle: int
    rule: str
    sold: int
    registered: int
    placed: int
    cycles_closed: int
    cash_awards: int
    gift_awards: int
    refunded: int
    refunded_minor: int
    pending: int
    waiting: int
    coverage: int
    as_of: datetime


def holder_status(receipt: str, now: datetime) -> HolderStatus:
    """What a receipt opens. Raises ReceiptUnknown. Changes nothing."""
    assert now.tzinfo is not None
    registration = status.find(receipt)
    awards = tuple(
        AwardStatus(award_id, from_source, kind, amount_minor, registration.currency, state, reason, since, given)
        for award_id, from_source, kind, amount_minor, state, reason, since, given in _SQL.rows(
            "award_states", registration=registration.registration_id
        )
    )
    events = [TimelineEntry(happened.event, happened.at) for happened in registration.timeline]
    if awards:
        events += [
            TimelineEntry(*row) for row in _SQL.rows("attempt_events", registration=registration.registration_id)
        ]
    return HolderStatus(registration, awards, tuple(sorted(events, key=lambda event: event.at)))


def program_numbers(program: Program, now: datetime) -> ProgramNumbers:
    """A program's public figures; one query, whose cost does not grow with the line."""
    (numbers,) = programs_numbers([program.pk], now)
    return numbers


def programs_numbers(program_ids: Sequence[int], now: datetime) -> list[ProgramNumbers]:
    """The public figures of several programs in one snapshot, by code."""
    return [_numbers(row, now) for row in _fetch(program_ids)]


def coverage(program: Program) -> int:
    """Reserves against all that cycles and gifts could still cost, in basis points rounded down."""
    (row,) = _fetch([program.pk])
    return _coverage(row)


def program_numbers_query() -> str:
    """The query behind the public figures, for whoever compares them with the tables. Parameter: programs."""
    return _SQL.queries["program_numbers"].rstrip(";")


def _fetch(program_ids: Sequence[int]) -> list[SimpleNamespace]:
    with connection.cursor() as cursor:
        cursor.execute(_SQL.queries["program_numbers"], {"programs": list(program_ids)})
        names = [column.name for column in cursor.description]
        return [SimpleNamespace(**dict(zip(names, row, strict=True))) for row in cursor.fetchall()]


def _numbers(row: SimpleNamespace, now: datetime) -> ProgramNumbers:
    return ProgramNumbers(
        code=row.code,
        name=row.name,
        currency=row.currency,
        face_value_minor=row.face_value_minor,
        cycle_size=row.cycle_size,
        payouts_per_cycle=row.payouts_per_cycle,
        rule=row.rule,
        sold=row.sold,
        registered=row.registered,
        placed=row.placed,
        cycles_closed=row.cycles_closed,
        cash_awards=row.cash_collected + row.cash_uncollected + row.draw_awards,
        gift_awards=row.gift_collected + row.gift_uncollected,
        refunded=row.refunded,
        refunded_minor=row.refunded_minor,
        pending=row.pending,
        waiting=row.registered - row.settled_through,
        coverage=_coverage(row),
        as_of=now,
    )


def _coverage(row: SimpleNamespace) -> int:
    """What is reserved for cycles, by what they could still cost.

    The cards that may still be placed fill whole cycles from the last closed one on, and one broken cycle that pays
    the whole faces of its share: all that are sold, and from closing on those that were registered by then.
    """
    still_open = row.state in {ProgramState.DRAFT, ProgramState.PUBLISHED}
    open_cards = max(0, (row.sold if still_open else row.registered) - row.settled_through)
    cash = open_cards * row.payouts_per_cycle // row.cycle_size
    gifts = open_cards - (cash if row.rule == Rule.COHORT else 0)
    owed_minor = (row.cash_uncollected + cash) * row.face_value_minor
    owed_minor += (row.gifts_owed + row.gift_uncollected + gifts) * row.gift_cost_minor
    return FULL if owed_minor == 0 else int(row.reserves_minor) * FULL // owed_minor
