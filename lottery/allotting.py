"""Giving prizes to results: an award for who stands, the next in order for who does not, in a certified draw."""

from collections.abc import Sequence
from datetime import datetime

from django.db.models import Max

from cashback.ledger.models import Event, Kind
from cashback.ledger.posting import AccountKey, Leg, post_many
from lottery.funding import account
from lottery.models import Allotment, Draw, Prize, Result
from lottery.selectors import prizes_one_by_one
from queueing import awarding

NOT_STANDING = "not_standing"


def allot(draw: Draw, numbers: Sequence[int], now: datetime) -> None:
    """Give the prizes of these numbers, in order, to the next results in order of rank; the draw is held.

    Who does not stand any more is passed over, and the prize goes to the next. What nobody is left for is not awarded.
    """
    prizes = prizes_one_by_one(draw)
    waiting = sorted(numbers)
    while waiting:
        results = _next_results(draw, len(waiting))
        if not results:
            _not_awarded(draw, [(number, prizes[number]) for number in waiting], now)
            return
        pairs = list(zip(waiting, results, strict=False))
        awarded = _award(draw, prizes, pairs, now)
        waiting = [number for number, result in pairs if result.pk not in awarded] + waiting[len(pairs) :]
        waiting.sort()


def _next_results(draw: Draw, count: int) -> list[Result]:
    """The results after the last that ever had a prize."""
    last = Allotment.objects.filter(draw=draw).aggregate(rank=Max("result__rank"))["rank"]
    following = Result.objects.filter(draw=draw, rank__gt=-1 if last is None else last)
    return list(following.order_by("rank")[:count])


def _award(draw: Draw, prizes: Sequence[Prize], pairs: Sequence[tuple[int, Result]], now: datetime) -> set[int]:
    """Award each pair's prize to its result; returns the results that stand and have it now."""
    awards = awarding.award_drawn(
        program_id=draw.program_id,
        draw_id=draw.pk,
        amounts_minor={result.registration_id: prizes[number].amount_minor for number, result in pairs},
        now=now,
    )
    Allotment.objects.bulk_create(
        Allotment(
            draw=draw,
            number=number,
            prize=prizes[number],
            result=result,
            award_id=awards.get(result.registration_id),
            allotted_at=now,
            ended_at=None if result.registration_id in awards else now,
            end_reason="" if result.registration_id in awards else NOT_STANDING,
        )
        for number, result in pairs
    )
    return {result.pk for _, result in pairs if result.registration_id in awards}


def _not_awarded(draw: Draw, prizes: Sequence[tuple[int, Prize]], now: datetime) -> None:
    """The prizes that nobody gets leave the fund, once each."""
    revenue = AccountKey(Kind.REVENUE, draw.program.currency)
    entries = [
        (f"draw:{draw.pk}:{number}", Leg(debit=account(draw.program), credit=revenue, amount_minor=prize.amount_minor))
        for number, prize in prizes
    ]
    post_many(event=Event.PRIZE_NOT_AWARDED, entries=entries, now=now)
