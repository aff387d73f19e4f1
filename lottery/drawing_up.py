"""Drawing: the results follow from pool, secret and figures. The draw is worked out once and verified once more."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from cashback.lib import drawing
from cashback.lib.errors import DomainError
from lottery.models import Draw


class FiguresMissing(DomainError):
    """Not every figure of draw %(draw)s is entered and confirmed yet."""

    code = "figures_missing"


class NotVerified(DomainError):
    """Draw %(draw)s does not verify: %(reason)s"""

    code = "not_verified"


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """All that the results of a draw follow from. `figures` are name and value, in the order announced."""

    draw: str
    pool_hash: str
    secret: bytes
    figures: Sequence[tuple[str, str]]
    entries: int
    results: int


Drawer = Callable[[Recipe], Sequence[int]]


def drawn_here(recipe: Recipe) -> Sequence[int]:
    """The indexes drawn, in order, worked out in this process."""
    seed = drawing.seed(draw_id=recipe.draw, pool_hash=recipe.pool_hash, secret=recipe.secret, figures=recipe.figures)
    return drawing.draw(seed=seed, entries=recipe.entries, results=recipe.results)


def due(*, now: datetime) -> list[int]:
    """Draws whose secret is revealed and whose figures are all confirmed."""
    raise NotImplementedError


def draw_up(*, draw_id: int, now: datetime, drawer: Drawer = drawn_here) -> Draw:
    """Draw: the results are written, once. `drawer` may be another machine; `verify` finds it out if it errs.

    Raises FiguresMissing.
    """
    raise NotImplementedError


def to_verify(*, now: datetime) -> list[int]:
    """Draws that are drawn and wait for their verification."""
    raise NotImplementedError


def verify(*, draw_id: int, now: datetime) -> Draw:
    """Publish the bundle, after the stand-alone verifier has worked the draw out again from it. Raises NotVerified."""
    raise NotImplementedError


def expire(*, now: datetime) -> list[int]:
    """Draws that were not certified within 7 days of their reveal are not completed; returns which."""
    raise NotImplementedError
