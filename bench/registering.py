"""Registering at the domain layer on four connections, against a hand-written registration; passes tick meanwhile.

The control knows its program beforehand and needs two round trips in all: `BEGIN`, the lock and the read go in one
message, the two inserts and `COMMIT` in another. It checks the PIN, seals payee and contact under data keys of their
own, wraps those, and writes the same digests into the same tables and indexes. It neither signs, nor looks at blocks,
epochs, terms and dates, nor recognises a repeated request: that is what the product's other half is for.
"""

import hashlib
import hmac
import json
import os
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from uuid import uuid4

import psycopg2
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.keywrap import aes_key_wrap
from django.conf import settings
from django.utils import timezone
from stdnum import luhn

from bench.harness import (
    Result,
    alternating,
    empty,
    in_processes,
    median,
    percentile,
    scaled,
    settle,
    ticking_passes,
)
from bench.seeding import make_program, seed_history, sell_known
from cashback.lib.crypto.digests import read_key_file
from queueing import epochs, intake, keys
from queueing.correction import Account, Card, Corrected, Holder
from queueing.locks import LINE

PROCESSES = 4
EACH = scaled(1_000, 250)  # registrations a process and round
REPEATS = scaled(5, 1)

READ = """
BEGIN;
SELECT pg_advisory_xact_lock_shared(%(lock)s, %(program)s);
SELECT card.pin_digest, lot.id, line.cut_at
  FROM cards_card AS card
  JOIN cards_lot AS lot ON lot.numbers @> card.number AND lot.ended_at IS NULL
  JOIN queueing_line AS line ON line.program_id = lot.program_id
 WHERE card.number = %(number)s
"""
WRITE = """
WITH registration AS (
    INSERT INTO queueing_registration (card_id, program_id, lot_id, registered_at, receipt_digest, receipt_generation,
                                       nonce, leaf, signature, signing_key_id, language, terms_version)
    VALUES (%(number)s, %(program)s, %(lot)s, greatest(clock_timestamp(), %(cut_at)s + interval '1 microsecond'),
            %(receipt_digest)s, 0, %(nonce)s, %(leaf)s, %(signature)s, %(key_id)s, 'en', '1')
    RETURNING id
)
INSERT INTO queueing_holderdetails (registration_id, version, epoch_id, payee, payee_key, payee_fingerprint, contact,
                                    contact_key, request_digest, erase_by, extended_for)
SELECT id, 1, %(epoch)s, %(payee)s, %(payee_key)s, %(fingerprint)s, %(contact)s, %(contact_key)s, %(request_digest)s,
       %(erase_by)s, ''
  FROM registration;
COMMIT
"""


@dataclass(frozen=True)
class _Hand:
    """What the control knows before it begins."""

    program_id: int
    epoch_id: int
    epoch_key: bytes
    pin_key: bytes
    receipt_key: bytes
    payee_key: bytes
    key_id: str


def run() -> Iterator[Result]:
    """Registrations a second on four connections, and how long one takes."""
    empty()
    program = make_program()
    seed_history(program)
    _, cards = sell_known(program, 2 * REPEATS * PROCESSES * EACH)
    entries = [entry(card, index) for index, card in enumerate(cards)]
    hand = _prepare(program.pk)
    settle()
    rates: dict[str, list[float]] = {"product": [], "control": []}
    waits: dict[str, list[float]] = {"product": [], "control": []}
    with ticking_passes():
        for turn, who in enumerate(alternating(REPEATS)):
            share = [entries[(turn * PROCESSES + process) * EACH :][:EACH] for process in range(PROCESSES)]
            work = partial(_register, share) if who == "product" else partial(_by_hand, share, hand)
            elapsed, each = in_processes(work, PROCESSES)
            rates[who].append(PROCESSES * EACH / elapsed)
            waits[who] += [wait for process in each for wait in process]
    yield Result(
        name="registering on 4 connections, passes ticking",
        product=median(rates["product"]),
        control=median(rates["control"]),
        unit="cards/s",
        at_least=0.5,
        note="3 round trips besides BEGIN and COMMIT; by hand 2 with them",
    )
    for share_below in (0.5, 0.99):
        yield Result(
            name=f"the same, p{share_below * 100:.0f} of one registration",
            product=1000 * percentile(waits["product"], share_below),
            control=1000 * percentile(waits["control"], share_below),
            unit="ms",
            note="Redis is not on this path" if share_below == 0.99 else "",
        )


def entry(card: tuple[str, str], index: int) -> Corrected:
    """A holder's entry as it comes out of check and correction; every holder another account."""
    serial, pin = card
    number = f"622202{index:012d}"
    return Corrected(
        card=Card(serial=serial, number=int(serial[:12]), pin=pin),
        holder=Holder(name="欧阳振华", phone=f"+86138{index:08d}", email=f"holder{index}@example.com"),
        account=Account(kind="cn_card", number=number + luhn.calc_check_digit(number), bank="ICBC"),
        product=None,
        terms_version="1",
        corrections=(),
    )


def _register(shares: Sequence[Sequence[Corrected]], process: int) -> list[float]:
    waits = []
    for details in shares[process]:
        started = time.perf_counter()
        intake.register(details=details, language="en", request_digest=uuid4().bytes * 2, now=timezone.now())
        waits.append(time.perf_counter() - started)
    return waits


def _prepare(program_id: int) -> _Hand:
    epoch_id = epochs.current(timezone.now()).pk
    return _Hand(
        program_id=program_id,
        epoch_id=epoch_id,
        epoch_key=(settings.KEYRING_DIR / f"epoch-{epoch_id}.key").read_bytes(),
        pin_key=read_key_file(settings.PIN_KEY_FILE),
        receipt_key=keys.receipt_key(),
        payee_key=keys.payee_key(),
        key_id=keys.signing_key().key_id,
    )


def _by_hand(shares: Sequence[Sequence[Corrected]], hand: _Hand, process: int) -> list[float]:
    connected = psycopg2.connect(settings.DATABASE_URL)
    connected.autocommit = True
    waits = []
    with connected.cursor() as cursor:
        for details in shares[process]:
            started = time.perf_counter()
            _one_by_hand(cursor, details, hand)
            waits.append(time.perf_counter() - started)
    connected.close()
    return waits


def _one_by_hand(cursor: "psycopg2.extensions.cursor", details: Corrected, hand: _Hand) -> str:
    card, holder, account = details.card, details.holder, details.account
    cursor.execute(READ, {"lock": LINE.value, "program": hand.program_id, "number": card.number})
    row = cursor.fetchone()
    assert row is not None
    digest = hmac.digest(hand.pin_key, f"{card.serial}\n{card.pin}".encode(), "sha256")
    assert hmac.compare_digest(digest, bytes(row[0]))
    payee = json.dumps({"name": holder.name, "kind": account.kind, "number": account.number, "bank": account.bank})
    contact = json.dumps({"phone": holder.phone, "email": holder.email})
    sealed_payee, payee_key = _sealed(payee.encode(), b"payee:%d" % card.number, hand.epoch_key)
    sealed_contact, contact_key = _sealed(contact.encode(), b"contact:%d" % card.number, hand.epoch_key)
    nonce = os.urandom(32)
    receipt = hmac.digest(hand.receipt_key, f"{card.serial}|{nonce.hex()}|0".encode(), "sha256")[:16].hex()
    cursor.execute(
        WRITE,
        {
            "number": card.number,
            "program": hand.program_id,
            "lot": row[1],
            "cut_at": row[2],
            "receipt_digest": hashlib.sha256(receipt.encode()).digest(),
            "nonce": nonce,
            "leaf": hashlib.sha256(f"cashback-leaf-v1\n{card.serial}\n{nonce.hex()}\n".encode()).hexdigest(),
            "signature": "A" * 86,
            "key_id": hand.key_id,
            "epoch": hand.epoch_id,
            "payee": sealed_payee,
            "payee_key": payee_key,
            "fingerprint": hmac.digest(hand.payee_key, f"{account.kind}\n{account.number}".encode(), "sha256"),
            "contact": sealed_contact,
            "contact_key": contact_key,
            "request_digest": uuid4().bytes * 2,
            "erase_by": "2031-01-01T00:00:00Z",
        },
    )
    return receipt


def _sealed(plaintext: bytes, context: bytes, epoch_key: bytes) -> tuple[bytes, bytes]:
    data_key, nonce = os.urandom(32), os.urandom(12)
    return nonce + AESGCM(data_key).encrypt(nonce, plaintext, context), aes_key_wrap(epoch_key, data_key)
