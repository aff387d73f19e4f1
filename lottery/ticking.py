"""One round over all draws: whatever is due of each is done, and one that cannot go on holds up no other."""

import logging
from collections.abc import Callable, Iterable
from datetime import datetime
from functools import partial

from cashback.lib.isolation import for_each, run_all
from lottery import drawing_up, freezing, passing_on, revealing

logger = logging.getLogger(__name__)


def tick(*, now: datetime) -> None:
    """Expire, freeze, reveal, draw, verify and pass prizes on, as far as each is due. Safe to run twice at once.

    Each step of each draw is a transaction of its own. What fails is raised once all others had their turn.
    """
    run_all(
        ("expire", lambda: _each(drawing_up.expired(now=now), partial(drawing_up.expire, now=now))),
        ("freeze", lambda: _each(freezing.due(now=now), partial(freezing.freeze, now=now))),
        ("reveal", lambda: _each(revealing.due(now=now), partial(revealing.reveal, now=now))),
        ("draw up", lambda: _each(drawing_up.due(), partial(drawing_up.draw_up, now=now))),
        ("verify", lambda: _each(drawing_up.to_verify(), partial(drawing_up.verify, now=now))),
        ("pass on", lambda: _each(passing_on.due(), partial(passing_on.pass_on, now=now))),
    )


def _each(draw_ids: Iterable[int], step: Callable[..., object]) -> None:
    for_each("draw", draw_ids, lambda draw_id: _take(draw_id, step))


def _take(draw_id: int, step: Callable[..., object]) -> None:
    try:
        step(draw_id=draw_id)
    except (freezing.NotYetComplete, drawing_up.FiguresMissing) as waits:
        logger.info("draw %s waits: %s", draw_id, waits.code)
