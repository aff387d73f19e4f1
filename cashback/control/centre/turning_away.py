"""Counting what is not believed or not needed; the message itself is not kept."""

from datetime import datetime

from cashback.control.centre.queries import source

_SQL = source("turning_away")


def count(*, station_id: int | None, code: str, now: datetime) -> None:
    """Count one message."""
    _SQL.run("count", station=station_id, code=code[:60], now=now)
