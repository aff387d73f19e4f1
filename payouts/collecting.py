"""Collecting: the awards of closed cycles and of draws enter the registers, in order, each once."""

from dataclasses import dataclass, replace
from datetime import datetime

from django.db import transaction

from cards.models import Program
from cashback.ledger.models import Event, Kind
from cashback.ledger.posting import AccountKey, Leg, balance_minor, post, post_many
from cashback.lib.failpoints import failpoint
from cashback.lib.isolation import for_each
from cashback.lib.money import ceil_div
from payouts.locks import Lock, lock
from payouts.models import Tally
from payouts.queries import source
from queueing import awarding
from queueing.models import Cycle

CYCLES_MAX = 100  # of a transaction: a few thousand rows
DRAW_AWARDS_MAX = 1_000
WITHDRAWN = "withdrawn"  # the reason of what is cancelled without having been due

_SQL = source("collecting")


@dataclass(frozen=True)
class Collected:
    """How many awards entered PENDING, how many gifts are owed, how many awards were of withdrawn holders."""

    cash: int = 0
    gifts: int = 0
    cancelled: int = 0

    def __add__(self, other: "Collected") -> "Collected":
        """Both together."""
        return Collected(self.cash + other.cash, self.gifts + other.gifts, self.cancelled + other.cancelled)


def collect_all(*, now: datetime) -> Collected:
    """Collect every program that has something to collect; one that fails stops no other, and is raised at the end."""
    programs = [program_id for (program_id,) in _SQL.rows("programs_with_awards")]
    return sum(for_each("program", programs, lambda program_id: collect(program_id=program_id, now=now)), Collected())


def collect(*, program_id: int, now: datetime) -> Collected:
    """Collect a program's awards up to the last closed cycle, and those of its draws, in bounded transactions."""
    program = Program.objects.get(pk=program_id)
    collected = Collected()
    while True:
        cycles, step = _collect_cycles(program, now)
        collected += step
        failpoint("collect.cycles")
        if cycles < CYCLES_MAX:
            break
    while True:
        step = _collect_draws(program, now)
        collected += step
        failpoint("collect.draws")
        if step.cash + step.cancelled < DRAW_AWARDS_MAX:
            return collected


@transaction.atomic
def _collect_cycles(program: Program, now: datetime) -> tuple[int, Collected]:
    lock(Lock.COLLECTING, program.pk)
    _SQL.run("open_collection", program=program.pk, now=now)
    through, cycles, award_ids, amounts_minor, cancelled, gifts, moved = _SQL.row(
        "collect_cycles", program=program.pk, currency=program.currency, cycles_max=CYCLES_MAX, now=now
    )
    assert moved == (1 if cycles else 0)
    _post_awards(program, Kind.CASH_RESERVE, award_ids, amounts_minor, now)
    if cycles:
        _fund_gifts_of_the_incomplete_cycle(program, through, now)
    return cycles, Collected(cash=len(award_ids), gifts=gifts, cancelled=cancelled)


@transaction.atomic
def _collect_draws(program: Program, now: datetime) -> Collected:
    lock(Lock.COLLECTING, program.pk)
    award_ids, amounts_minor, cancelled = _SQL.row(
        "collect_draws", program=program.pk, currency=program.currency, awards_max=DRAW_AWARDS_MAX, now=now
    )
    _post_awards(program, Kind.PRIZE_FUND, award_ids, amounts_minor, now)
    awarding.end(reasons=dict.fromkeys(cancelled, WITHDRAWN), now=now)
    return Collected(cash=len(award_ids), cancelled=len(cancelled))


def _post_awards(
    program: Program, source_of_money: Kind, award_ids: list[int], amounts_minor: list[int], now: datetime
) -> None:
    reserve = AccountKey(source_of_money, program.currency, program.pk)
    due = replace(reserve, kind=Kind.PAYOUTS_DUE)
    entries = [
        (f"award:{award_id}", Leg(debit=reserve, credit=due, amount_minor=amount_minor))
        for award_id, amount_minor in zip(award_ids, amounts_minor, strict=True)
    ]
    post_many(event=Event.CASH_AWARD, entries=entries, now=now)


def _fund_gifts_of_the_incomplete_cycle(program: Program, through: int, now: datetime) -> None:
    """Of a last cycle that pays a broken number of faces, the broken one goes to the gifts, as far as they need it.

    Fifty cards reserve six faces and forty-four gifts; ten cards one face and a fifth of another, and nine gifts
    instead of eight and four fifths.
    """
    cycle = Cycle.objects.get(program_id=program.pk, number=through)
    if cycle.last_place - cycle.first_place + 1 == program.cycle_size:
        return
    owed = Tally.objects.filter(pk=program.pk).values_list("gifts_owed", flat=True).first() or 0
    gift_reserve = AccountKey(Kind.GIFT_RESERVE, program.currency, program.pk)
    cash_reserve = replace(gift_reserve, kind=Kind.CASH_RESERVE)
    unpaid = program.payouts_per_cycle * cycle.standing % program.cycle_size
    amount_minor = min(
        ceil_div(unpaid * program.face_value_minor, program.cycle_size),
        max(0, owed * program.gift_cost_minor - balance_minor(gift_reserve)),
        balance_minor(cash_reserve),
    )
    post(
        event=Event.INCOMPLETE_CYCLE,
        reference=f"program:{program.pk}",
        legs=[Leg(debit=cash_reserve, credit=gift_reserve, amount_minor=amount_minor)],
        now=now,
    )
