import json
import time
from typing import Any

import pytest

from cashback.control.applications.program_forecast.__main__ import forecast
from tests.control.applications.asking import ask, refusal

NUMBERS: dict[str, Any] = {
    "code": "TEA",
    "name": "not needed",
    "rule": "cohort",
    "face_value_minor": 8_800,
    "cycle_size": 50,
    "payouts_per_cycle": 6,
    "sold": 10_000,
    "registered": 1_004,
    "placed": 1_000,
    "as_of": "2026-11-22T12:00:00Z",
    "closes_on": None,
    "cash_reserve_minor": 10_000_000,
    # A hundred a day: two cycles.
    "samples": [{"at": f"2026-11-{day:02}T12:00:00Z", "placed": 100 * (day - 12)} for day in range(12, 23)],
}
QUESTION = {"program": "TEA", "futures": 2_000}


def asked(days: int = 30, **changes: Any) -> dict[str, Any]:
    return ask("program-forecast", QUESTION | {"days": days, "numbers": NUMBERS | changes})


def test_a_hundred_a_day_award_two_cycles_a_day() -> None:
    answer = asked(days=10)
    days = answer["days"]
    assert [day["on"] for day in days][::9] == ["2026-11-22", "2026-12-01"]
    assert all(day["cash_p10"] <= day["cash_p50"] <= day["cash_p90"] for day in days)
    assert all(day[name] % (6 * 8_800) == 0 for day in days for name in ("cash_p10", "cash_p50", "cash_p90"))
    assert [day["cash_p50"] for day in days] == sorted(day["cash_p50"] for day in days)
    # Half a day today and nine whole ones: about 950 arrivals, a little less as fewer are left: 17 to 19 cycles.
    assert 16 * 6 * 8_800 <= days[-1]["cash_p50"] <= 19 * 6 * 8_800
    assert answer["waits"][0]["cycle"] == 21
    assert answer["waits"][0]["p50_on"] in ("2026-11-22", "2026-11-23")
    assert answer["reserve_low_minor"] <= 10_000_000 - days[-1]["cash_p90"]


def test_more_than_was_sold_never_registers() -> None:
    answer = asked(sold=1_060, registered=1_004, cash_reserve_minor=6 * 8_800)
    assert {day["cash_p90"] for day in answer["days"][-5:]} == {6 * 8_800}
    assert answer["days"][-1]["cash_p10"] == 0
    assert answer["reserve_low_minor"] == 0


def test_what_registered_already_is_placed_at_once() -> None:
    answer = asked(sold=1_100, registered=1_100, placed=1_040)
    assert {tuple(day[name] for name in ("cash_p10", "cash_p50", "cash_p90")) for day in answer["days"]} == {
        (2 * 6 * 8_800,) * 3
    }
    assert answer["waits"] == [
        {"cycle": cycle, "p10_on": "2026-11-22", "p50_on": "2026-11-22", "p90_on": "2026-11-22"} for cycle in (21, 22)
    ]


def test_the_last_day_pays_the_incomplete_cycle_its_part() -> None:
    answer = asked(sold=1_009, registered=1_009, placed=1_009, closes_on="2026-11-24")
    assert [(day["on"], day["cash_p50"]) for day in answer["days"]] == [
        ("2026-11-22", 0),
        ("2026-11-23", 0),
        ("2026-11-24", 8_800),
    ]
    assert asked(closes_on="2026-11-21") == {"days": [], "reserve_low_minor": 10_000_000, "waits": []}


def test_the_numbers_may_come_as_a_large_input() -> None:
    by_hash = ask("program-forecast", QUESTION, files={"numbers": json.dumps(NUMBERS).encode()})
    assert by_hash == asked() == forecast(QUESTION | {"numbers": NUMBERS})


def test_too_little_to_go_by_foretells_nothing() -> None:
    assert asked(samples=NUMBERS["samples"][:1]) == {"days": [], "reserve_low_minor": None, "waits": []}
    assert asked(cash_reserve_minor=None)["reserve_low_minor"] is None


def test_two_thousand_futures_take_less_than_a_second() -> None:
    started = time.process_time()
    forecast(QUESTION | {"numbers": NUMBERS})
    assert time.process_time() - started < 1


@pytest.mark.parametrize(
    ("changes", "numbers", "reason"),
    [
        ({"futures": 0}, {}, "input.futures is not a whole number from 1 to 10000"),
        ({"futures": 10_000, "days": 366}, {}, "input.futures times input.days are more than 1000000"),
        ({"program": "OTHER"}, {}, "input.program is not the program of the numbers, which are of 'TEA'"),
        ({"numbers": None}, {}, "input.numbers is missing"),
        ({"numbers": [1]}, {}, "input.numbers is not an object"),
        ({}, {"sold": 0}, "input.numbers.sold is not a whole number from 1"),
        ({}, {"placed": 1_005}, "input.numbers.placed, registered and sold"),
        ({}, {"payouts_per_cycle": 51}, "input.numbers.payouts_per_cycle is more than cycle_size"),
        ({}, {"closes_on": "soon"}, "input.numbers.closes_on is not a day"),
        ({}, {"as_of": "2026-11-22"}, "input.numbers.as_of is not a time with its offset"),
        ({}, {"samples": [7]}, "input.numbers.samples[0] is not an object"),
    ],
)
def test_a_wrong_question_is_named(changes: dict[str, Any], numbers: dict[str, Any], reason: str) -> None:
    question: dict[str, Any] = QUESTION | {"numbers": NUMBERS | numbers} | changes
    assert refusal("program-forecast", question).startswith(reason)


def test_numbers_that_are_none_are_named() -> None:
    assert refusal("program-forecast", QUESTION, files={"numbers": b"{"}).startswith("input.files.numbers is not one")
    short = {name: value for name, value in NUMBERS.items() if name != "sold"}
    assert refusal("program-forecast", QUESTION | {"numbers": short}) == "input.numbers.sold is missing"
