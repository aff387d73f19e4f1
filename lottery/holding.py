"""Holding a draw: whoever moves it on does so alone, and finds it in the state that the step begins with."""

from datetime import datetime

from django.db import transaction

from cashback.lib.errors import DomainError
from lottery.models import Draw, DrawState

REASON_MAX = 200
NOT_CERTIFIED = "not_certified"  # why a draw was not completed, where no person wrote a reason
FROZEN_TOO_LATE = "frozen_too_late"


class DrawUnknown(DomainError):
    """There is no such draw."""

    code = "draw_unknown"


class DrawStateRefuses(DomainError):
    """Draw %(draw)s is %(state)s; this is not possible any more, or not yet."""

    code = "draw_state"


class SecondPersonNeeded(DomainError):
    """Somebody else must do this: you did the step before it."""

    code = "second_person_needed"


class ReasonMissing(DomainError):
    """Give the reason in at most 200 characters; everybody will read it. Name nobody."""

    code = "reason_missing"


def read(draw_id: int) -> Draw:
    """The draw as it is at this moment. Raises DrawUnknown."""
    draw = Draw.objects.filter(pk=draw_id).first()
    if draw is None:
        raise DrawUnknown
    return draw


def hold(draw_id: int, *states: DrawState) -> Draw:
    """The draw, held alone until the transaction ends. Raises DrawUnknown, DrawStateRefuses unless in such a state."""
    assert transaction.get_connection().in_atomic_block, "a draw is held within a transaction"
    draw = Draw.objects.select_for_update(no_key=True).filter(pk=draw_id).first()
    if draw is None:
        raise DrawUnknown
    if draw.state not in states:
        raise DrawStateRefuses(draw=draw.code, state=draw.get_state_display())
    return draw


def try_hold(draw_id: int, *states: DrawState) -> Draw | None:
    """As `hold`, but None where somebody else holds the draw or it is in another state: the next tick looks again."""
    assert transaction.get_connection().in_atomic_block, "a draw is held within a transaction"
    free = Draw.objects.select_for_update(no_key=True, skip_locked=True)
    return free.filter(pk=draw_id, state__in=states).first()


def move(draw: Draw, to: DrawState, **columns: object) -> None:
    """Move a held draw on, with the columns of that step."""
    moved = Draw.objects.filter(pk=draw.pk, state=draw.state).update(state=to, **columns)
    assert moved == 1, "a held draw was moved by somebody else"


def end(draw: Draw, *, reason: str, now: datetime) -> None:
    """A held draw will never be completed; its fund stays where it is. What is sealed is destroyed unread."""
    move(
        draw,
        DrawState.NOT_COMPLETED,
        ended_at=now,
        end_reason=reason,
        sealed_secret=None,
        sealed_secret_key=None,
        sealed_epoch=None,
    )
