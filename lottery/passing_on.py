"""Passing on: a prize whose winner is not paid goes to the next reserve that stands, or to nobody."""

from datetime import datetime

from django.db import transaction

from cashback.lib.failpoints import failpoint
from lottery.allotting import allot
from lottery.holding import try_hold
from lottery.models import Allotment, DrawState
from lottery.queries import source
from queueing import awarding

_SQL = source("passing_on")


def due() -> list[int]:
    """Draws of which an award ended whose prize is not passed on yet."""
    return [draw_id for (draw_id,) in _SQL.rows("draws_with_ended_awards")]


@transaction.atomic
def pass_on(*, draw_id: int, now: datetime) -> int:
    """Pass on the prizes of a certified draw whose awards have ended; returns how many. Safe to repeat."""
    draw = try_hold(draw_id, DrawState.CERTIFIED)
    if draw is None:
        return 0
    ended = {award.award_id: award for award in awarding.ended(draw_id=draw_id)}
    living = Allotment.objects.filter(draw=draw, ended_at=None, award__in=list(ended))
    numbers = []
    for allotment in living.order_by("number"):
        assert allotment.award_id is not None
        award = ended[allotment.award_id]
        ending = Allotment.objects.filter(pk=allotment.pk, ended_at=None)
        if ending.update(ended_at=now, end_reason=award.reason) == 1:
            numbers.append(allotment.number)
    allot(draw, numbers, now)
    failpoint("draw.before_passed_on_commit")
    return len(numbers)
