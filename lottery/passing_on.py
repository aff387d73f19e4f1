"""Passing on: a prize whose winner is not paid goes to the next reserve that stands, or to nobody."""

from datetime import datetime


def due() -> list[int]:
    """Draws of which an award ended whose prize is not passed on yet."""
    raise NotImplementedError


def pass_on(*, draw_id: int, now: datetime) -> int:
    """Pass on the prizes of a certified draw whose awards have ended; returns how many."""
    raise NotImplementedError
