import random
from bisect import bisect_right
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from cashback.control.applications.arrivals import Sample, pace, quantile
from cashback.control.applications.wait_estimate.__main__ import estimate
from tests.control.applications.asking import ask, refusal

START = datetime(2026, 11, 1, tzinfo=UTC)
HOUR = 3600.0
Arrivals = Callable[[random.Random], list[float]]


def question(times: list[float], *, now: float, place: int, every: float = HOUR) -> dict[str, Any]:
    """What a site would ask that counted every so many seconds until now."""
    samples = [
        {"at": (START + timedelta(seconds=at * every)).isoformat(), "placed": bisect_right(times, at * every)}
        for at in range(int(now / every) + 1)
    ]
    return {"place": place, "cycle_size": 50, "placed": samples[-1]["placed"], "samples": samples}


def steady(dice: random.Random) -> list[float]:
    """Ten an hour, all the time."""
    return _process(dice, lambda at: 10 / HOUR)


def in_bursts(dice: random.Random) -> list[float]:
    """Every two hours another rate, often next to nothing, sometimes five times the mean."""
    rates = [dice.gammavariate(0.5, 2) * 10 / HOUR for _ in range(70)]
    return _process(dice, lambda at: rates[min(int(at / HOUR / 2), 69)])


def fading(dice: random.Random) -> list[float]:
    """Thirty an hour at first, half as many each day."""
    return _process(dice, lambda at: 30 / HOUR * 0.5 ** (at / HOUR / 24))


def _process(dice: random.Random, rate: Callable[[float], float]) -> list[float]:
    at, times, fastest = 0.0, list[float](), 120 / HOUR
    while at < 140 * HOUR:
        at += dice.expovariate(fastest)
        if dice.random() < rate(at) / fastest:
            times.append(at)
    return times


def covered(arrivals: Arrivals, answer: Callable[[dict[str, Any]], dict[str, Any]], *, worlds: int = 200) -> float:
    """In which share of simulated worlds the cycle closed within the band that was foretold two days in."""
    within = 0
    for world in range(worlds):
        times = arrivals(random.Random(world))
        now = 48 * HOUR
        placed = bisect_right(times, now)
        place = placed + 1 + 7 * (world % 7)
        last = -(-place // 50) * 50
        if last > len(times):
            continue  # it counts as missed
        band = answer(question(times, now=now, place=place))
        truth = START + timedelta(seconds=times[last - 1])
        low, high = datetime.fromisoformat(band["p10_at"]), band["p90_at"]
        within += low <= truth + timedelta(seconds=1) and (high is None or truth <= datetime.fromisoformat(high))
    return within / worlds


def naive(asked: dict[str, Any]) -> dict[str, Any]:
    """The mean rate of all samples, and the spread of a Poisson process of exactly that rate."""
    samples = asked["samples"]
    first, now = (datetime.fromisoformat(samples[at]["at"]) for at in (0, -1))
    last = -(-asked["place"] // 50) * 50
    ahead, rate = last - asked["placed"], asked["placed"] / (now - first).total_seconds()
    dice = random.Random(1)
    waits = sorted(dice.gammavariate(ahead, 1 / rate) for _ in range(1_000))
    return {
        name: (now + timedelta(seconds=quantile(waits, share))).isoformat()
        for name, share in (("p10_at", 0.1), ("p90_at", 0.9))
    }


@pytest.mark.parametrize("arrivals", [steady, in_bursts, fading])
def test_eight_in_ten_cycles_close_within_the_band(arrivals: Arrivals) -> None:
    """200 worlds: a band of exactly 80 % leaves 0.70 to 0.90 less than once in a thousand; a little wider is honest."""
    assert 0.70 <= covered(arrivals, estimate) <= 0.94


@pytest.mark.parametrize("arrivals", [in_bursts, fading])
def test_the_measure_finds_a_band_that_is_not_honest(arrivals: Arrivals) -> None:
    assert covered(arrivals, naive) < 0.65


def test_fifty_an_hour_close_a_cycle_in_an_hour() -> None:
    samples = [{"at": f"2026-11-22T{hour:02}:00:00Z", "placed": 50 * hour} for hour in range(13)]
    answer = ask("wait-estimate", {"place": 601, "cycle_size": 50, "placed": 600, "samples": samples})
    assert answer["p10_at"] < answer["p50_at"] < answer["p90_at"]
    assert "2026-11-22T12:40:00Z" < answer["p10_at"] < "2026-11-22T12:55:00Z"
    assert "2026-11-22T12:57:00Z" < answer["p50_at"] < "2026-11-22T13:03:00Z"
    assert "2026-11-22T13:08:00Z" < answer["p90_at"] < "2026-11-22T13:20:00Z"


def test_the_same_question_has_the_same_answer() -> None:
    asked = question(steady(random.Random(5)), now=48 * HOUR, place=510)
    assert ask("wait-estimate", asked) == ask("wait-estimate", asked) == estimate(asked)


def test_places_of_one_cycle_wait_alike_and_later_cycles_longer() -> None:
    asked = question([at * 100.0 for at in range(400)], now=6 * HOUR, place=251)
    first, last, later = (estimate(asked | {"place": place}) for place in (251, 300, 301))
    assert first == last
    assert first["p90_at"] < later["p90_at"]


def test_a_new_pace_counts_more_than_an_old_one() -> None:
    slow_then_fast = [Sample(at=START + timedelta(hours=hour), placed=hour) for hour in range(100)]
    slow_then_fast += [Sample(at=START + timedelta(hours=100 + hour), placed=100 + 20 * hour) for hour in range(10)]
    found = pace(slow_then_fast, ahead=10)
    assert found is not None
    assert 12 < found.per_second * HOUR <= 20


@pytest.mark.parametrize(
    "placed", [[], [7], [7, 7], [7, 11], [0, 0, 0, 4]], ids=["none", "one", "no arrival", "four", "four late"]
)
def test_too_little_to_go_by_is_null(placed: list[int]) -> None:
    samples = [{"at": f"2026-11-22T{hour:02}:00:00Z", "placed": count} for hour, count in enumerate(placed)]
    asked = {"place": 20, "cycle_size": 50, "placed": max(placed, default=0), "samples": samples}
    assert ask("wait-estimate", asked) == {"p10_at": None, "p50_at": None, "p90_at": None}


def test_what_would_take_longer_than_ten_years_is_null() -> None:
    samples = [{"at": f"{year}-01-01T00:00:00Z", "placed": year - 2020} for year in range(2020, 2027)]
    answer = ask("wait-estimate", {"place": 50, "cycle_size": 50, "placed": 6, "samples": samples})
    assert answer == {"p10_at": None, "p50_at": None, "p90_at": None}


def test_a_closed_cycle_closed_when_it_was_first_seen() -> None:
    samples = [{"at": f"2026-11-22T{hour:02}:00:00+08:00", "placed": 20 * hour} for hour in range(9, 13)]
    asked = {"place": 150, "cycle_size": 50, "placed": 240, "samples": samples}
    assert set(ask("wait-estimate", asked).values()) == {"2026-11-22T01:00:00Z"}
    assert set(ask("wait-estimate", asked | {"place": 201}).values()) != {None}
    assert set(ask("wait-estimate", asked | {"samples": []}).values()) == {None}


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"place": 0}, "input.place is not a whole number from 1"),
        ({"place": "7"}, "input.place is not a whole number from 1"),
        ({"cycle_size": 0}, "input.cycle_size is not"),
        ({"placed": 3.5}, "input.placed is not a whole number"),
        ({"samples": {}}, "input.samples is not a list"),
        ({"samples": [{"at": "2026-11-22T00:00:00Z"}]}, "input.samples[0].placed is missing"),
        (
            {"samples": [{"at": "2026-11-22T00:00:00", "placed": 1}]},
            "input.samples[0].at is not a time with its offset",
        ),
        ({"samples": [{"at": "yesterday", "placed": 1}]}, "input.samples[0].at is not a time with its offset"),
        ({"samples": [{"at": "2026-11-22T00:00:00Z", "placed": 1}] * 2}, "input.samples[1].at is not later"),
        (
            {"samples": [{"at": f"2026-11-2{day}T00:00:00Z", "placed": 9 - day} for day in (1, 2)]},
            "input.samples[1].placed is less",
        ),
        ({"placed": 1, "samples": [{"at": "2026-11-22T00:00:00Z", "placed": 2}]}, "input.placed is less"),
        ({"serial": "1"}, "input has a field that is not known: 'serial'"),
    ],
)
def test_a_wrong_question_is_named(changes: dict[str, Any], reason: str) -> None:
    asked = {"place": 5, "cycle_size": 50, "placed": 3, "samples": []}
    assert refusal("wait-estimate", asked | changes).startswith(reason)


def test_what_is_no_question_is_named() -> None:
    assert refusal("wait-estimate", b"").startswith("input is not one JSON value")
    assert refusal("wait-estimate", b'{"place":NaN}') == "input is not one JSON value (NaN is no number)"
    assert refusal("wait-estimate", b"[1]") == "input is not an object"
    assert refusal("wait-estimate", b"[" * 100_000).startswith("input is not one JSON value")
    assert refusal("wait-estimate", b'{"place":' + b"9" * 5_000 + b"}").startswith("input is not one JSON value")
