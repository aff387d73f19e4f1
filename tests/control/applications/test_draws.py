from typing import Any

import pytest

from tests.control.applications.asking import ask, refusal
from tests.lottery.bundles import FIGURES, POOL_HASH, RESULTS, SECRET, Drawn, of_size, packed_again

RUN: dict[str, Any] = {
    "draw": "DEMO-1",
    "pool_hash": POOL_HASH,
    "secret": SECRET.hex(),
    "figures": [{"name": name, "value": value} for name, value in FIGURES],
    "entries": 10,
    "results": 10,
}


def test_the_published_vector() -> None:
    assert ask("draw-run", RUN) == {"results": list(RESULTS)}
    assert ask("draw-run", RUN | {"results": 3}) == {"results": list(RESULTS[:3])}
    assert ask("draw-run", RUN | {"results": 25}) == {"results": list(RESULTS)}
    assert ask("draw-run", RUN | {"entries": 0}) == {"results": []}


def test_it_draws_what_the_centre_draws() -> None:
    drawn = of_size(5_000, prizes=300, reserves=50)
    pool_hash = ask("draw-verify", {"draw": "DEMO-1"}, files={"bundle": drawn.bundle()})["pool_hash"]
    assert ask("draw-run", RUN | {"pool_hash": pool_hash, "entries": 5_000, "results": 350}) == {
        "results": drawn.results
    }


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"draw": "demo 1"}, "input.draw is not of A to Z, 0 to 9 and -"),
        ({"pool_hash": "0C" + POOL_HASH[2:]}, "input.pool_hash is not 64 hexadecimal digits, lower case"),
        ({"secret": 7}, "input.secret is not 64 hexadecimal digits, lower case"),
        ({"figures": []}, "input.figures are none, or two have the same name"),
        ({"figures": [{"name": "a", "value": "1"}] * 2}, "input.figures are none, or two have the same name"),
        ({"figures": [{"name": "a=b", "value": "1"}]}, "input.figures is not a list of figures"),
        ({"figures": [{"name": "\ud800", "value": "1"}]}, "input.figures have a name with half a character"),
        ({"entries": -1}, "input.entries is not a whole number from 0"),
        ({"entries": True}, "input.entries is not a whole number from 0"),
        ({"results": 25_001}, "input.results is not a whole number from 1 to 25000"),
        ({"winners": 3}, "input has a field that is not known: 'winners'"),
    ],
)
def test_a_wrong_recipe_is_named(changes: dict[str, Any], reason: str) -> None:
    assert refusal("draw-run", RUN | changes).startswith(reason)


def test_a_right_bundle_is_verified() -> None:
    answer = ask("draw-verify", {"draw": "DEMO-1"}, files={"bundle": Drawn().bundle()})
    assert answer == {
        "ok": True,
        "reason": "",
        "winners": list(RESULTS[:3]),
        "reserves": list(RESULTS[3:5]),
        "entries": 10,
        "pool_hash": POOL_HASH,
        "repacked": False,
    }
    assert ask("draw-verify", {"draw": "DEMO-1"}, files={"bundle": packed_again(Drawn().bundle())})["repacked"]


@pytest.mark.parametrize(
    ("draw", "bundle", "reason"),
    [
        ("DEMO-1", Drawn().bundle(winners=[2, 7, 8]), "draw.json: result 0 "),
        ("DEMO-1", Drawn().bundle()[:-1], "bundle: "),
        ("DEMO-1", b"", "bundle: it is not a whole zip archive"),
        ("OTHER-1", Drawn().bundle(), "the bundle is of draw DEMO-1, asked was OTHER-1"),
    ],
)
def test_a_wrong_bundle_is_refused_and_says_why(draw: str, bundle: bytes, reason: str) -> None:
    answer = ask("draw-verify", {"draw": draw}, files={"bundle": bundle})
    assert (answer["ok"], answer["winners"], answer["reserves"]) == (False, [], [])
    assert answer["reason"].startswith(reason)


def test_a_question_without_its_bundle_is_named() -> None:
    assert refusal("draw-verify", {"draw": "DEMO-1"}).startswith("input.files.bundle is missing")
    assert refusal("draw-verify", {"draw": "DEMO-1", "files": {"bundle": 900}}).startswith(
        "input.files.bundle cannot be read"
    )
    assert refusal("draw-verify", {"draw": "DEMO-1", "files": {"bundle": 0}}).startswith(
        "input.files.bundle is not a whole number"
    )
    assert refusal("draw-verify", {"draw": "demo"}) == "input.draw is not of A to Z, 0 to 9 and -"
    assert refusal("draw-verify", b"{") == refusal("wait-estimate", b"{")
    assert refusal("draw-verify", b"\xff") == "input is not UTF-8"
