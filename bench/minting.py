"""Minting with manifest, against random PINs, two HMACs and COPY into the same table on two processes."""

import hmac
import io
import os
import secrets
import struct
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from tempfile import TemporaryFile

import psycopg2
from django.conf import settings
from django.db import connection
from django.utils import timezone
from pyrage import x25519

from bench.harness import Result, alternating, empty, median, scaled, seconds, settle, wal_bytes
from bench.seeding import COPY_HEAD, make_program
from cards import minting

CARDS = scaled(1_000_000, 50_000)
REPEATS = scaled(3, 1)
CHUNK = 25_000
ALPHABET = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ"
LETTERS = bytes(ALPHABET[byte & 31] for byte in range(256))
KEYS = (secrets.token_bytes(32), secrets.token_bytes(32))


def run() -> Iterator[Result]:
    """Cards per second of the product and of the control, and the write-ahead log of a card."""
    times: dict[str, list[float]] = {"product": [], "control": []}
    wal: list[int] = []
    for who in alternating(REPEATS):
        empty()
        program_id = make_program().pk
        settle()
        if who == "product":
            wal.append(wal_bytes(lambda: times["product"].append(seconds(lambda: _mint(program_id)))))  # noqa: B023
        else:
            connection.close()
            times["control"].append(seconds(_control))
    yield Result(
        name=f"minting {CARDS:,} cards with an encrypted manifest",
        product=CARDS / median(times["product"]),
        control=CARDS / median(times["control"]),
        unit="cards/s",
        at_least=0.6,
        note=f"{median(wal) / CARDS:.0f} bytes of WAL a card",
    )


def _mint(program_id: int) -> None:
    recipient = str(x25519.Identity.generate().to_public())
    with TemporaryFile() as out:
        minting.mint(program_id=program_id, cards=CARDS, out=out, printer_key=recipient, now=timezone.now())


def _control() -> None:
    chunks = [(first, min(CHUNK, CARDS - first)) for first in range(0, CARDS, CHUNK)]
    with ProcessPoolExecutor(2) as pool:
        list(pool.map(_press, chunks))


def _press(chunk: tuple[int, int]) -> None:
    first, cards = chunk
    letters = os.urandom(cards * 16).translate(LETTERS)
    rows = bytearray(COPY_HEAD)
    head, length = struct.pack("!hi", 2, 8), struct.pack("!i", 32)
    for index in range(cards):
        number = first + index + 1
        pin = letters[16 * index : 16 * index + 16]
        message = b"%012d" % number + pin
        hmac.digest(KEYS[1], message, "sha256")
        rows += head + number.to_bytes(8, "big") + length + hmac.digest(KEYS[0], message, "sha256")
    rows += b"\xff\xff"
    # A connection a chunk: it costs a thousandth of the chunk.
    with psycopg2.connect(settings.DATABASE_URL) as connected, connected.cursor() as cursor:
        cursor.copy_expert("COPY cards_card (number, pin_digest) FROM STDIN (FORMAT binary)", io.BytesIO(rows))
    connected.close()
