"""The demo shows by itself what the program is for."""

import io

from lottery.verify import verify
from tests.journeys.whole import Whole

DRAW = "SPRING-TEA-1"


def test_money_comes_back_and_details_are_erased_without_anybody_touching_it(whole: Whole) -> None:
    seconds = whole.first_seen.seconds
    assert seconds["ready"] <= 60
    for shown in ("cycles_closed", "refunded", "erased"):
        assert shown in seconds, f"{shown}: not within two minutes of {seconds}; now {whole.numbers()}"
        assert seconds[shown] <= 120


def test_the_books_balance_while_it_runs(whole: Whole) -> None:
    whole.wait_for(lambda: states(whole).get(DRAW) == "certified", 120, lambda: f"the draws are {states(whole)}")
    numbers = whole.numbers()
    drawn = [
        award for draw, state in states(whole).items() if state == "certified" for award in allotments(whole, draw)
    ]
    assert numbers["coverage"] >= 10_000
    assert numbers["refunded_minor"] >= numbers["refunded"] * numbers["face_value_minor"], "prizes are above the face"
    assert numbers["cash_awards"] == 6 * numbers["cycles_closed"] + len(drawn)
    assert numbers["gift_awards"] <= 44 * numbers["cycles_closed"]


def test_a_small_draw_is_certified_and_its_bundle_verifies(whole: Whole) -> None:
    caller = whole.caller()
    whole.wait_for(lambda: states(whole).get(DRAW) == "certified", 120, lambda: f"the draws are {states(whole)}")
    assert {draw["id"]: draw["state"] for draw in caller.get_json("/api/v1/draws")} == states(whole)
    bundle = caller.get(f"/api/v1/draws/{DRAW}/bundle")
    assert bundle.status == 200
    verdict = verify(io.BytesIO(bundle.body))
    assert verdict.ok, verdict.reason
    published = caller.get_json(f"/api/v1/draws/{DRAW}")
    assert published["winners"] == list(verdict.winners)
    assert {"id": DRAW, "state": "certified"} in whole.numbers()["draws"]


def test_holders_choose_gifts_and_get_them(whole: Whole) -> None:
    handed_over = "SELECT count(*) FROM payouts_gift WHERE state = 'handed_over'"
    whole.wait_for(
        lambda: whole.execute(handed_over)[0][0] >= 5,
        120,
        lambda: str(whole.execute("SELECT state, count(*) FROM payouts_gift GROUP BY state")),
    )


def states(whole: Whole) -> dict[str, str]:
    """The demo's draws: it takes one to its certificate by itself, and another stays open for a while."""
    return {draw["id"]: draw["state"] for draw in whole.numbers()["draws"]}


def allotments(whole: Whole, draw: str) -> list[dict[str, object]]:
    """Whoever was awarded a prize; who did not stand any more was not."""
    found = whole.caller().get_json(f"/api/v1/draws/{draw}")["allotments"]
    return [allotment for allotment in found if allotment["ended"] != "not_standing"]
