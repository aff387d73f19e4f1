"""The freeze: who stands in the line at this moment makes the pool, for ever, and everybody can have it."""

from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction

from cashback.lib import drawing
from cashback.lib.errors import DomainError
from cashback.lib.failpoints import failpoint
from lottery.announcing import FIGURES_AFTER_FREEZE
from lottery.files import stored
from lottery.holding import FROZEN_TOO_LATE, end, move, read, try_hold
from lottery.models import Draw, DrawState, Piece
from lottery.queries import source
from queueing import ordering
from queueing.lines import ensure_line
from queueing.locks import LINE, Busy, lock, patience

PIECE_LINES = 14_000  # of the pool: about a megabyte

_SQL = source("freezing")


class NotYetComplete(DomainError):
    """Somebody who registered in time may still lack a place; the freeze waits for the line."""

    code = "not_yet_complete"


def due(*, now: datetime) -> list[int]:
    """Draws that are to be frozen by now, in the order in which they are due."""
    announced = Draw.objects.filter(state=DrawState.ANNOUNCED, freezes_at__lte=now, registered_until__lt=now)
    return list(announced.order_by("freezes_at", "pk").values_list("pk", flat=True))


def freeze(*, draw_id: int, now: datetime) -> Draw:
    """Write the pool, whom declarations keep out, and the pool's hash, in one transaction. Call it outside of any.

    Left alone where somebody else is at it. A draw whose figures might be known by now is not completed instead.
    Raises NotYetComplete.
    """
    _bring_the_line_forward(read(draw_id))
    with transaction.atomic():
        draw = try_hold(draw_id, DrawState.ANNOUNCED)
        if draw is not None and draw.freezes_at <= now:
            if _figures_may_be_known(draw, now):
                end(draw, reason=FROZEN_TOO_LATE, now=now)
            else:
                _freeze(draw, now)
        failpoint("draw.before_freeze_commit")
    return read(draw_id)


def _freeze(draw: Draw, now: datetime) -> None:
    program = draw.program_id
    if not _complete(draw):
        raise NotYetComplete
    (declared,) = _SQL.row("declared", program=program)
    chosen = {
        "draw": draw.pk,
        "program": program,
        "registered_from": draw.registered_from,
        "registered_until": draw.registered_until,
        "paid_included": draw.paid_included,
        "declared": declared,
    }
    entries = _SQL.run("enter", **chosen)
    failpoint("draw.entered")
    if entries:
        _SQL.run("write_pool", draw=draw.pk, lines=PIECE_LINES)
    else:
        _SQL.run("write_empty_pool", draw=draw.pk)
    failpoint("draw.pool_written")
    _SQL.run("keep_out", **chosen)
    pool_hash = drawing.pool_hash(stored(draw.pk, Piece.File.POOL))
    move(draw, DrawState.FROZEN, entries=entries, pool_hash=pool_hash, frozen_at=now)


def _bring_the_line_forward(draw: Draw) -> None:
    """Move the line's cut past the period if nobody has come since, and the pass had no reason to.

    Raises NotYetComplete where a registration is stalled: those behind us must not wait with us for it.
    """
    ensure_line(draw.program_id)
    if _SQL.row("line_is_past", program=draw.program_id, until=draw.registered_until)[0]:
        return
    try:
        with transaction.atomic(), patience(ordering.CUT_TIMEOUT_MS):
            lock(LINE, draw.program_id)
            ordering.cover_everybody(draw.program_id)
    except Busy:
        raise NotYetComplete from None


def _complete(draw: Draw) -> bool:
    """Whether nobody can come any more who registered in the period, and all who did have their places."""
    cut_is_past, all_placed = _SQL.row("line_is_past", program=draw.program_id, until=draw.registered_until)
    return bool(cut_is_past and all_placed)


def _figures_may_be_known(draw: Draw, now: datetime) -> bool:
    ahead = timedelta(0) if settings.DEMO else FIGURES_AFTER_FREEZE
    return draw.figures.filter(published_at__lte=now + ahead).exists()
