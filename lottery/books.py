"""What always holds of draws. They hold no personal data: a leaf says nothing to who has not the receipt."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from cashback.lib.books import Invariant
from lottery import rewrapping
from lottery.drawing_up import drawn_here, recipe
from lottery.models import CERTIFIED_WITHIN, Draw, DrawState, Result
from lottery.queries import source

TAKES = timedelta(minutes=5)  # the schedule looks every few seconds
RECOMPUTED_FOR = timedelta(days=30)  # afterwards nothing but the owner's hand could change what was drawn

_FUNDING = source("funding")
_SQL = source("books")


def sealed_under(epoch_id: int) -> int:
    """How many draws' secrets are sealed under an epoch."""
    return rewrapping.sealed_under(epoch_id)


def _funds_cover(_now: datetime) -> Iterator[str]:
    for _, code, balance_minor, committed_minor in _FUNDING.rows("funds", program=None):
        if balance_minor < committed_minor:
            yield f"the prize fund of {code} has {balance_minor} of {committed_minor} that draws have promised"


def _awards_are_prizes(now: datetime) -> Iterator[str]:
    for (award,) in _SQL.rows("stray_awards"):
        yield f"award {award} is of no prize of a certified draw"
    for code, prizes, found in _SQL.rows("lost_prizes"):
        yield f"draw {code} has {prizes} prizes, and {found} are somebody's or were not awarded"
    for code, number in _SQL.rows("late_prizes", before=now - TAKES):
        yield f"prize {number} of draw {code} is not passed on"


def _results_follow(now: datetime) -> Iterator[str]:
    drawn = Draw.objects.filter(state__in=(DrawState.VERIFIED, DrawState.CERTIFIED))
    for draw in drawn.filter(drawn_at__gt=now - RECOMPUTED_FOR).order_by("pk"):
        written = list(Result.objects.filter(draw=draw).order_by("rank").values_list("index", flat=True))
        if written != list(drawn_here(recipe(draw_id=draw.pk))):
            yield f"the results of draw {draw.code} are not what its pool, secret and figures give"


def _steps_are_taken(now: datetime) -> Iterator[str]:
    for code, state in _SQL.rows("under_way", before=now - TAKES, certified_within=CERTIFIED_WITHIN):
        yield f"draw {code} is still {state}"


INVARIANTS = (
    Invariant(4, "a draw's awards are its prizes, each somebody's or nobody's", _awards_are_prizes),
    Invariant(6, "prize funds hold what draws have promised", _funds_cover),
    Invariant(13, "a draw's results follow from what was published", _results_follow),
    Invariant(13, "draws keep their times", _steps_are_taken),
)
