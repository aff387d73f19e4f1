"""The demo's draw goes from its announcement to its certificate by itself, and only once."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.utils import timezone
from pytest_django.fixtures import Settings

from cashback.demo import draws
from cashback.demo.founding import Files, found
from cashback.demo.traffic import Traffic, stream
from lottery import selectors
from lottery.models import Draw, DrawState
from lottery.ticking import tick
from queueing import ordering
from queueing.models import Award

pytestmark = pytest.mark.django_db


@pytest.fixture
def line(tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Traffic:
    """The demo with a few holders in line."""
    settings.DEMO = True
    files = Files(tmp_path)
    found(files=files, url="http://127.0.0.1:8000/", now=datetime(2026, 11, 22, 12, tzinfo=UTC))
    monkeypatch.setattr(draws, "PLACED_MIN", 6)
    traffic = Traffic()
    registering = stream(traffic, files=files, seed=1, pause=0)
    while traffic.made < 8:
        next(registering)
    ordering.run_passes()
    return traffic


def test_a_draw_is_announced_once_enough_stand_in_line_and_certified_by_two(line: Traffic) -> None:
    assert line.made == 8
    now = timezone.now()
    for _ in range(60):
        draws.step(now=now)
        ordering.run_passes()
        tick(now=now)
        now += timedelta(seconds=1)
    draw, another = Draw.objects.order_by("pk")
    assert (draw.state, draw.entries) == (DrawState.CERTIFIED, 8)
    assert draw.certified_by_id != draw.announced_by_id
    assert another.state == DrawState.ANNOUNCED
    assert Award.objects.filter(source="draw").count() == 4
    published = selectors.public_draw(draw.code)
    assert published is not None
    assert published.has_bundle


def test_below_that_there_is_none(line: Traffic, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(draws, "PLACED_MIN", line.made + 1)
    draws.step(now=timezone.now())
    assert not Draw.objects.exists()
