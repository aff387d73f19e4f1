from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from datetime import datetime, timedelta
from uuid import UUID

import pytest

from cashback.accounts.models import User
from cashback.control.centre import instructing, selectors, ticking
from cashback.control.centre.authority import NotAnOperator
from cashback.control.centre.models import Errand, Report, TurnedAway
from cashback.control.protocol.envelopes import Signer
from tests.control.centre.conftest import Makes
from tests.control.centre.fake import FakeStation, later

pytestmark = pytest.mark.django_db
Refuses = Callable[[str], AbstractContextManager[None]]


def _pause(*stations: FakeStation, now: datetime, seconds: float = 3600) -> str:
    return instructing.instruct(
        verb="pause",
        arguments={},
        station_ids=[station.row.pk for station in stations],
        by_id=None,
        now=now,
        valid_for=timedelta(seconds=seconds),
    ).pk.hex


def _states(instruction: str) -> dict[str, str]:
    return {row.station.name: row.state for row in Errand.objects.filter(instruction_id=instruction)}


def test_each_station_has_its_own_result_and_only_what_failed_is_repeated(station: Makes, now: datetime) -> None:
    north, south = station("t-north"), station("t-south")
    id = _pause(north, south, now=now)
    ticking.tick(now=now)
    assert [told.id for told in north.told()] == [id]
    assert [told.id for told in south.told()] == [id]
    north.say(id, 3, "done", now=now)
    south.say(id, 3, "refused", now=now, error="busy")
    assert _states(id) == {"t-north": "done", "t-south": "failed"}
    again = instructing.retry_failed(instruction_id=UUID(id), by_id=None, now=now)
    assert _states(again.pk.hex) == {"t-south": "queued"}


def test_a_station_that_was_away_gets_what_is_still_valid_in_order_and_once(station: Makes, now: datetime) -> None:
    north = station("t-north")
    gone = later(now, 200)
    ticking.tick(now=gone)
    assert selectors.standing(north.row, now=gone) == "offline"
    short, first = _pause(north, now=gone, seconds=30), _pause(north, now=gone)
    second = _pause(north, now=gone)
    ticking.tick(now=gone)
    back = later(gone, 60)
    ticking.tick(now=back)
    (call,) = north.told()
    assert call.verb == "roll-call"
    north.say(call.id, 3, "done", now=back)
    ticking.tick(now=back)
    ticking.tick(now=later(back, 1))
    assert [told.id for told in north.told() if told.verb == "pause"] == [first, second]
    assert _states(short) == {"t-north": "expired"}


def test_what_redis_lost_is_sent_again_until_it_is_answered(station: Makes, now: datetime) -> None:
    north = station("t-north")
    id = _pause(north, now=now)
    ticking.tick(now=now)
    assert len(north.told()) == 1
    ticking.tick(now=later(now, 31))
    assert id in [told.id for told in north.told()]
    north.say(id, 3, "done", now=later(now, 32))
    ticking.tick(now=later(now, 64))
    assert id not in [told.id for told in north.told()]


def test_what_was_not_sent_can_be_cancelled_and_the_rest_cannot(station: Makes, now: datetime) -> None:
    north = station("t-north")
    id = instructing.instruct(verb="pause", arguments={}, station_ids=[north.row.pk], by_id=None, now=now).pk
    instructing.cancel(instruction_id=id, by_id=None, now=now)
    ticking.tick(now=now)
    assert north.told() == []
    id = instructing.instruct(verb="pause", arguments={}, station_ids=[north.row.pk], by_id=None, now=now).pk
    ticking.tick(now=now)
    with pytest.raises(instructing.TooLateToCancel):
        instructing.cancel(instruction_id=id, by_id=None, now=now)


def test_forged_and_second_words_are_counted_and_change_nothing(station: Makes, now: datetime) -> None:
    north, south = station("t-north"), station("t-south")
    id = _pause(north, now=now)
    assert not north.say(id, 3, "done", now=now), "it was never sent"
    ticking.tick(now=now)
    assert not north.say(id, 3, "done", now=now, signer=Signer.generate())
    assert not north.say(id, 3, "done", now=now, signer=south.signer)
    assert not south.say(id, 3, "done", now=now), "it was told to another"
    assert _states(id) == {"t-north": "sent"}
    assert north.say(id, 3, "failed", now=now, error="x")
    assert north.say(id, 3, "failed", now=now, error="x"), "the same again is harmless"
    assert not north.say(id, 3, "done", now=now)
    assert _states(id) == {"t-north": "failed"}
    counts = {(row.station.name if row.station else "", row.code): row.count for row in TurnedAway.objects.all()}
    assert counts == {
        ("t-north", "never_sent"): 1,
        ("t-north", "unknown_key"): 2,
        ("t-south", "no_such_instruction"): 1,
        ("t-north", "second_word"): 1,
    }


def test_a_late_word_of_what_was_done_counts_though_it_had_expired(station: Makes, now: datetime) -> None:
    north = station("t-north")
    id = _pause(north, now=now, seconds=10)
    ticking.tick(now=now)
    ticking.tick(now=later(now, 131))
    assert _states(id) == {"t-north": "expired"}
    assert north.say(id, 3, "done", now=later(now, 140))
    assert _states(id) == {"t-north": "done"}


def test_steps_out_of_order_end_where_they_must(station: Makes, now: datetime) -> None:
    north = station("t-north")
    id = _pause(north, now=now)
    ticking.tick(now=now)
    assert north.say(id, 3, "done", now=now)
    assert north.say(id, 1, "accepted", now=now)
    assert _states(id) == {"t-north": "done"}
    assert Report.objects.count() == 2


def test_a_roll_call_is_answered_once_and_standing_follows_it(station: Makes, now: datetime) -> None:
    north = station("t-north")
    assert selectors.standing(north.row, now=now) == "online"
    assert selectors.standing(north.row, now=later(now, 60)) == "late"
    ticking.tick(now=later(now, 16))
    (call,) = north.told()
    assert north.say(call.id, 3, "done", now=later(now, 17))
    assert not north.say(call.id, 3, "done", now=later(now, 18))
    assert selectors.standing(north.row, now=later(now, 60)) == "online"
    ticking.tick(now=later(now, 20))
    assert north.told() == [], "its period has not come"


def test_only_operators_and_organizers_instruct(station: Makes, now: datetime) -> None:
    north = station("t-north")
    for role, allowed in (("operator", True), ("organizer", True), ("checker", False), ("dealer", False)):
        user = User.objects.create(username=role, role=role)
        refused = nullcontext() if allowed else pytest.raises(NotAnOperator)
        with refused:
            instructing.instruct(verb="pause", arguments={}, station_ids=[north.row.pk], by_id=user.pk, now=now)


def test_the_database_refuses_results_that_nobody_reported(
    station: Makes, now: datetime, database_refuses: Refuses
) -> None:
    north = station("t-north")
    id = _pause(north, now=now)
    errands = Errand.objects.filter(instruction_id=id)
    with database_refuses("centre_errand_steps"):
        Errand.objects.create(instruction_id=id, station=north.row, state="done", sent_at=now, ended_at=now)
    with database_refuses("centre_errand_steps"):
        errands.update(state="running", sent_at=now)
    ticking.tick(now=now)
    with database_refuses("centre_errand_reported"):
        errands.update(state="done", ended_at=now, send_at=None)
    north.say(id, 3, "done", now=now)
    with database_refuses("centre_errand_keeps"):
        errands.update(error_code="x")
    with database_refuses("permission denied for table centre_report"):
        Report.objects.update(state="failed")
