"""One station, told what to do by its centre."""

import hashlib
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import redis

from cashback.control.protocol.envelopes import Signer
from tests.control.station.conftest import Starts
from tests.control.station.house import ECHO, SLOW, Centre, StationProcess, bundle, eventually


@pytest.fixture(scope="module")
def north(start_station: Starts, centre: Centre) -> StationProcess:
    centre.publish("echo", "1", ECHO)
    centre.publish("slow", "1", SLOW)
    return start_station("north")


def test_a_new_station_announces_its_key(centre: Centre, north: StationProcess) -> None:
    enrolment = eventually(lambda: centre.announced)[0]
    assert (enrolment.name, enrolment.token) == ("north", "token")
    assert enrolment.public_key in north.key().values()


def test_a_run_fetches_the_copy_first_and_then_has_it(centre: Centre, north: StationProcess) -> None:
    run = {"application": "echo", "version": "1", "input": {"place": 7}}
    first = centre.final(centre.instruct("north", "run", run))
    second_id = centre.instruct("north", "run", run)
    second = centre.final(second_id)
    assert (first.state, first.result["copy"], first.result["output"]) == ("done", "fetched", {"echo": {"place": 7}})
    assert (second.state, second.result["copy"]) == ("done", "local")
    assert [report.state for report in centre.reports_of(second_id)] == ["accepted", "running", "done"]
    assert [copy.application for copy in second.station_state.copies] == ["echo"]


def test_a_roll_call_tells_how_the_station_is(centre: Centre, north: StationProcess) -> None:
    report = centre.final(centre.instruct("north", "roll-call"))
    assert report.state == "done"
    assert report.station_state.limit == 2
    assert report.station_state.confinement in {"full", "reduced"}, report.station_state.confinement_missing


def test_a_large_input_comes_by_its_hash(centre: Centre, north: StationProcess) -> None:
    pool = b"line\n" * 200_000
    digest = hashlib.sha256(pool).hexdigest()
    centre.inputs[digest] = pool
    source = "import json, sys\ngiven = json.load(sys.stdin)\nprint(len(open(given['files']['pool'], 'rb').read()))\n"
    centre.publish("count", "1", bundle(source))
    run = {"application": "count", "version": "1", "input": {}, "files": {"pool": digest}}
    report = centre.final(centre.instruct("north", "run", run))
    assert (report.error, report.result["output"]) == (None, len(pool))
    missing = centre.final(centre.instruct("north", "run", run | {"files": {"pool": "0" * 64}}))
    assert missing.error is not None
    assert missing.error.code == "input_unavailable"


def test_an_instruction_that_comes_twice_is_done_once_and_answered_twice(centre: Centre, north: StationProcess) -> None:
    centre.publish("once", "1", bundle("import os\nprint(os.urandom(8).hex().join('\"\"'))\n"))
    text, id = centre.instruction("north", "run", {"application": "once", "version": "1", "input": None})
    centre.send("north", text)
    centre.final(id)
    centre.send("north", text)
    eventually(lambda: len(centre.reports_of(id)) == 6)
    outputs = {report.result["output"] for report in centre.reports_of(id) if report.sequence == 3}
    assert len(outputs) == 1


def test_an_instruction_after_its_time_is_refused(centre: Centre, north: StationProcess) -> None:
    text, id = centre.instruction("north", "pause", issued_at=datetime.now(UTC) - timedelta(hours=1))
    centre.send("north", text)
    report = centre.final(id)
    assert (report.state, report.error and report.error.code) == ("refused", "expired")
    assert not report.station_state.paused


def test_what_the_centre_did_not_sign_is_turned_away_and_counted(centre: Centre, north: StationProcess) -> None:
    before = centre.final(centre.instruct("north", "roll-call")).station_state.turned_away
    forged, forged_id = centre.instruction("north", "pause", signer=Signer.generate())
    other, other_id = centre.instruction("south", "pause")
    for text in (forged, other, "{}", ["list"], forged.replace("pause", "drain")):
        centre.send("north", text)
    after = centre.final(centre.instruct("north", "roll-call")).station_state
    assert after.turned_away == before + 5
    assert not after.paused
    assert centre.reports_of(forged_id) == centre.reports_of(other_id) == []


def test_a_paused_station_lets_runs_wait(centre: Centre, north: StationProcess) -> None:
    assert centre.final(centre.instruct("north", "pause")).station_state.paused
    waiting = centre.instruct("north", "run", {"application": "echo", "version": "1", "input": 1})
    eventually(lambda: centre.reports_of(waiting))
    assert centre.final(centre.instruct("north", "roll-call")).station_state.waiting == 1
    late = centre.instruct("north", "run", {"application": "echo", "version": "1", "input": 1}, seconds=1)
    late_report = centre.final(late)
    assert (late_report.state, late_report.error and late_report.error.code) == ("failed", "expired")
    assert not centre.final(centre.instruct("north", "resume")).station_state.paused
    assert centre.final(waiting).state == "done"


def test_a_draining_station_refuses_runs(centre: Centre, north: StationProcess) -> None:
    assert centre.final(centre.instruct("north", "drain")).station_state.draining
    report = centre.final(centre.instruct("north", "run", {"application": "echo", "version": "1", "input": 1}))
    assert (report.state, report.error and report.error.code) == ("refused", "draining")
    centre.final(centre.instruct("north", "resume"))


def test_the_limit_holds(centre: Centre, north: StationProcess) -> None:
    centre.final(centre.instruct("north", "set-limit", {"limit": 1}))
    runs = [centre.instruct("north", "run", {"application": "slow", "version": "1", "input": 0.3}) for _ in range(3)]
    states = [centre.final(id).station_state for id in runs]
    assert {state.limit for state in states} == {1}
    assert max(report.station_state.running for report in centre.read_reports() if report.instruction in runs) == 1
    centre.final(centre.instruct("north", "set-limit", {"limit": 2}))


def test_a_run_can_be_stopped_running_or_waiting(centre: Centre, north: StationProcess) -> None:
    centre.final(centre.instruct("north", "set-limit", {"limit": 1}))
    runs = [centre.instruct("north", "run", {"application": "slow", "version": "1", "input": 30}) for _ in range(2)]
    eventually(lambda: len(centre.reports_of(runs[0])) == 2)
    for id in reversed(runs):
        assert centre.final(centre.instruct("north", "stop-run", {"instruction": id})).result == {"stopped": True}
    assert [report.error and report.error.code for report in map(centre.final, runs)] == ["stopped", "stopped"]
    assert centre.final(centre.instruct("north", "stop-run", {"instruction": "x"})).result == {"stopped": False}
    centre.final(centre.instruct("north", "set-limit", {"limit": 2}))


def test_an_upgrade_fetches_the_new_version_and_drops_the_old(centre: Centre, north: StationProcess) -> None:
    centre.publish("echo", "2", ECHO)
    report = centre.final(centre.instruct("north", "upgrade", {"application": "echo", "version": "2"}))
    assert (report.state, report.result["dropped"]) == ("done", ["1"])
    failed = centre.final(centre.instruct("north", "upgrade", {"application": "echo", "version": "3"}))
    assert (failed.state, failed.error and failed.error.code) == ("failed", "copy_unavailable")
    dropped = centre.final(centre.instruct("north", "drop-copy", {"application": "echo", "version": "2"}))
    assert dropped.result == {"dropped": True}


def test_output_that_is_not_json_is_a_failure(centre: Centre, north: StationProcess) -> None:
    centre.publish("words", "1", bundle("print('hello')"))
    centre.publish("breaks", "1", bundle("raise ValueError('place is missing')"))
    words = centre.final(centre.instruct("north", "run", {"application": "words", "version": "1", "input": None}))
    breaks = centre.final(centre.instruct("north", "run", {"application": "breaks", "version": "1", "input": None}))
    assert words.error is not None
    assert breaks.error is not None
    assert words.error.code == "not_json"
    assert (breaks.error.code, breaks.error.message) == ("application_failed", "ValueError: place is missing")


def test_a_station_reads_no_other_stations_queue(centre: Centre, north: StationProcess) -> None:
    client: Any = redis.Redis.from_url(centre.broker.station_url("north"))
    for command in (
        ["LLEN", "station.north2"],
        ["RPOP", "celery"],
        ["KEYS", "*"],
        ["FLUSHALL"],
        ["CONFIG", "GET", "*"],
    ):
        with pytest.raises(redis.exceptions.NoPermissionError):
            client.execute_command(*command)
    client.close()
