"""Drawing: the results follow from pool, secret and figures. The draw is worked out once and verified once more."""

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import BinaryIO

from django.db import transaction

from cashback.lib import drand, drawing
from cashback.lib.errors import DomainError
from cashback.lib.failpoints import failpoint
from lottery import verify as verifier
from lottery.files import PIECE_BYTES, stored
from lottery.holding import NOT_CERTIFIED, end, move, read, try_hold
from lottery.models import CERTIFIED_WITHIN, Draw, DrawState, Piece, Result
from lottery.queries import source
from lottery.selectors import prizes_one_by_one

UNDER_WAY = (DrawState.ANNOUNCED, DrawState.FROZEN, DrawState.REVEALED, DrawState.DRAWN, DrawState.VERIFIED)

_SQL = source("drawing_up")


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


def due() -> list[int]:
    """Draws whose secret is revealed and whose figures are all confirmed."""
    return [draw_id for (draw_id,) in _SQL.rows("ready")]


def recipe(*, draw_id: int) -> Recipe:
    """What the results of a revealed draw follow from. Raises FiguresMissing."""
    draw = read(draw_id)
    if draw.secret is None or draw.entries is None or draw.figures.filter(confirmed_at=None).exists():
        raise FiguresMissing(draw=draw.code)
    return Recipe(
        draw=draw.code,
        pool_hash=draw.pool_hash,
        secret=bytes(draw.secret),
        figures=_figures(draw),
        entries=draw.entries,
        results=len(prizes_one_by_one(draw)) + draw.reserves,
    )


@transaction.atomic
def draw_up(*, draw_id: int, now: datetime, drawer: Drawer = drawn_here) -> Draw:
    """Draw: the results are written, once. `drawer` may be another machine; `verify` finds it out if it errs.

    Left alone where somebody else is at it, or where the draw is not revealed. Raises FiguresMissing.
    """
    draw = try_hold(draw_id, DrawState.REVEALED)
    if draw is not None:
        indexes = drawer(recipe(draw_id=draw_id))
        if indexes:
            _SQL.run("write_results", draw=draw.pk, indexes=list(indexes))
        failpoint("draw.results_written")
        move(draw, DrawState.DRAWN, drawn_at=now)
    failpoint("draw.before_drawn_commit")
    return read(draw_id)


def to_verify() -> list[int]:
    """Draws that are drawn and wait for their verification."""
    return list(Draw.objects.filter(state=DrawState.DRAWN).order_by("pk").values_list("pk", flat=True))


@transaction.atomic
def verify(*, draw_id: int, now: datetime) -> Draw:
    """Publish the bundle, after the stand-alone verifier has worked the draw out again from it. Raises NotVerified."""
    draw = try_hold(draw_id, DrawState.DRAWN)
    if draw is not None:
        with tempfile.TemporaryFile() as bundle:
            _write_bundle(draw, bundle)
            _check(draw, bundle)
            _store(draw, bundle)
        failpoint("draw.bundle_stored")
        move(draw, DrawState.VERIFIED, verified_at=now)
    failpoint("draw.before_verified_commit")
    return read(draw_id)


def expired(*, now: datetime) -> list[int]:
    """Draws that should have been certified by now."""
    late = Draw.objects.filter(state__in=UNDER_WAY, reveals_at__lte=now - CERTIFIED_WITHIN)
    return list(late.order_by("pk").values_list("pk", flat=True))


@transaction.atomic
def expire(*, draw_id: int, now: datetime) -> Draw:
    """A draw that was not certified within 7 days of its reveal is not completed. Its fund stays locked."""
    draw = try_hold(draw_id, *UNDER_WAY)
    if draw is not None and draw.reveals_at + CERTIFIED_WITHIN <= now:
        end(draw, reason=NOT_CERTIFIED, now=now)
    failpoint("draw.before_expired_commit")
    return read(draw_id)


def _figures(draw: Draw) -> list[tuple[str, str]]:
    return list(draw.figures.order_by("position").values_list("name", "value"))


def _write_bundle(draw: Draw, bundle: BinaryIO) -> None:
    assert draw.secret is not None
    assert draw.announced_at is not None
    assert draw.frozen_at is not None
    prizes = prizes_one_by_one(draw)
    results = list(Result.objects.filter(draw=draw).order_by("rank").values_list("index", flat=True))
    beacon = draw.figures.exclude(beacon_round=None).first()
    extra = (
        {}
        if beacon is None
        else {"beacon": {"round": beacon.beacon_round, "signature": beacon.beacon_signature, "chain": drand.CHAIN}}
    )
    account = drawing.draw_json(
        draw_id=draw.code,
        program=draw.program.code,
        announced_at=draw.announced_at,
        frozen_at=draw.frozen_at,
        secret=bytes(draw.secret),
        figures=_figures(draw),
        pool_hash=draw.pool_hash,
        winners=results[: len(prizes)],
        reserves=results[len(prizes) :],
        reserves_announced=draw.reserves,
        prizes=[{"name": prize.name, "name_zh": prize.name_zh, "amount_minor": prize.amount_minor} for prize in prizes],
        extra=extra,
    )
    drawing.write_bundle(bundle, stored(draw.pk, Piece.File.POOL), account)


def _check(draw: Draw, bundle: BinaryIO) -> None:
    """The verifier knows the bundle alone; that it is this draw's, and these results', is compared here."""
    bundle.seek(0)
    verdict = verifier.verify(bundle)
    if not verdict.ok:
        raise NotVerified(draw=draw.code, reason=verdict.reason)
    drawn = [*verdict.winners, *verdict.reserves]
    written = list(Result.objects.filter(draw=draw).order_by("rank").values_list("index", "leaf"))
    if written != [(index, verdict.leaves[index]) for index in drawn]:
        raise NotVerified(draw=draw.code, reason="the results differ")
    if (verdict.draw, verdict.pool_hash, verdict.entries) != (draw.code, draw.pool_hash, draw.entries):
        raise NotVerified(draw=draw.code, reason="the bundle is of another pool")
    assert draw.secret is not None
    if drawing.commitment(bytes(draw.secret)) != draw.commitment:
        raise NotVerified(draw=draw.code, reason="the secret is not the one committed to")


def _store(draw: Draw, bundle: BinaryIO) -> None:
    bundle.seek(0)
    for number, content in enumerate(iter(partial(bundle.read, PIECE_BYTES), b"")):
        Piece.objects.create(draw=draw, file=Piece.File.BUNDLE, number=number, content=content)
