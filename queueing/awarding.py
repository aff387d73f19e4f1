"""Awards from draws: what a certified draw hands over, and which of it ended unpaid. Cycles award in the pass."""

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from django.db import connection, transaction

from cashback.lib.sql import Queries
from queueing import locks
from queueing.models import Award, EndedAward, Source
from queueing.rows import fetch

QUERIES = Queries(Path(__file__).parent / "sql" / "awarding.sql")


class Ended(NamedTuple):
    """An award of a draw that will not be paid: withdrawn, no_details or decided says why."""

    award_id: int
    registration_id: int
    reason: str
    ended_at: datetime


@transaction.atomic
def award_drawn(*, program_id: int, draw_id: int, amounts_minor: Mapping[int, int], now: datetime) -> dict[int, int]:
    """Award cash to the winners of a draw: amount by registration. Returns the award's id by registration.

    Strictly before or after a close, a withdrawal and a void card; whoever does not stand any more is left out.
    Safe to repeat: one award a registration and draw.
    """
    locks.lock(locks.SETTLING, program_id)
    parameters = {
        "program_id": program_id,
        "draw_id": draw_id,
        "registrations": list(amounts_minor),
        "amounts_minor": list(amounts_minor.values()),
        "now": now,
    }
    fetch(QUERIES["award_drawn"], parameters)
    awards = Award.objects.filter(source=Source.DRAW, source_id=draw_id, registration__in=list(amounts_minor))
    return {award.registration_id: award.pk for award in awards}


def end(*, reasons: Mapping[int, str], now: datetime) -> None:
    """Tell that awards of draws will not be paid, each with a reason's code, in the transaction that ends them.

    Safe to repeat: the first reason stands.
    """
    assert connection.in_atomic_block, "an award ends in the transaction that cancels it"
    EndedAward.objects.bulk_create(
        [EndedAward(award_id=award_id, reason=reason, ended_at=now) for award_id, reason in sorted(reasons.items())],
        ignore_conflicts=True,
    )


def ended(*, draw_id: int) -> list[Ended]:
    """The awards of a draw that ended unpaid, in the order in which they did."""
    found = EndedAward.objects.filter(award__source=Source.DRAW, award__source_id=draw_id)
    rows = found.order_by("ended_at", "award_id").values_list(
        "award_id", "award__registration_id", "reason", "ended_at"
    )
    return [Ended(*row) for row in rows]
