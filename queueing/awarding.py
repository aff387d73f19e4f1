"""Awards from draws: what a certified draw hands over. Cycles write their awards in the pass itself."""

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

from django.db import transaction

from cashback.lib.sql import Queries
from queueing import locks
from queueing.models import Award
from queueing.rows import fetch

QUERIES = Queries(Path(__file__).parent / "sql" / "awarding.sql")


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
    awards = Award.objects.filter(source="draw", source_id=draw_id, registration__in=list(amounts_minor))
    return {award.registration_id: award.pk for award in awards}
