"""Stations that are there: enrolled, accepted, and heard a moment ago."""

from collections.abc import Callable, Iterator
from datetime import datetime

import pytest

from cashback.control.centre import ticking
from tests.control.centre.fake import FakeStation, moment

Makes = Callable[..., FakeStation]


@pytest.fixture
def now() -> datetime:
    return moment()


@pytest.fixture
def station(db: None, now: datetime) -> Iterator[Makes]:
    made: list[FakeStation] = []

    def make(name: str, *labels: str, **state: object) -> FakeStation:
        made.append(FakeStation(name, labels=labels, now=now).join(now))
        ticking.tick(now=now)
        made[-1].answer_roll(now=now, **state)
        return made[-1]

    yield make
    for one in made:
        one.told()
        one.broker.close()
