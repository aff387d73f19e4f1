"""Telling stations what to do: a row for the instruction, a row for each station. Sending is the schedule's."""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction

from cashback.control.centre.authority import require_operator
from cashback.control.centre.models import Errand, ErrandState, Instruction, Rollout, Station, StationState, Verb
from cashback.control.protocol.arguments import read_arguments
from cashback.control.protocol.naming import INSTRUCTION_SECONDS_MAX
from cashback.control.protocol.problems import WrongField
from cashback.lib.errors import DomainError, InvalidDetails

VALID_FOR = timedelta(hours=1)
STATIONS_MAX = 10_000


class StationNotAccepted(DomainError):
    """Only accepted stations can be told anything."""

    code = "station_not_accepted"


class NothingFailed(DomainError):
    """No station failed at this instruction, so there is nothing to repeat."""

    code = "nothing_failed"


class TooLateToCancel(DomainError):
    """It was sent already; whether the station did it will be reported."""

    code = "too_late_to_cancel"


def reachable_ids() -> list[int]:
    """Every accepted station."""
    accepted = Station.objects.filter(state=StationState.ACCEPTED)
    return list(accepted.order_by("name").values_list("pk", flat=True))


@transaction.atomic
def instruct(
    *,
    verb: str,
    arguments: dict[str, Any],
    station_ids: Collection[int],
    by_id: int | None,
    now: datetime,
    valid_for: timedelta = VALID_FOR,
    retry_of: Instruction | None = None,
    rollout: Rollout | None = None,
    wave: int | None = None,
) -> Instruction:
    """Tell stations something; each gets it when it is there, within `valid_for`. Runs have verbs of their own.

    Raises NotAnOperator, InvalidDetails, StationNotAccepted.
    """
    require_operator(by_id)
    if verb not in Verb.values or verb == Verb.RUN:
        raise InvalidDetails({"verb": ["Not one of those that stations know."]})
    try:
        arguments = read_arguments(verb, arguments).to_body()
    except WrongField as problem:
        raise InvalidDetails({"arguments": [str(problem)]}) from None
    return write(
        verb=verb,
        arguments=arguments,
        station_ids=station_ids,
        by_id=by_id,
        now=now,
        valid_for=valid_for,
        retry_of=retry_of,
        rollout=rollout,
        wave=wave,
    )


def write(
    *,
    verb: str,
    arguments: dict[str, Any],
    station_ids: Collection[int],
    by_id: int | None,
    now: datetime,
    valid_for: timedelta,
    retry_of: Instruction | None = None,
    rollout: Rollout | None = None,
    wave: int | None = None,
) -> Instruction:
    """Write an instruction and its errands, in the caller's transaction. Raises InvalidDetails, StationNotAccepted."""
    wanted = sorted(set(station_ids))
    if not 1 <= len(wanted) <= STATIONS_MAX or not 0 < valid_for.total_seconds() <= INSTRUCTION_SECONDS_MAX:
        raise InvalidDetails({"stations": ["At least one station, for at most seven days."]})
    accepted = Station.objects.filter(pk__in=wanted, state=StationState.ACCEPTED)
    if accepted.count() != len(wanted):
        raise StationNotAccepted
    instruction = Instruction.objects.create(
        verb=verb,
        arguments=arguments,
        asked_at=now,
        asked_by_id=by_id,
        expires_at=now + valid_for,
        retry_of=retry_of,
        rollout=rollout,
        wave=wave,
    )
    Errand.objects.bulk_create(
        [Errand(instruction=instruction, station_id=station_id, send_at=now) for station_id in wanted]
    )
    return instruction


@transaction.atomic
def retry_failed(*, instruction_id: UUID, by_id: int | None, now: datetime) -> Instruction:
    """Tell those stations again that failed or did not answer in time, and no others.

    Raises NotAnOperator, NothingFailed, InvalidDetails.
    """
    require_operator(by_id)
    old = Instruction.objects.filter(pk=instruction_id).exclude(verb=Verb.RUN).first()
    if old is None:
        raise NothingFailed
    failed = Errand.objects.filter(
        instruction=old,
        state__in=[ErrandState.FAILED, ErrandState.EXPIRED],
        station__state=StationState.ACCEPTED,
    )
    stations = list(failed.values_list("station_id", flat=True))
    if not stations:
        raise NothingFailed
    return instruct(
        verb=old.verb,
        arguments=old.arguments,
        station_ids=stations,
        by_id=by_id,
        now=now,
        valid_for=old.expires_at - old.asked_at,
        retry_of=old,
    )


@transaction.atomic
def cancel(*, instruction_id: UUID, by_id: int | None, now: datetime) -> int:
    """Take back what was not sent yet; how many stations will not hear of it. Raises NotAnOperator, TooLateToCancel."""
    require_operator(by_id)
    cancelled = _cancel(now, instruction_id=instruction_id)
    if cancelled == 0:
        raise TooLateToCancel
    return cancelled


def cancel_waiting(*, station_id: int, now: datetime) -> int:
    """Take back everything that a station was not sent yet, in the caller's transaction."""
    return _cancel(now, station_id=station_id)


def _cancel(now: datetime, **which: Any) -> int:
    waiting = Errand.objects.filter(state=ErrandState.QUEUED, **which)
    return waiting.update(state=ErrandState.CANCELLED, ended_at=now, send_at=None)
