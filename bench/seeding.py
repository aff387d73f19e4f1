"""Tables filled set-based by the owner, so that a benchmark can begin deep in a program's life.

What is seeded looks as the product would have written it: lengths of sealed values, digests that do not compress,
indexes and constraints in force.
"""

import io
import struct
from dataclasses import dataclass
from datetime import datetime, timedelta
from os import urandom
from typing import Any

from django.conf import settings
from django.utils import timezone

from bench.harness import owner, value
from cards.models import Program
from cashback.accounts.models import User
from cashback.lib.crypto.digests import PinKey, read_key_file
from cashback.lib.pins import RANDOM_LENGTH, random_pins
from cashback.lib.serials import format_serial
from queueing import epochs, keys
from queueing.lines import ensure_line

COPY_HEAD = b"PGCOPY\n\xff\r\n\0" + bytes(8)
CARDS = "COPY cards_card (number, pin_digest) FROM STDIN (FORMAT binary)"

SELL = """
WITH dealer AS (
    INSERT INTO cards_dealer (code, name, address, active) VALUES (%(code)s, %(code)s, '', true) RETURNING id
), batch AS (
    INSERT INTO cards_batch (program_id, first_number, cards, minted, pin_key_id, printer_key, manifest_sha256,
                             started_at, minted_at)
    VALUES (%(program)s, %(first)s, %(cards)s, %(cards)s, %(pin_key)s, '', '', %(now)s, %(now)s) RETURNING id
), sold AS (
    INSERT INTO cards_order (dealer_id, program_id, cards, amount_minor, currency, product_name,
                             product_specification, state, placed_by_id, placed_at, payment_prepared_by_id,
                             payment_prepared_at, payment_approved_by_id, paid_at, fulfilled_at)
    SELECT dealer.id, %(program)s, least(%(cards)s, 1000000), 1800, 'CNY', 'Tea', '', 'fulfilled', %(first_user)s,
           %(now)s, %(first_user)s, %(now)s, %(second_user)s, %(now)s, %(now)s FROM dealer RETURNING id
) SELECT dealer.id, batch.id, sold.id FROM dealer, batch, sold
"""
LOT = """
INSERT INTO cards_lot (program_id, batch_id, dealer_id, order_id, first_number, last_number, product_name,
                       product_specification, price_minor, cash_reserved_minor, gift_reserved_minor, sold_at)
VALUES (%(program)s, %(batch)s, %(dealer)s, %(order)s, %(first)s, %(last)s, 'Tea', '', %(cards)s * 1800,
        %(cards)s * 1056, %(cards)s * 440, %(now)s) RETURNING id
"""
REGISTER = """
INSERT INTO queueing_registration (card_id, program_id, lot_id, registered_at, receipt_digest, receipt_generation,
                                   nonce, leaf, signature, signing_key_id, language, terms_version)
SELECT number, %(program)s, %(lot)s, %(start)s + (number - %(first)s) * interval '10 microseconds',
       sha256(int8send(number)), 0, sha256(int8send(-number)), encode(sha256(int8send(number << 1)), 'hex'),
       left(encode(sha512(int8send(number)), 'base64'), 86), %(key)s, 'zh-hans', '1'
  FROM generate_series(%(first)s::bigint, %(last)s) AS number
"""
# Sealed values: nonce, JSON of a payee or contact, tag. Four holders of five leave a phone or an address.
DETAILS = """
INSERT INTO queueing_holderdetails (registration_id, version, epoch_id, payee, payee_key, payee_fingerprint, contact,
                                    contact_key, request_digest, erase_by, extended_for)
SELECT id, 1, %(epoch)s, sha512(int8send(id)) || sha512(int8send(-id)), sha256(int8send(id)) || int8send(id),
       sha256(int8send(id << 1)), CASE WHEN id %% 5 > 0 THEN sha512(int8send(id << 2)) || int8send(id) END,
       CASE WHEN id %% 5 > 0 THEN sha256(int8send(id << 3)) || int8send(id) END, sha256(int8send(id << 4)),
       %(erase_by)s, ''
  FROM queueing_registration WHERE card_id BETWEEN %(first)s AND %(last)s
"""
PLACES = """
INSERT INTO queueing_place (registration_id, program_id, place)
SELECT id, program_id, card_id - %(first)s + 1 FROM queueing_registration
 WHERE card_id BETWEEN %(first)s AND %(last)s ORDER BY card_id
"""
CYCLES = """
INSERT INTO queueing_cycle (program_id, number, first_place, last_place, standing, candidates, cash_awards,
                            gift_awards, closed_at)
SELECT %(program)s, number, number * 50 - 49, number * 50, 50, 50, 6, 44, %(start)s
  FROM generate_series(1, (%(last)s - %(first)s + 1) / 50) AS number
"""
AWARDS = """
INSERT INTO queueing_award (registration_id, program_id, source, source_id, place, kind, amount_minor, awarded_at)
SELECT registration_id, program_id, 'cycle', (place - 1) / 50 + 1, place,
       CASE WHEN (place - 1) %% 50 < 6 THEN 'cash' ELSE 'gift' END,
       CASE WHEN (place - 1) %% 50 < 6 THEN 8800 ELSE 500 END, %(start)s
  FROM queueing_place WHERE program_id = %(program)s ORDER BY place
"""
HEAD = """
UPDATE queueing_line AS line
   SET cut_at = last.registered_at, head_at = last.registered_at, head_id = last.id,
       placed = %(last)s - %(first)s + 1, cycles_closed = (%(last)s - %(first)s + 1) / 50
  FROM queueing_registration AS last
 WHERE last.card_id = %(last)s AND line.program_id = %(program)s
"""


@dataclass(frozen=True)
class Sold:
    """Cards of one lot, all sold."""

    program_id: int
    lot_id: int
    first: int
    last: int

    @property
    def numbers(self) -> range:
        """The cards' numbers."""
        return range(self.first, self.last + 1)


def make_program(code: str = "BENCH", **overrides: Any) -> Program:
    """A published program of the usual figures, with its line."""
    now = timezone.now()
    figures: dict[str, Any] = {
        "code": code,
        "name": code,
        "face_value_minor": 8_800,
        "card_price_minor": 1_800,
        "gift_cost_minor": 500,
        "closes_on": (now + timedelta(days=365)).date(),
        "state": "published",
        "published_at": now - timedelta(days=2),
        "payee_limit": 10_000_000,
    }
    program = Program.objects.create(**{**figures, **overrides})
    ensure_line(program.pk)
    return program


def make_user(name: str) -> User:
    """A member of staff; the same one when asked for again."""
    return User.objects.get_or_create(username=name, defaults={"role": "organizer", "is_staff": True})[0]


def sell(program: Program, cards: int, *, first: int = 1, digests: bytes | None = None) -> Sold:
    """Sold cards from a number on, in one lot. Without digests nobody can register them."""
    now = timezone.now() - timedelta(days=2)
    values: dict[str, Any] = {
        "code": f"DEALER-{first}",
        "program": program.pk,
        "first": first,
        "last": first + cards - 1,
        "cards": cards,
        "pin_key": next(iter(keys.pin_keys())),
        "first_user": make_user("bench-organizer").pk,
        "second_user": make_user("bench-checker").pk,
        "now": now,
    }
    with owner() as cursor:
        cursor.execute(SELL, values)
        found = cursor.fetchone()
        assert found is not None
        values |= dict(zip(("dealer", "batch", "order"), found, strict=True))
        lot_id = value(cursor, LOT, values)
        if digests is None:
            cursor.execute(
                "INSERT INTO cards_card (number, pin_digest)"
                " SELECT number, sha256(int8send(number)) FROM generate_series(%(first)s::bigint, %(last)s) AS number",
                values,
            )
        else:
            cursor.copy_expert(CARDS, io.BytesIO(_copied(first, digests)))
    return Sold(program.pk, lot_id, first, first + cards - 1)


def sell_known(program: Program, cards: int, *, first: int = 1) -> tuple[Sold, list[tuple[str, str]]]:
    """Sold cards with their serials and PINs."""
    serials = [format_serial(number) for number in range(first, first + cards)]
    pins = random_pins(cards, urandom(RANDOM_LENGTH * cards))
    known = list(zip(serials, pins, strict=True))
    digests = b"".join(PinKey(read_key_file(settings.PIN_KEY_FILE)).digests(known))
    return sell(program, cards, first=first, digests=digests), known


def register(sold: Sold, *, details: bool, start: datetime | None = None, numbers: range | None = None) -> None:
    """Registrations of cards in the order of their numbers, ten microseconds apart, with or without details."""
    values = _values(sold, start, numbers)
    with owner() as cursor:
        cursor.execute(REGISTER, values)
        if details:
            cursor.execute(DETAILS, values)


def seed_history(program: Program, cards: int = 10_000) -> None:
    """Some earlier registrations: tables that were vacuumed empty would be planned as if they stayed so."""
    register(sell(program, cards, first=100_000_001), details=True)


def settle_all(sold: Sold, *, numbers: range | None = None) -> None:
    """Places, cycles and awards of registered cards, as if the pass had been there; whole cycles only."""
    values = _values(sold, None, numbers)
    with owner() as cursor:
        for statement in (PLACES, CYCLES, AWARDS, HEAD):
            cursor.execute(statement, values)


def _values(sold: Sold, start: datetime | None, numbers: range | None) -> dict[str, Any]:
    chosen = sold.numbers if numbers is None else numbers
    return {
        "program": sold.program_id,
        "lot": sold.lot_id,
        "first": chosen[0],
        "last": chosen[-1],
        "start": start or timezone.now() - timedelta(hours=24),
        "key": keys.site_key().key_id,
        "epoch": epochs.current(timezone.now()).pk,
        "erase_by": timezone.now() + timedelta(days=425),
    }


def _copied(first: int, digests: bytes) -> bytes:
    head, length = struct.pack(">hi", 2, 8), struct.pack(">i", 32)
    rows = (
        head + struct.pack(">q", first + index) + length + digests[32 * index : 32 * index + 32]
        for index in range(len(digests) // 32)
    )
    return b"".join((COPY_HEAD, *rows, b"\xff\xff"))
