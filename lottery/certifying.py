"""Certifying: a second person puts a verified draw in force, and its winners get their awards."""

from datetime import datetime

from lottery.models import Draw


def certify(*, draw_id: int, by_id: int, now: datetime) -> Draw:
    """Certify a verified draw: results in order get the prizes in order, and awards.

    The prize of who does not stand any more goes to the next reserve; what nobody gets is not awarded.
    Raises NotAllowed, DrawUnknown, DrawStateRefuses, SecondPersonNeeded.
    """
    raise NotImplementedError
