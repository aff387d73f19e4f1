import hashlib
import io
import json
import random
import zipfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta, timezone
from itertools import chain, count, pairwise, repeat
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cashback.lib import drawing
from cashback.lib.drawing import PoolTooLarge
from cashback.lib.errors import InvalidDetails

SECRET = bytes(range(32))
FIGURES = [("index", "3000.12"), ("lotto", "7 9 13")]
LEAVES = [hashlib.sha256(str(digit).encode()).hexdigest() for digit in range(10)]
POOL = "".join(f"{index}\t{leaf}\n" for index, leaf in enumerate(LEAVES)).encode()
POOL_HASH = "0c20f240bfbf271f101076f74f446d4b54a3dde003a1c16603732e5166811c59"
SEED = bytes.fromhex("6fa4b29ad5cf1ca2c263ac74814f58434b1bb0df20fa673074e3a1784306dad1")
RESULTS = [7, 2, 8, 6, 3, 0, 4, 9, 5, 1]
NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)
# 49 degrees of freedom; an unbiased draw is above it once in a million times.
CHI_SQUARE_MAX = 111.6


def account(**changes: Any) -> bytes:
    return drawing.draw_json(
        **{
            "draw_id": "DEMO-1",
            "program": "DEMO",
            "announced_at": NOON,
            "frozen_at": NOON + timedelta(days=2),
            "secret": SECRET,
            "figures": FIGURES,
            "pool_hash": POOL_HASH,
            "winners": RESULTS[:3],
            "reserves": RESULTS[3:5],
            "reserves_announced": 2,
            "prizes": [{"name": "一等奖", "amount_minor": 100_000}] * 3,
            **changes,
        }
    )


def faults(work: Callable[[], object]) -> set[str]:
    with pytest.raises(InvalidDetails) as caught:
        work()
    assert all(text for texts in caught.value.errors.values() for text in texts)
    return set(caught.value.errors)


def test_the_published_vector() -> None:
    assert drawing.pool_hash([POOL]) == POOL_HASH
    assert drawing.seed(draw_id="DEMO-1", pool_hash=POOL_HASH, secret=SECRET, figures=FIGURES) == SEED
    assert drawing.draw(seed=SEED, entries=10, results=10) == RESULTS


@given(st.lists(st.integers(0, len(POOL)), max_size=5))
def test_the_pool_is_the_same_however_it_is_cut(cuts: list[int]) -> None:
    ends = [0, *sorted(cuts), len(POOL)]
    assert drawing.pool_hash(POOL[one:other] for one, other in pairwise(ends)) == POOL_HASH


@pytest.mark.parametrize("m", [1, 2, 3, 7, 50, 10_000_000, 2**32 + 1, 2**63 + 1, 2**64])
def test_numbers_of_the_incomplete_stretch_are_skipped(m: int) -> None:
    limit = 2**64 // m * m
    assert drawing.below(iter([limit - 1, 5]), m) == m - 1
    if limit < 2**64:
        assert drawing.below(iter([limit, 5]), m) == 5 % m
        assert drawing.below(iter([limit, 2**64 - 1, 4]), m) == 4 % m
    else:
        assert drawing.below(iter([2**64 - 1]), m) == m - 1


def test_every_step_takes_a_number_even_among_one() -> None:
    row = iter([9, 11])
    assert drawing.below(row, 1) == 0
    assert next(row) == 11


@given(st.binary(min_size=32, max_size=32), st.integers(0, 60), st.integers(0, 80))
def test_the_sparse_shuffle_is_the_shuffle(seed: bytes, entries: int, results: int) -> None:
    row, positions = drawing.numbers(seed), list(range(entries))
    steps = min(entries, results)
    for position in range(steps):
        other = position + drawing.below(row, entries - position)
        positions[position], positions[other] = positions[other], positions[position]
    assert drawing.draw(seed=seed, entries=entries, results=results) == positions[:steps]


def test_a_smaller_draw_is_the_beginning_of_a_larger_one() -> None:
    whole = drawing.draw(seed=SEED, entries=200, results=500)
    assert sorted(whole) == list(range(200))
    assert all(drawing.draw(seed=SEED, entries=200, results=results) == whole[:results] for results in (0, 1, 17, 199))


def chi_square(draws: Iterator[list[int]], times: int) -> float:
    """Scaled for drawing without putting back: six of fifty at a time."""
    hits = [0] * 50
    for _ in range(times):
        for index in next(draws):
            hits[index] += 1
    expected = times * 6 / 50
    return sum((hit - expected) ** 2 for hit in hits) / expected * 49 / 44


def test_a_hundred_thousand_draws_are_fair() -> None:
    seeds = (hashlib.sha256(b"fair %d" % number).digest() for number in count())
    assert chi_square((drawing.draw(seed=seed, entries=50, results=6) for seed in seeds), 100_000) < CHI_SQUARE_MAX


def six_of_fifty(pick: Callable[[int, int], int]) -> list[int]:
    """A shuffle whose step t goes to `pick(t, 50)`."""
    positions = list(range(50))
    for position in range(6):
        other = pick(position, 50)
        positions[position], positions[other] = positions[other], positions[position]
    return positions[:6]


def test_a_naive_shuffle_is_found_out() -> None:
    dice = random.Random(50)
    naive = (six_of_fifty(lambda _position, entries: dice.randrange(entries)) for _ in repeat(None))
    assert chi_square(naive, 100_000) > CHI_SQUARE_MAX


def test_eight_bits_show_that_numbers_must_be_skipped_and_not_folded_back() -> None:
    dice = random.Random(6)
    row = chain.from_iterable(dice.randbytes(4_096) for _ in repeat(None))
    skipped = (six_of_fifty(lambda at, n: at + drawing.below(row, n - at, bits=8)) for _ in repeat(None))
    folded = (six_of_fifty(lambda at, n: at + next(row) % (n - at)) for _ in repeat(None))
    assert chi_square(skipped, 40_000) < CHI_SQUARE_MAX
    assert chi_square(folded, 40_000) > CHI_SQUARE_MAX


def test_ids_and_figures_out_of_form_are_refused_by_the_name_of_their_field() -> None:
    for wrong in ("", "demo-1", "DEMO 1", "DEMO-1\n", "DÉMO"):
        assert faults(lambda wrong=wrong: drawing.check_id(wrong)) == {"id"}  # type: ignore[misc]
    for name in ("", "a=b", "a\nb", " a", "a ", "a\u2028b", "\ud800", "\x7f", "n" * 65):
        assert faults(lambda name=name: drawing.check_names(["a", name])) == {"figures.1.name"}  # type: ignore[misc]
    for value in ("", " 1", "1 ", "1\n2", "一", "1\t2", "\x7f", "1" * 65):
        assert faults(lambda value=value: drawing.check_figures([("a", value)])) == {"figures.0.value"}  # type: ignore[misc]
    assert faults(lambda: drawing.check_figures([])) == {"figures"}
    assert faults(lambda: drawing.check_figures([("a", "1")] * 33)) >= {"figures"}
    assert faults(lambda: drawing.check_figures([("a", "1"), ("a", "2")])) == {"figures.1.name"}
    assert faults(lambda: account(figures=[("index", "")])) == {"figures.0.value"}
    drawing.check_figures([("上证指数 close", "!~ ="), ("b", "x" * 64)])


def test_the_account_has_one_spelling() -> None:
    written = account(extra={"beacon": {"round": 7, "chain": None}})
    assert written.startswith(b'{"announced_at":"2026-05-04T12:00:00Z","beacon":{"chain":null,"round":7},')
    assert "一等奖".encode() in written
    moved = (NOON + timedelta(microseconds=5)).astimezone(timezone(timedelta(hours=8)))
    read = json.loads(account(announced_at=moved))
    assert read["announced_at"] == "2026-05-04T12:00:00.000005Z"
    assert read["commitment"] == hashlib.sha256(SECRET).hexdigest()
    for wrong in (1.5, {"A": 1}, {"a-b": 1}, {1: 1}, 2**53, b"", {1, 2}):
        with pytest.raises(AssertionError):
            drawing.canonical([wrong])


def test_the_bundle_is_an_ordinary_zip_and_always_the_same() -> None:
    out, other = io.BytesIO(), io.BytesIO()
    other.write(b"before")
    size = drawing.write_bundle(out, [POOL[:7], b"", POOL[7:]], account())
    assert size == drawing.write_bundle(other, [POOL], account()) == len(out.getvalue())
    assert other.getvalue() == b"before" + out.getvalue()
    with zipfile.ZipFile(out) as bundle:
        assert bundle.testzip() is None
        assert bundle.namelist() == ["pool.txt", "draw.json"]
        assert bundle.read("pool.txt") == POOL
        assert bundle.read("draw.json") == account()


def test_a_pool_too_large_for_a_bundle_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drawing, "POOL_SIZE_MAX", 100)
    with pytest.raises(PoolTooLarge, match="100"):
        drawing.write_bundle(io.BytesIO(), [POOL], account())
