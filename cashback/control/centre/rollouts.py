"""Roll-outs: a version goes to stations in waves, and stops by itself where too many fail."""

import math
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from django.db import transaction

from cashback.control.centre.authority import require_operator
from cashback.control.centre.instructing import StationNotAccepted, cancel, instruct
from cashback.control.centre.models import (
    OPEN_STATES,
    Application,
    Errand,
    ErrandState,
    Instruction,
    Planned,
    Rollout,
    RolloutState,
    Station,
    StationState,
    Verb,
)
from cashback.control.centre.publishing import find_version
from cashback.lib.errors import DomainError, InvalidDetails

WAVES_MAX = 20
DEFAULT_SHARES = (10, 50, 100)


class RolloutUnderWay(DomainError):
    """A roll-out of this application is under way; end it first."""

    code = "rollout_under_way"


class RolloutEnded(DomainError):
    """This roll-out has ended."""

    code = "rollout_ended"


@transaction.atomic
def start(
    *,
    application: str,
    version: str,
    station_ids: Collection[int],
    shares: Sequence[int] = DEFAULT_SHARES,
    tolerance: int = 0,
    wave_seconds: int = 600,
    by_id: int | None,
    now: datetime,
) -> Rollout:
    """Plan the waves and begin the first. `shares`: percent of the stations that have it after each wave, to 100.

    Raises NotAnOperator, ApplicationUnknown, VersionWithdrawn, InvalidDetails, StationNotAccepted, RolloutUnderWay.
    """
    require_operator(by_id)
    found = find_version(application=application, version=version)
    names = Station.objects.filter(pk__in=station_ids, state=StationState.ACCEPTED).order_by("name")
    stations = list(names.values_list("pk", flat=True))
    if not stations or len(stations) != len(set(station_ids)):
        raise StationNotAccepted
    rising = all(low < high for low, high in zip([0, *shares], shares, strict=False))
    if not shares or shares[-1] != 100 or not rising or len(shares) > WAVES_MAX:
        raise InvalidDetails({"shares": ["Percentages that rise to 100."]})
    if not 5 <= wave_seconds <= 86_400 or tolerance < 0:
        raise InvalidDetails({"tolerance": ["Not negative; and a wave takes 5 seconds to a day."]})
    # The application's row orders those who start a roll-out of it.
    Application.objects.select_for_update(no_key=True).get(pk=found.application_id)
    if Rollout.objects.filter(version__application_id=found.application_id, state=RolloutState.RUNNING).exists():
        raise RolloutUnderWay
    ends = sorted({math.ceil(len(stations) * share / 100) for share in shares})
    rollout = Rollout.objects.create(
        version=found,
        tolerance=tolerance,
        waves=len(ends),
        wave_seconds=wave_seconds,
        started_at=now,
        started_by_id=by_id,
    )
    Planned.objects.bulk_create(
        [
            Planned(rollout=rollout, station_id=station, wave=1 + sum(end <= place for end in ends))
            for place, station in enumerate(stations)
        ]
    )
    _begin_wave(rollout, 1, now)
    return rollout


@transaction.atomic
def call_off(*, rollout_id: int, by_id: int | None, now: datetime) -> None:
    """End a roll-out; what stations have they keep. Raises NotAnOperator, RolloutEnded."""
    require_operator(by_id)
    _end(rollout_id, RolloutState.CANCELLED, now)


def advance(*, now: datetime) -> None:
    """Look at every running roll-out: stop it, begin its next wave, or end it."""
    for rollout_id in list(Rollout.objects.filter(state=RolloutState.RUNNING).values_list("pk", flat=True)):
        _advance_one(rollout_id, now)


@transaction.atomic
def _advance_one(rollout_id: int, now: datetime) -> None:
    rollouts = Rollout.objects.select_for_update(of=("self",)).select_related("version__application")
    rollout = rollouts.defer("version__bundle").filter(pk=rollout_id, state=RolloutState.RUNNING).first()
    if rollout is None:
        return
    errands = Errand.objects.filter(instruction__rollout=rollout, instruction__wave=rollout.wave)
    not_done = [ErrandState.FAILED, ErrandState.EXPIRED, ErrandState.CANCELLED]
    if errands.filter(state__in=not_done).count() > rollout.tolerance:
        _end(rollout.pk, RolloutState.STOPPED, now)
    elif errands.filter(state__in=OPEN_STATES).exists():
        return
    elif rollout.wave == rollout.waves:
        Rollout.objects.filter(pk=rollout.pk).update(state=RolloutState.DONE, ended_at=now)
    else:
        _begin_wave(rollout, rollout.wave + 1, now)


def _begin_wave(rollout: Rollout, wave: int, now: datetime) -> None:
    planned = Planned.objects.filter(rollout=rollout, wave=wave, station__state=StationState.ACCEPTED)
    stations = list(planned.values_list("station_id", flat=True))
    Rollout.objects.filter(pk=rollout.pk).update(wave=wave)
    if stations:
        instruct(
            verb=Verb.UPGRADE,
            arguments={"application": rollout.version.application.code, "version": rollout.version.version},
            station_ids=stations,
            by_id=None,
            now=now,
            valid_for=timedelta(seconds=rollout.wave_seconds),
            rollout=rollout,
            wave=wave,
        )


def _end(rollout_id: int, state: RolloutState, now: datetime) -> None:
    running = Rollout.objects.filter(pk=rollout_id, state=RolloutState.RUNNING)
    if running.update(state=state, ended_at=now) != 1:
        raise RolloutEnded
    for instruction in Instruction.objects.filter(rollout_id=rollout_id):
        if Errand.objects.filter(instruction=instruction, state=ErrandState.QUEUED).exists():
            cancel(instruction_id=instruction.pk, by_id=None, now=now)
