"""The arithmetic of minting: PINs, digests, and the two texts made of them. Runs beside the database, in processes.

This module knows neither Django's models nor the database, so that a process for it starts quickly.
"""

import os
import struct
import threading
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import connection, get_context, parent_process
from typing import NamedTuple

from cashback.lib.crypto.digests import PinKey
from cashback.lib.pins import RANDOM_LENGTH, random_pins
from cashback.lib.serials import format_serial

CHUNK_CARDS = 25_000
PROCESSES = 2
# Enough that no process waits for the database, few enough that hardly any PIN waits in memory.
_AHEAD = PROCESSES + 1

# COPY's binary form: a head, and per row the number of fields and each field with its length; big-endian.
_COPY_HEAD = b"PGCOPY\n\xff\r\n\0" + bytes(8)
_COPY_END = struct.pack(">h", -1)
_COPY_ROW = struct.pack(">hiqi", 2, 8, 0, 32) + bytes(32)
_COPY_NUMBER, _COPY_DIGEST = 6, 18
_LINE = b"0000-0000-0000-00,0000-0000-0000-0000\n"
_LINE_SERIAL = (*range(4), *range(5, 9), *range(10, 14), *range(15, 17))
_LINE_PIN = (*range(18, 22), *range(23, 27), *range(28, 32), *range(33, 37))


class Chunk(NamedTuple):
    """Some consecutive cards, made: `rows` for COPY (number, digest), `manifest` for the printer."""

    cards: int
    rows: bytes
    manifest: bytes


def press(key: bytes, first_number: int, cards: int) -> Chunk:
    """Make cards with fresh random PINs. Whoever holds the result holds the PINs: only `manifest` has them."""
    numbers = range(first_number, first_number + cards)
    serials = [format_serial(number) for number in numbers]
    pins = random_pins(cards, os.urandom(RANDOM_LENGTH * cards))
    digests = PinKey(key).digests(zip(serials, pins, strict=True))
    rows, lines = bytearray(_COPY_ROW * cards), bytearray(_LINE * cards)
    _fill(rows, _COPY_ROW, range(_COPY_NUMBER, _COPY_NUMBER + 8), struct.pack(f">{cards}q", *numbers))
    _fill(rows, _COPY_ROW, range(_COPY_DIGEST, _COPY_DIGEST + 32), b"".join(digests))
    _fill(lines, _LINE, _LINE_SERIAL, "".join(serials).encode("ascii"))
    _fill(lines, _LINE, _LINE_PIN, "".join(pins).encode("ascii"))
    return Chunk(cards, b"".join((_COPY_HEAD, rows, _COPY_END)), bytes(lines))


def _fill(block: bytearray, row: bytes, places: Sequence[int], values: bytes) -> None:
    """Set these places of every row, a column at a time: a byte of each of a million rows is one copy."""
    for column, place in enumerate(places):
        block[place :: len(row)] = values[column :: len(places)]


@contextmanager
def presses(key: bytes, first_number: int, cards: int) -> Iterator[Iterable[Chunk]]:
    """The chunks of a batch in the order of their numbers; a large batch is made by two processes.

    Enter it before threads are started: processes are forked where that is safe, and spawned otherwise.
    """
    starts = range(first_number, first_number + cards, CHUNK_CARDS)
    jobs = [(key, start, min(CHUNK_CARDS, first_number + cards - start)) for start in starts]
    if len(jobs) == 1:
        yield (press(*job) for job in jobs)
        return
    context = get_context("fork" if threading.active_count() == 1 else "spawn")
    pool = ProcessPoolExecutor(PROCESSES, mp_context=context, initializer=_end_with_parent)
    try:
        waiting = deque(pool.submit(press, *job) for job in jobs[:_AHEAD])
        yield _in_order(pool, waiting, jobs[_AHEAD:])
    finally:
        pool.shutdown(cancel_futures=True)


def _in_order(
    pool: ProcessPoolExecutor, waiting: deque[Future[Chunk]], jobs: list[tuple[bytes, int, int]]
) -> Iterator[Chunk]:
    following = iter(jobs)
    while waiting:
        chunk = waiting.popleft().result()
        for job in following:
            waiting.append(pool.submit(press, *job))
            break
        yield chunk


def _end_with_parent() -> None:
    """A killed command must not leave processes behind that wait for work for ever."""
    parent = parent_process()
    if parent is not None:
        threading.Thread(target=_watch, args=(parent.sentinel,), daemon=True).start()


def _watch(sentinel: int) -> None:
    connection.wait([sentinel])
    os._exit(1)
