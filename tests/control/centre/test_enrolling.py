from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Any

import pytest
import redis
from django.conf import settings
from redis.connection import parse_url

from cashback.control.centre import broker_users, enrolling, selectors, ticking
from cashback.control.centre.models import Station, TurnedAway
from cashback.control.protocol.envelopes import Signer
from tests.control.centre.conftest import Makes
from tests.control.centre.fake import FakeStation, later

pytestmark = pytest.mark.django_db
Refuses = Callable[[str], AbstractContextManager[None]]


def test_a_station_is_told_nothing_before_its_fingerprint_is_accepted(now: datetime) -> None:
    north = FakeStation("t-north", now=now)
    assert selectors.standing(north.row, now=now) == "new"
    enrolling.announce(envelope=north.enrolment(now), now=now)
    ticking.tick(now=now)
    assert north.told() == []
    key = north.signer.public_key.hex()
    with pytest.raises(enrolling.FingerprintDiffers):
        enrolling.accept(station_id=north.row.pk, public_key="0" * 64, by_id=None, now=now)
    enrolling.accept(station_id=north.row.pk, public_key=key, by_id=None, now=now)
    ticking.tick(now=later(now, 1))
    assert [told.verb for told in north.told()] == ["roll-call"]


def test_a_token_is_used_once_and_the_same_announcement_is_heard_again(now: datetime) -> None:
    north = FakeStation("t-north", now=now)
    enrolling.announce(envelope=north.enrolment(now), now=now)
    enrolling.announce(envelope=north.enrolment(now), now=now)
    north.signer = Signer.generate()
    with pytest.raises(enrolling.EnrolmentRefused):
        enrolling.announce(envelope=north.enrolment(now), now=now)
    assert TurnedAway.objects.get(station=north.row).code == "wrong_token"


def test_a_wrong_or_old_token_and_another_stations_key_are_refused(now: datetime) -> None:
    north = FakeStation("t-north", now=now)
    for envelope, at in (
        (north.enrolment(now, token="guess"), now),
        (north.enrolment(now), later(now, 3600)),
        (north.enrolment(later(now, 8 * 86_400)), later(now, 8 * 86_400)),
        (north.enrolment(now).replace('"t-north"', '"t-south"'), now),
        ("{", now),
    ):
        with pytest.raises(enrolling.EnrolmentRefused):
            enrolling.announce(envelope=envelope, now=at)
    north.join(now)
    south = FakeStation("t-south", now=now)
    south.signer = north.signer
    with pytest.raises(enrolling.EnrolmentRefused):
        enrolling.announce(envelope=south.enrolment(now), now=now)


def test_a_retired_station_is_neither_told_nor_believed(station: Makes, now: datetime) -> None:
    north = station("t-north")
    enrolling.retire(station_id=north.row.pk, by_id=None, now=now)
    ticking.tick(now=later(now, 60))
    assert north.told() == []
    assert not north.say("a" * 32, 3, "done", now=now)
    with pytest.raises(enrolling.StationStateRefuses):
        enrolling.retire(station_id=north.row.pk, by_id=None, now=now)


def test_the_database_refuses_to_bring_a_retired_station_back(now: datetime, database_refuses: Refuses) -> None:
    north = FakeStation("t-north", now=now).join(now)
    with database_refuses("centre_station_keeps"):
        Station.objects.filter(name="t-north").update(public_key="1" * 64)
    enrolling.retire(station_id=north.row.pk, by_id=None, now=now)
    with database_refuses("centre_station_steps"):
        Station.objects.filter(name="t-north").update(state="accepted", retired_at=None)


def test_the_broker_knows_accepted_stations_and_shuts_out_all_else(now: datetime) -> None:
    north = FakeStation("t-acl", now=now)
    assert "station-t-acl" not in broker_users.sync()
    north.join(now)
    assert "station-t-acl" in broker_users.sync()
    try:
        password = north.invitation.configuration["broker_url"].partition("station-t-acl:")[2].partition("@")[0]
        own: dict[str, Any] = dict(parse_url(settings.REDIS_URL))  # type: ignore[no-untyped-call]
        own |= {"username": "station-t-acl", "password": password}
        mine = redis.Redis(**own)
        mine.lpush("station.t-acl", "x")
        mine.delete("station.t-acl")
        with pytest.raises(redis.exceptions.NoPermissionError):
            mine.lpush("station.t-other", "x")
        with pytest.raises(redis.exceptions.NoPermissionError):
            mine.acl_list()
        mine.close()
        assert broker_users.sync() == []
    finally:
        enrolling.retire(station_id=north.row.pk, by_id=None, now=now)
        assert "station-t-acl" in broker_users.sync()
    north.broker.close()
