from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Any

import pytest

from cashback.control.centre import enrolling, publishing, rollouts, runs, ticking
from cashback.control.centre.models import Errand, Rollout, Run, Version
from cashback.control.protocol.envelopes import open_envelope
from cashback.control.protocol.messages import BundleWord
from cashback.lib.errors import InvalidDetails
from tests.control.centre.conftest import Makes
from tests.control.centre.fake import bundle, later, state

pytestmark = pytest.mark.django_db
Refuses = Callable[[str], AbstractContextManager[None]]


def _publish(version: str, now: datetime, *, public: bool = True, data: bytes | None = None) -> Version:
    return publishing.publish(
        application="wait-estimate",
        version=version,
        bundle=data or bundle(f"print('{version}')"),
        by_id=None,
        now=now,
        is_public=public,
    )


def _ask(now: datetime, **changes: object) -> Run:
    wish: dict[str, Any] = {"application": "wait-estimate", "version": None, "input": {"place": 1}, "station": None}
    wish |= {"by_id": None, "anonymous": True, "now": now}
    return runs.ask(**(wish | changes))


def test_a_version_is_signed_and_never_changes(station: Makes, now: datetime, database_refuses: Refuses) -> None:
    first = _publish("9", now)
    assert _publish("9", now).pk == first.pk
    with pytest.raises(publishing.VersionTaken):
        _publish("9", now, data=bundle("other"))
    _publish("10", now)
    data, word = publishing.bundle_of(application="wait-estimate", version="latest")
    north = station("t-north")
    said = BundleWord.from_body(open_envelope(word, kind="bundle", keys=north.keys))
    assert (said.version, said.size) == ("10", len(data))
    with database_refuses("permission denied for table centre_version"):
        Version.objects.update(version="11")
    for wrong in (b"", b"no zip", bundle()[:-20]):
        with pytest.raises(publishing.NotABundle):
            _publish("12", now, data=wrong or b"x")


def test_a_withdrawn_version_is_handed_out_no_more_and_dropped(station: Makes, now: datetime) -> None:
    north = station("t-north")
    _publish("1", now)
    second = _publish("2", now)
    publishing.withdraw(version_id=second.pk, reason="wrong band", by_id=None, now=now)
    with pytest.raises(publishing.VersionWithdrawn):
        publishing.bundle_of(application="wait-estimate", version="2")
    assert publishing.find_version(application="wait-estimate", version=None).version == "1"
    ticking.tick(now=now)
    assert [told.verb for told in north.told()] == ["drop-copy"]


def test_a_run_goes_to_a_station_and_its_result_comes_back(station: Makes, now: datetime) -> None:
    north = station("t-north")
    _publish("1", now)
    run = _ask(now)
    ticking.tick(now=now)
    (told,) = north.told()
    assert told.arguments.to_body()["input"] == {"place": 1}
    north.say(told.id, 1, "accepted", now=now)
    north.say(told.id, 2, "running", now=now)
    assert Run.objects.get(pk=run.pk).state == "running"
    north.say(told.id, 3, "done", now=now, result={"copy": "fetched", "output": {"p50_at": None}})
    run.refresh_from_db()
    assert (run.state, run.copy, run.output) == ("done", "fetched", {"p50_at": None})
    assert runs.sweep(now=later(now, 86_401)) == 1
    run.refresh_from_db()
    assert run.input is None


def test_runs_choose_the_named_then_the_near_then_the_least_loaded(station: Makes, now: datetime) -> None:
    station("t-busy", "east", load=0.9)
    station("t-idle", load=0.1)
    station("t-paused", "west", paused=True)
    _publish("1", now)
    wanted = [_ask(now, station="t-paused"), _ask(now, labels=["east"]), _ask(now, labels=["west"]), _ask(now)]
    runs.place(now=now)
    names = [Run.objects.get(pk=run.pk).errand.station.name for run in wanted]  # type: ignore[union-attr]
    assert names == ["t-paused", "t-busy", "t-idle", "t-idle"]


def test_a_run_that_a_station_does_not_take_goes_to_another(station: Makes, now: datetime) -> None:
    north, south = station("t-north"), station("t-south", load=0.5)
    _publish("1", now)
    run = _ask(now)
    ticking.tick(now=now)
    (told,) = north.told()
    north.say(told.id, 3, "refused", now=now, error="unconfined")
    ticking.tick(now=later(now, 1))
    (told,) = south.told()
    south.say(told.id, 3, "failed", now=now, error="crashed")
    run.refresh_from_db()
    assert (run.state, run.error_code) == ("failed", "crashed")


def test_without_a_station_a_run_expires(now: datetime) -> None:
    _publish("1", now)
    run = _ask(now)
    ticking.tick(now=now)
    ticking.tick(now=later(now, 601))
    run.refresh_from_db()
    assert (run.state, run.error_code) == ("expired", "expired")


def test_what_is_not_public_needs_a_sign_in_and_inputs_are_bounded(now: datetime) -> None:
    _publish("1", now, public=False)
    with pytest.raises(runs.SignInNeeded):
        _ask(now)
    with pytest.raises(InvalidDetails):
        _ask(now, anonymous=False, input="x" * 65_536)
    with pytest.raises(runs.StationUnknown):
        _ask(now, anonymous=False, station="t-nowhere")


def _rollout(version: str, stations: list[int], now: datetime, tolerance: int = 0) -> Rollout:
    return rollouts.start(
        application="wait-estimate",
        version=version,
        station_ids=stations,
        shares=(25, 100),
        tolerance=tolerance,
        by_id=None,
        now=now,
    )


def test_a_roll_out_goes_in_waves_and_stops_by_itself(station: Makes, now: datetime) -> None:
    made = [station(f"t-{number}") for number in range(4)]
    ids = [one.row.pk for one in made]
    _publish("1", now)
    _publish("2", now)
    rollout = _rollout("1", ids, now)
    with pytest.raises(rollouts.RolloutUnderWay):
        _rollout("2", ids, now)
    for wave in ([made[0]], made[1:]):
        ticking.tick(now=now)
        assert Errand.objects.filter(state="sent").count() == len(wave)
        for one in wave:
            (told,) = one.told()
            assert told.verb == "upgrade"
            one.say(told.id, 3, "done", now=now, station_state=state())
    ticking.tick(now=now)
    rollout.refresh_from_db()
    assert rollout.state == "done"
    rollout = _rollout("2", ids, now)
    ticking.tick(now=now)
    (told,) = made[0].told()
    made[0].say(told.id, 3, "failed", now=now, error="wrong_digest")
    ticking.tick(now=now)
    rollout.refresh_from_db()
    assert (rollout.state, rollout.wave) == ("stopped", 1)
    assert [one.told() for one in made[1:]] == [[], [], []]


def test_what_was_not_sent_to_a_retired_station_is_placed_anew(station: Makes, now: datetime) -> None:
    north, south = station("t-north"), station("t-south", load=0.5)
    _publish("1", now)
    run = _ask(now)
    runs.place(now=now)
    enrolling.retire(station_id=north.row.pk, by_id=None, now=now)
    ticking.tick(now=later(now, 1))
    assert [told.verb for told in south.told()] == ["run"]
    run.refresh_from_db()
    assert run.state == "queued"
