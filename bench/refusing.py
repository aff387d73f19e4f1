"""The neutral refusal: however a card is not accepted, it takes the same time.

Each way of failing is tried in turn, thousands of times, on the domain layer: an unknown serial, and wrong PINs for
cards that are free, unsold, registered and blocked. The medians are compared with that of a wrong PIN for a free card.
"""

import time
from collections.abc import Iterator, Mapping, Sequence
from os import urandom
from random import Random

from django.utils import timezone

from bench.harness import Result, empty, median, owner, scaled, settle
from bench.registering import entry
from bench.seeding import make_program, make_user, register, sell_known
from cards.models import Block
from cashback.lib.pins import RANDOM_LENGTH, random_pins
from cashback.lib.serials import format_serial
from queueing import intake
from queueing.correction import Corrected

CARDS = scaled(2_000, 200)  # of each sort
ROUNDS = scaled(10_000, 400)
DEVIATION_MAX = 0.05
FREE = "wrong PIN, free card"


def run() -> Iterator[Result]:
    """Medians in milliseconds."""
    times: dict[str, list[float]] = {}
    sorts = _sorts()
    order = list(sorts)
    shuffled = Random(1)
    for turn in range(-CARDS, ROUNDS):
        shuffled.shuffle(order)
        for sort in order:
            elapsed = _refuse(sorts[sort][turn % CARDS])
            if turn >= 0:
                times.setdefault(sort, []).append(elapsed)
    for sort in sorts:
        if sort != FREE:
            yield Result(
                name=f"a refusal: {sort}; {FREE}",
                product=1000 * median(times[sort]),
                control=1000 * median(times[FREE]),
                unit="ms",
                at_least=1 - DEVIATION_MAX,
                at_most=1 + DEVIATION_MAX,
                note=f"medians of {ROUNDS}",
            )


def _sorts() -> Mapping[str, Sequence[Corrected]]:
    """Entries that are refused, by reason."""
    empty()
    program = make_program()
    sold, _ = sell_known(program, 3 * CARDS)
    unsold, _ = sell_known(program, CARDS, first=3 * CARDS + 1)
    register(sold, details=True, numbers=range(CARDS + 1, 2 * CARDS + 1))
    people = make_user("bench-organizer"), make_user("bench-checker")
    now = timezone.now()
    Block.objects.bulk_create(
        Block(
            number=number,
            kind="frozen",
            reason="bench",
            prepared_by=people[0],
            prepared_at=now,
            approved_by=people[1],
            approved_at=now,
        )
        for number in range(2 * CARDS + 1, 3 * CARDS + 1)
    )
    with owner() as cursor:
        cursor.execute("DELETE FROM cards_lot WHERE id = %s", [unsold.lot_id])
    settle()
    firsts = {FREE: 1, "registered card": CARDS + 1, "blocked card": 2 * CARDS + 1, "unsold card": 3 * CARDS + 1}
    return {sort: _wrong(first) for sort, first in {**firsts, "unknown serial": 10**9}.items()}


def _wrong(first: int) -> list[Corrected]:
    pins = random_pins(CARDS, urandom(RANDOM_LENGTH * CARDS))
    return [entry((format_serial(first + index), pin), index) for index, pin in enumerate(pins)]


def _refuse(details: Corrected) -> float:
    started = time.perf_counter()
    try:
        intake.register(details=details, language="en", request_digest=None, now=timezone.now())
    except intake.CardNotAccepted:
        return time.perf_counter() - started
    raise AssertionError("a wrong PIN was accepted")
