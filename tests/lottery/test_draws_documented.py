"""docs/draws.md is what other people's verifiers are written from: its code and its figures must be right."""

import re
from collections.abc import Callable
from pathlib import Path

from lottery import verify
from tests.lottery.bundles import FIGURES, POOL_HASH, RESULTS, SECRET, SEED

PAGE = (Path(__file__).parents[2] / "docs/draws.md").read_text(encoding="utf-8")


def documented() -> Callable[..., list[int]]:
    (code,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    names: dict[str, Callable[..., list[int]]] = {}
    exec(code, names)
    return names["draw"]


def test_the_code_draws_the_vector() -> None:
    draw = documented()
    assert tuple(draw("DEMO-1", POOL_HASH, SECRET.hex(), FIGURES, 10, 10)) == RESULTS
    assert draw("DEMO-1", POOL_HASH, SECRET.hex(), FIGURES, 10, 12) == draw(
        "DEMO-1", POOL_HASH, SECRET.hex(), FIGURES, 10, 10
    )


def test_the_figures_are_right() -> None:
    for text in (POOL_HASH, SECRET.hex(), SEED, " ".join(map(str, RESULTS)), verify.QUICKNET):
        assert f"`{text}`" in PAGE or f" {text} " in PAGE
    assert verify.below(iter([2**64 - 2]), 3) == 2
    assert verify.below(iter([2**64 - 1, 4]), 3) == 1
