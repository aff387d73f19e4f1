"""A thousand drawn from ten million once the pool is in memory, against the same arithmetic in one function by hand.

The control keeps nothing apart: no generators, no checks, numbers and steps in one loop. The stand-alone verifier,
which shuffles the whole pool, is beside it to show what the sparse shuffle saves.
"""

import hashlib
import hmac
import struct
import tracemalloc
from collections.abc import Iterator

from bench.harness import Result, alternating, median, scaled, seconds
from cashback.lib import drawing
from lottery import verify

ENTRIES = scaled(10_000_000, 100_000)
RESULTS = 1_000
REPEATS = scaled(25, 3)
LEAF_SIZE = 32
SEED = hashlib.sha256(b"bench").digest()


def run() -> Iterator[Result]:
    """Milliseconds of both, and the memory that the product asks for."""
    leaves = memoryview(bytes(LEAF_SIZE * ENTRIES))
    assert _product(leaves) == _control(leaves)
    assert drawing.draw(seed=SEED, entries=ENTRIES, results=RESULTS) == verify.order(SEED, ENTRIES, RESULTS)
    times: dict[str, list[float]] = {"product": [], "control": []}
    for who in alternating(REPEATS):
        times[who].append(1_000 * seconds(lambda: (_product if who == "product" else _control)(leaves)))  # noqa: B023
    name = f"drawing {RESULTS:,} of {ENTRIES:,}, pool loaded"
    yield Result(name=name, product=median(times["product"]), unit="ms", at_most=50)
    yield Result(
        name=f"{name}; by hand in one loop",
        product=median(times["product"]),
        control=median(times["control"]),
        unit="ms",
        at_most=2,
    )
    tracemalloc.start()
    _product(leaves)
    _now, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    yield Result(name=f"{name}: memory at its highest", product=most / 10**6, unit="MB", at_most=20)
    whole = median([1_000 * seconds(lambda: verify.order(SEED, ENTRIES, RESULTS)) for _ in range(3)])
    yield Result(
        name=f"{name}; the verifier's shuffle of it all", product=median(times["product"]), control=whole, unit="ms"
    )


def _product(leaves: memoryview) -> list[bytes]:
    drawn = drawing.draw(seed=SEED, entries=ENTRIES, results=RESULTS)
    return [bytes(leaves[LEAF_SIZE * index : LEAF_SIZE * (index + 1)]) for index in drawn]


def _control(leaves: memoryview) -> list[bytes]:
    moved: dict[int, int] = {}
    row: list[int] = []
    block, found = 0, []
    for position in range(RESULTS):
        left = ENTRIES - position
        while True:
            if not row:
                row = list(struct.unpack(">4Q", hmac.digest(SEED, struct.pack(">Q", block), "sha256")))[::-1]
                block += 1
            number = row.pop()
            if number < 2**64 // left * left:
                break
        other = position + number % left
        index = moved.get(other, other)
        moved[other] = moved.get(position, position)
        found.append(bytes(leaves[LEAF_SIZE * index : LEAF_SIZE * (index + 1)]))
    return found
