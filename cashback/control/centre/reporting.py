"""What stations answer: believed if signed by the station it speaks of, and the first word on each step counts."""

import hashlib
import json
from datetime import datetime, timedelta
from typing import Final

from django.db import transaction

from cashback.control.centre import runs, turning_away
from cashback.control.centre.models import Errand, ErrandState, Report, Station, StationState
from cashback.control.centre.queries import source
from cashback.control.protocol import messages
from cashback.control.protocol.envelopes import key_id, open_envelope, peek
from cashback.control.protocol.naming import SEQUENCE_FINAL
from cashback.control.protocol.problems import WireProblem

ASK_AGAIN_AFTER: Final = timedelta(seconds=60)
_SQL = source("reporting")
_UNTIL: Final = {
    ErrandState.ACCEPTED: [ErrandState.SENT],
    ErrandState.RUNNING: [ErrandState.SENT, ErrandState.ACCEPTED],
    ErrandState.DONE: [ErrandState.SENT, ErrandState.ACCEPTED, ErrandState.RUNNING, ErrandState.EXPIRED],
    ErrandState.FAILED: [ErrandState.SENT, ErrandState.ACCEPTED, ErrandState.RUNNING, ErrandState.EXPIRED],
}


def receive(*, envelope: str, now: datetime) -> bool:
    """Take a report; whether it was believed. What is not is counted, and never raises: it would come again."""
    station: Station | None = None
    try:
        name = peek(envelope, kind="report").get("station")
        station = Station.objects.filter(name=name, state=StationState.ACCEPTED).first() if name else None
        keys = {}
        if station is not None:
            public_key = bytes.fromhex(station.public_key)
            keys = {key_id(public_key): public_key}
        report = messages.Report.from_body(open_envelope(envelope, kind="report", keys=keys))
    except WireProblem as problem:
        turning_away.count(station_id=None if station is None else station.pk, code=problem.code, now=now)
        return False
    assert station is not None  # without a station there is no key to believe
    refusal = _take(station, report, hashlib.sha256(envelope.encode()).hexdigest(), now)
    if refusal is not None:
        turning_away.count(station_id=station.pk, code=refusal, now=now)
    return refusal is None


@transaction.atomic
def _take(station: Station, report: messages.Report, sha256: str, now: datetime) -> str | None:
    """Why it is not believed; None if it is."""
    called = Station.objects.filter(pk=station.pk, roll_call=report.instruction).exclude(roll_call="")
    if report.sequence == SEQUENCE_FINAL and called.update(roll_call="") == 1:
        assert station.roll_called_at is not None
        _note_state(station, report, station.roll_called_at, now)
        return None
    errand = (
        Errand.objects.select_for_update(of=("self",))
        .filter(instruction_id=_uuid(report.instruction), station=station)
        .first()
    )
    if errand is None:
        return "no_such_instruction"
    if errand.sent_at is None:
        return "never_sent"
    written = _SQL.run(
        "note_report",
        errand=errand.pk,
        sequence=report.sequence,
        state=report.state,
        at=report.at,
        now=now,
        sha256=sha256,
    )
    if written == 0:
        # The same report again is a station that was not sure; another one for the same step is not believed.
        same = Report.objects.filter(errand=errand, sequence=report.sequence, sha256=sha256).exists()
        return None if same else "second_word"
    _note_state(station, report, errand.sent_at, now)
    _apply(errand, report, now)
    return None


def _apply(errand: Errand, report: messages.Report, now: datetime) -> None:
    expired = report.error is not None and report.error.code == "expired" and report.state == "refused"
    state = ErrandState.FAILED if report.state == "refused" else ErrandState(report.state)
    rows = Errand.objects.filter(pk=errand.pk, state__in=_UNTIL[state])
    if report.sequence != SEQUENCE_FINAL:
        if rows.update(state=state, send_at=now + ASK_AGAIN_AFTER) and state == ErrandState.RUNNING:
            runs.began(errand_id=errand.pk)
        return
    error = report.error
    ended = rows.update(
        state=state,
        ended_at=now,
        send_at=None,
        result={key: value for key, value in report.result.items() if key != "output"},
        error_code=error.code if error else "",
        error_message=error.message if error else "",
    )
    if ended == 1:
        runs.ended(errand_id=errand.pk, result=report.result, error=error, expired=expired, now=now)


def _note_state(station: Station, report: messages.Report, since: datetime, now: datetime) -> None:
    """It was alive when it answered: after it was asked, before now, and between the two by its own clock."""
    at = min(report.at, now)
    _SQL.run(
        "note_state",
        station=station.pk,
        alive=max(since, at),
        at=at,
        reported=json.dumps(report.station_state.to_body()),
    )


def _uuid(text: str) -> str:
    """Ids of instructions are 32 hexadecimal digits; anything else finds none."""
    is_hex = len(text) == 32 and all(digit in "0123456789abcdef" for digit in text)
    return text if is_hex else "0" * 32
