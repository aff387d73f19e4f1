"""Reads: how stations stand, what can be run, what came of it."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

from django.db.models import QuerySet

from cashback.control.centre.models import Run, Station, StationState

ROLL_CALL_PERIOD: Final = timedelta(seconds=15)
LATE_AFTER: Final = timedelta(seconds=45)
OFFLINE_AFTER: Final = timedelta(seconds=120)


class Standing(StrEnum):
    """How a station is, seen from the centre."""

    NEW = "new"
    ONLINE = "online"
    LATE = "late"
    OFFLINE = "offline"
    RETIRED = "retired"


@dataclass(frozen=True, kw_only=True)
class StationSummary:
    """A station as lists show it."""

    station: Station
    standing: Standing
    paused: bool
    draining: bool
    load: float | None
    running: int
    waiting: int
    limit: int
    copies: tuple[tuple[str, str], ...]
    confinement: str


def standing(station: Station, *, now: datetime) -> Standing:
    """Online, late or offline by when it was last heard; a missing answer says late long before it says offline."""
    if station.state == StationState.RETIRED:
        return Standing.RETIRED
    if station.state != StationState.ACCEPTED:
        return Standing.NEW
    if station.heard_at is None or station.heard_at <= now - OFFLINE_AFTER:
        return Standing.OFFLINE
    return Standing.LATE if station.heard_at <= now - LATE_AFTER else Standing.ONLINE


def stations(*, now: datetime) -> list[StationSummary]:
    """Every station, by name."""
    return [summary(station, now=now) for station in Station.objects.order_by("name")]


def summary(station: Station, *, now: datetime) -> StationSummary:
    """One station."""
    said: dict[str, Any] = station.reported
    return StationSummary(
        station=station,
        standing=standing(station, now=now),
        paused=said.get("paused", False),
        draining=said.get("draining", False),
        load=said.get("load"),
        running=said.get("running", 0),
        waiting=said.get("waiting", 0),
        limit=said.get("limit", 0),
        copies=tuple((copy["application"], copy["version"]) for copy in said.get("copies", [])),
        confinement=said.get("confinement", ""),
    )


def alive(*, now: datetime) -> "QuerySet[Station]":
    """Accepted stations that were heard lately."""
    return Station.objects.filter(state=StationState.ACCEPTED, heard_at__gt=now - OFFLINE_AFTER)


def run_as_asked(*, run_id: UUID) -> Run | None:
    """A run with all that its asker may see."""
    rows = Run.objects.select_related("version__application", "errand__station").defer("version__bundle")
    return rows.filter(pk=run_id).first()
