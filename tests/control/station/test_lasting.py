"""Stations and brokers that are killed, frozen and stopped: nothing is lost, nothing is done twice."""

import signal
import time

import pytest

from tests.control.station.conftest import Starts
from tests.control.station.house import ECHO, SLOW, Broker, Centre, StationProcess, eventually


@pytest.fixture(scope="module")
def north(start_station: Starts, centre: Centre) -> StationProcess:
    centre.publish("echo", "1", ECHO)
    centre.publish("slow", "1", SLOW)
    return start_station("north")


def _slow(centre: Centre, seconds: float) -> str:
    return centre.instruct("north", "run", {"application": "slow", "version": "1", "input": seconds})


def test_a_station_killed_in_a_run_does_it_after_its_start_and_answers_once(
    centre: Centre, north: StationProcess
) -> None:
    run, waiting = _slow(centre, 1.0), centre.instruct("north", "set-limit", {"limit": 3})
    eventually(lambda: len(centre.reports_of(run)) == 2)
    centre.final(waiting)
    north.kill()
    away = centre.instruct("north", "run", {"application": "echo", "version": "1", "input": "away"})
    north.start()
    assert centre.final(run).state == "done"
    assert centre.final(away).result["output"] == {"echo": "away"}
    assert [report.sequence for report in centre.reports_of(run)] == [1, 2, 3]
    assert [report.sequence for report in centre.reports_of(away)] == [1, 2, 3]
    assert centre.final(centre.instruct("north", "roll-call")).station_state.limit == 3


def test_a_frozen_station_goes_on_where_it_was(centre: Centre, north: StationProcess) -> None:
    north.signal(signal.SIGSTOP)
    asked = [centre.instruct("north", "roll-call") for _ in range(3)]
    time.sleep(0.5)
    assert not any(centre.reports_of(id) for id in asked)
    north.signal(signal.SIGCONT)
    for id in asked:
        assert len([report for report in [centre.final(id)] if report.state == "done"]) == 1
    arrived = [report.instruction for report in centre.read_reports() if report.instruction in asked]
    assert arrived == asked


def test_a_station_outlives_its_broker(centre: Centre, broker: Broker, north: StationProcess) -> None:
    run = _slow(centre, 1.0)
    eventually(lambda: len(centre.reports_of(run)) == 2)
    broker.kill()
    time.sleep(1.2)
    broker.start()
    assert centre.final(run, seconds=25).state == "done"
    again = centre.instruct("north", "run", {"application": "echo", "version": "1", "input": "again"})
    assert centre.final(again, seconds=25).result["output"] == {"echo": "again"}
    assert not north.ended()


def test_a_station_told_to_end_finishes_what_runs(centre: Centre, north: StationProcess) -> None:
    run = _slow(centre, 1.0)
    eventually(lambda: len(centre.reports_of(run)) == 2)
    assert north.terminate() == 0
    assert [report.state for report in centre.reports_of(run)] == ["accepted", "running", "done"]


def test_a_run_that_the_stations_end_cut_off_is_done_after_the_next_start(
    centre: Centre, start_station: Starts
) -> None:
    hasty = start_station("hasty", "--drain-seconds", "0.1")
    run = centre.instruct("hasty", "run", {"application": "slow", "version": "1", "input": 2.5})
    eventually(lambda: len(centre.reports_of(run)) == 2)
    hasty.terminate()
    assert len(centre.reports_of(run)) == 2
    hasty.start()
    assert centre.final(run).state == "done"


def test_a_second_station_in_the_same_folder_is_refused(centre: Centre, north: StationProcess) -> None:
    north.start()
    second, north.process = north.process, None
    try:
        with pytest.raises(AssertionError, match="another station works in"):
            north.start()
    finally:
        north.process = second
