"""Certifying: a second person puts a verified draw in force, and its winners get their awards."""

from datetime import datetime

from django.db import transaction

from cashback.accounts.two_people import require_organizer
from cashback.lib.failpoints import failpoint
from lottery.allotting import allot
from lottery.holding import DrawStateRefuses, SecondPersonNeeded, hold, move, read
from lottery.models import CERTIFIED_WITHIN, Draw, DrawState
from lottery.selectors import prizes_one_by_one


@transaction.atomic
def certify(*, draw_id: int, by_id: int, now: datetime) -> Draw:
    """Certify a verified draw: results in order get the prizes in order, and awards.

    The prize of who does not stand any more goes to the next reserve; what nobody gets is not awarded. Raises
    NotAllowed, DrawUnknown, DrawStateRefuses (after 7 days too), SecondPersonNeeded for who announced the draw.
    """
    require_organizer(by_id)
    draw = hold(draw_id, DrawState.VERIFIED)
    if draw.announced_by_id == by_id:
        raise SecondPersonNeeded
    if draw.reveals_at + CERTIFIED_WITHIN <= now:
        raise DrawStateRefuses(draw=draw.code, state=DrawState.NOT_COMPLETED.label)
    move(draw, DrawState.CERTIFIED, certified_by_id=by_id, certified_at=now)
    draw = read(draw_id)
    allot(draw, range(len(prizes_one_by_one(draw))), now)
    failpoint("draw.before_certified_commit")
    return draw
