"""Runs: asked for as a row, given to a station that is there, answered by its report."""

import hashlib
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from django.db import transaction
from django.db.models import F, Func, Q, Value

from cashback.control.centre.authority import require_operator
from cashback.control.centre.instructing import write
from cashback.control.centre.models import CopyOrigin, Errand, ErrandState, Run, RunState, Station, StationState, Verb
from cashback.control.centre.publishing import find_version
from cashback.control.centre.selectors import alive
from cashback.control.protocol.arguments import read_run
from cashback.control.protocol.envelopes import canonical
from cashback.control.protocol.messages import Problem
from cashback.control.protocol.problems import WrongField
from cashback.lib.errors import DomainError, InvalidDetails

WANTED_FOR: Final = timedelta(minutes=10)
INPUT_KEPT: Final = timedelta(hours=24)
PLACED_AT_ONCE_MAX: Final = 200
# The station says it does not take the run, so another may.
ELSEWHERE: Final = ("busy", "draining", "unconfined")


class StationUnknown(DomainError):
    """There is no accepted station of this name."""

    code = "station_unknown"


class SignInNeeded(DomainError):
    """This application is not open to everybody; sign in as an operator or organizer."""

    code = "sign_in_needed"


def ask(
    *,
    application: str,
    version: str | None,
    input: Any,
    station: str | None,
    labels: Sequence[str] = (),
    files: dict[str, str] | None = None,
    by_id: int | None,
    anonymous: bool,
    now: datetime,
) -> Run:
    """Ask for a run; the schedule gives it to a station. `anonymous`: nobody is signed in.

    Raises SignInNeeded, NotAnOperator, ApplicationUnknown, VersionWithdrawn, StationUnknown, InvalidDetails.
    """
    found = find_version(application=application, version=version)
    if not found.application.is_public:
        if anonymous:
            raise SignInNeeded
        require_operator(by_id)
    try:
        read_run({"application": application, "version": found.version, "input": input, "files": files or {}})
    except WrongField as problem:
        raise InvalidDetails({"input": [str(problem)]}) from None
    wanted = None
    if station is not None:
        wanted = Station.objects.filter(name=station, state=StationState.ACCEPTED).first()
        if wanted is None:
            raise StationUnknown
    return Run.objects.create(
        version=found,
        input=input,
        input_sha256=hashlib.sha256(canonical(input).encode()).hexdigest(),
        files=files or {},
        wanted_station=wanted,
        wanted_labels=list(labels),
        asked_at=now,
        asked_by_id=by_id,
        expires_at=now + WANTED_FOR,
    )


def place(*, now: datetime) -> int:
    """Give waiting runs to stations: the one named, else the nearest by label, else the least loaded; how many."""
    waiting = Run.objects.filter(ended_at=None, expires_at__gt=now).filter(
        Q(errand=None) | Q(errand__state=ErrandState.CANCELLED)
    )
    placed = 0
    candidates = list(alive(now=now).order_by("name"))
    given: dict[int, int] = {}
    for run_id in list(waiting.order_by("asked_at").values_list("pk", flat=True)[:PLACED_AT_ONCE_MAX]):
        placed += _place_one(run_id, candidates, given, now)
    return placed


def expire(*, now: datetime) -> int:
    """End the runs that nobody took or answered in time; how many. A late answer of a station still counts."""
    open_runs = Run.objects.filter(ended_at=None, expires_at__lte=now)
    late = open_runs.filter(Q(errand=None) | Q(errand__state__in=[ErrandState.CANCELLED, ErrandState.EXPIRED]))
    ids = list(late.values_list("pk", flat=True))
    return Run.objects.filter(pk__in=ids, ended_at=None).update(
        state=RunState.EXPIRED, ended_at=now, error_code="expired", error_message="no station answered in time"
    )


def began(*, errand_id: int) -> None:
    """Its station runs it, in the transaction of the report."""
    Run.objects.filter(errand_id=errand_id, state=RunState.QUEUED).update(state=RunState.RUNNING)


def ended(*, errand_id: int, result: dict[str, Any], error: Problem | None, expired: bool, now: datetime) -> None:
    """Its station has ended it, in the transaction of the report. One that another may take waits again."""
    runs = Run.objects.filter(errand_id=errand_id, state__in=[RunState.QUEUED, RunState.RUNNING, RunState.EXPIRED])
    if error is not None and error.code in ELSEWHERE:
        again = runs.filter(state=RunState.QUEUED, wanted_station=None, expires_at__gt=now)
        station_id = Errand.objects.values_list("station_id", flat=True).get(pk=errand_id)
        tried = Func(F("tried"), Value(station_id), function="array_append")
        if again.update(errand=None, tried=tried) == 1:
            return
    copy = result.get("copy")
    failed = RunState.EXPIRED if expired else RunState.FAILED
    state = RunState.DONE if error is None else failed
    runs.exclude(state=state).update(
        state=state,
        copy=copy if copy in CopyOrigin.values else "",
        output=result.get("output"),
        error_code=error.code if error else "",
        error_message=error.message if error else "",
        ended_at=now,
    )


def sweep(*, now: datetime) -> int:
    """Forget the inputs of runs asked for a day ago; how many."""
    old = Run.objects.filter(asked_at__lte=now - INPUT_KEPT, input_swept_at=None)
    return old.update(input=None, files={}, input_swept_at=now)


@transaction.atomic
def _place_one(run_id: UUID, candidates: list[Station], given: dict[int, int], now: datetime) -> int:
    run = Run.objects.select_for_update(of=("self",), skip_locked=True).filter(pk=run_id, ended_at=None).first()
    if run is None:
        return 0
    station = _choose(run, candidates, given)
    if station is None:
        return 0
    instruction = write(
        verb=Verb.RUN,
        arguments={},
        station_ids=[station.pk],
        by_id=run.asked_by_id,
        now=now,
        valid_for=run.expires_at - now,
    )
    errand = Errand.objects.get(instruction=instruction)
    Run.objects.filter(pk=run.pk).update(errand=errand)
    given[station.pk] = given.get(station.pk, 0) + 1
    return 1


def _choose(run: Run, candidates: list[Station], given: dict[int, int]) -> Station | None:
    if run.wanted_station_id is not None:
        return next((station for station in candidates if station.pk == run.wanted_station_id), None)
    able = [
        station
        for station in candidates
        if station.pk not in run.tried
        and not station.reported.get("paused")
        and not station.reported.get("draining")
        and station.reported.get("limit", 1) > 0
    ]
    if not able:
        return None

    def order(station: Station) -> tuple[int, float, str]:
        near = len(set(run.wanted_labels) & set(station.labels))
        limit = max(1, station.reported.get("limit", 1))
        load = float(station.reported.get("load", 0)) + given.get(station.pk, 0) / limit
        return -near, load, station.name

    return min(able, key=order)
