"""The demo shows by itself what the program is for."""

from tests.journeys.whole import Whole


def test_money_comes_back_and_details_are_erased_without_anybody_touching_it(whole: Whole) -> None:
    seconds = whole.first_seen.seconds
    assert seconds["ready"] <= 60
    for shown in ("cycles_closed", "refunded", "erased"):
        assert shown in seconds, f"{shown}: not within two minutes of {seconds}; now {whole.numbers()}"
        assert seconds[shown] <= 120


def test_the_books_balance_while_it_runs(whole: Whole) -> None:
    numbers = whole.numbers()
    assert numbers["coverage"] >= 10_000
    assert numbers["refunded_minor"] == numbers["refunded"] * numbers["face_value_minor"]
    assert numbers["cash_awards"] == 6 * numbers["cycles_closed"]
    assert numbers["gift_awards"] <= 44 * numbers["cycles_closed"]
