"""One round over all draws: whatever is due of each is done, and one that cannot go on holds up no other."""

import logging
from collections.abc import Callable, Iterable
from datetime import datetime

from cashback.lib.errors import DomainError
from lottery import drawing_up, freezing, passing_on, revealing

LOGGER = logging.getLogger(__name__)


def tick(*, now: datetime) -> None:
    """Freeze, reveal, draw, verify, expire and pass prizes on, as far as each is due. Safe to run twice at once."""
    _each(drawing_up.expired(now=now), lambda draw_id: drawing_up.expire(draw_id=draw_id, now=now))
    _each(freezing.due(now=now), lambda draw_id: freezing.freeze(draw_id=draw_id, now=now))
    _each(revealing.due(now=now), lambda draw_id: revealing.reveal(draw_id=draw_id, now=now))
    _each(drawing_up.due(), lambda draw_id: drawing_up.draw_up(draw_id=draw_id, now=now))
    _each(drawing_up.to_verify(), lambda draw_id: drawing_up.verify(draw_id=draw_id, now=now))
    _each(passing_on.due(), lambda draw_id: passing_on.pass_on(draw_id=draw_id, now=now))


def _each(draw_ids: Iterable[int], step: Callable[[int], object]) -> None:
    for draw_id in draw_ids:
        try:
            step(draw_id)
        except DomainError as waits:
            LOGGER.info("draw %s waits: %s", draw_id, waits.code)
        except Exception:
            # The edge of a process, once for each draw: the next one is somebody else's.
            LOGGER.exception("draw %s failed", draw_id)
