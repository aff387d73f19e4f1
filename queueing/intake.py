"""Intake: a card's serial and PIN and its holder's details become one registration and a signed receipt.

Three round trips: read the card, come in before the line's barrier, write. What a stranger can cause ends after the
first one, and always in the same way.
"""

import re
import unicodedata
from dataclasses import dataclass
from datetime import datetime, timedelta
from os import urandom
from pathlib import Path
from types import SimpleNamespace
from typing import NoReturn

from django.db import transaction
from django.utils.translation import gettext as _

from cashback.lib.crypto.digests import NONCE_SIZE, leaf, receipt_code, receipt_digest, same_digest
from cashback.lib.crypto.keyring import UnknownEpoch
from cashback.lib.crypto.signatures import receipt_lines
from cashback.lib.errors import DomainError, InvalidDetails
from cashback.lib.sql import Queries
from queueing import details, epochs, keys
from queueing.correction import Corrected, Product
from queueing.lines import ensure_line
from queueing.locks import KEYRING, LINE, THE_RING
from queueing.proving import CardNotAccepted, pin_digests
from queueing.rows import fetch_prepared

__all__ = ["AlreadyRegistered", "CardBlocked", "CardNotAccepted", "ProgramNotOpen", "Receipt", "register"]

QUERIES = Queries(Path(__file__).parent / "sql" / "intake.sql")
CLOCK_STEP = timedelta(microseconds=1)
# A missing line, a retired epoch and a lost race each cost one more try; more in one call mean a fault.
TRIES_MAX = 5


class AlreadyRegistered(DomainError):
    """This card is already registered. A receipt that was lost can be replaced with serial number and PIN."""

    code = "already_registered"


class CardBlocked(DomainError):
    """This card is blocked. Ask the organizer about it."""

    code = "card_blocked"


class ProgramNotOpen(DomainError):
    """This card cannot be registered now: it was not sold yet, was returned, or its program is closed."""

    code = "program_not_open"


class _Again(Exception):
    """What was read is no longer so; nothing was written."""


class _NoLine(_Again):
    """The program has no line yet."""

    def __init__(self, program_id: int) -> None:
        super().__init__()
        self.program_id = program_id


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Receipt:
    """What a holder gets; `receipt` and `nonce` (hex) are for nobody else."""

    registration_id: int
    receipt: str
    serial: str
    program: str
    registered_at: datetime
    nonce: str
    leaf: str
    signature: str
    key_id: str


def register(*, details: Corrected, language: str, request_digest: bytes | None, now: datetime) -> Receipt:
    """Register a card; the same request for the same card gets the same receipt again.

    Raises CardNotAccepted without the right PIN, whatever the card; with it CardBlocked, AlreadyRegistered,
    ProgramNotOpen, and InvalidDetails for other terms than the program's. The time of registration is the database's.
    """
    for _try in range(TRIES_MAX):
        try:
            return _register(details, language, request_digest, now)
        except _NoLine as missing:
            ensure_line(missing.program_id)
        except _Again:
            continue
    raise RuntimeError("a registration found everything changed, again and again")


@transaction.atomic
def _register(entry: Corrected, language: str, request_digest: bytes | None, now: datetime) -> Receipt:
    card = entry.card
    asked = {"number": card.number, "pin_digests": pin_digests(card.serial, card.pin)}
    row = fetch_prepared(QUERIES["read_card"], asked)[0]
    if not row.pin_is_right:
        raise CardNotAccepted
    if row.registration_id is not None and _is_repeated(row, request_digest):
        return _repeated(row, card.serial)
    if row.blocked:
        raise CardBlocked
    if row.registration_id is not None:
        raise AlreadyRegistered
    if row.lot_id is None or row.state != "published":
        raise ProgramNotOpen
    if entry.terms_version and entry.terms_version != row.terms_version:
        raise InvalidDetails({"terms_version": [_("The terms have changed. Load the page again and read them.")]})
    return _write(entry, row, {"language": language, "request_digest": request_digest} | _sealed(entry, row, now))


def _is_repeated(row: SimpleNamespace, request_digest: bytes | None) -> bool:
    return (
        request_digest is not None
        and row.request_digest is not None
        and row.receipt_generation == 0  # a replaced receipt is handed out by nothing else
        and row.nonce is not None
        and same_digest(bytes(row.request_digest), request_digest)
    )


def _repeated(row: SimpleNamespace, serial: str) -> Receipt:
    nonce = bytes(row.nonce)
    return Receipt(
        registration_id=row.registration_id,
        receipt=receipt_code(keys.receipt_key(), serial, nonce, row.receipt_generation),
        serial=serial,
        program=row.code,
        registered_at=row.registered_at,
        nonce=nonce.hex(),
        leaf=row.leaf,
        signature=row.signature,
        key_id=row.signing_key_id,
    )


def _sealed(entry: Corrected, row: SimpleNamespace, now: datetime) -> dict[str, object]:
    """The holder's details as they are stored; sealed before any lock is held."""
    number, epoch_id = entry.card.number, row.epoch_id or epochs.current(now).pk
    contact = details.contact_of(entry.holder)
    try:
        payee = details.seal_payee(details.payee_of(entry.holder, entry.account), number=number, epoch_id=epoch_id)
        sealed = details.seal_contact(contact, number=number, epoch_id=epoch_id) if contact else None
    except UnknownEpoch:
        raise _Again from None
    return {
        "epoch_id": epoch_id,
        "payee": payee.sealed.ciphertext,
        "payee_key": payee.sealed.wrapped_key,
        "payee_fingerprint": payee.fingerprint,
        "contact": sealed and sealed.ciphertext,
        "contact_key": sealed and sealed.wrapped_key,
        "erase_by": details.erase_by(
            closes_on=row.closes_on, claim_days=row.claim_days, purge_delay_days=row.purge_delay_days
        ),
    }


def _write(entry: Corrected, row: SimpleNamespace, stored: dict[str, object]) -> Receipt:
    key, nonce, number, serial = keys.site_key(), urandom(NONCE_SIZE), entry.card.number, entry.card.serial
    code, mark = receipt_code(keys.receipt_key(), serial, nonce, 0), leaf(serial, nonce)
    stored |= {
        "number": number,
        "program_id": row.program_id,
        "receipt_digest": receipt_digest(code),
        "nonce": nonce,
        "leaf": mark,
        "key_id": key.key_id,
        "public_key": key.public_key.hex(),
        "terms_version": row.terms_version,
        "product_matches": product_matches(entry.product, row.product_name, row.product_specification),
    }
    locks = {"line": LINE.value, "keyring": KEYRING.value, "ring": THE_RING, "program_id": row.program_id}
    registered_at: datetime = fetch_prepared(QUERIES["enter"], locks)[0].clock_timestamp
    while True:
        lines = receipt_lines(key_id=key.key_id, serial=serial, nonce=nonce, leaf=mark, registered_at=registered_at)
        stored |= {"registered_at": registered_at, "signature": key.sign_lines(lines)}
        written = fetch_prepared(QUERIES["register"], stored)[0]
        if written.cut_at is None or written.cut_at < registered_at:
            break
        # The clock stepped back behind the cut, which stands still while the lock is held.
        registered_at = written.cut_at + CLOCK_STEP
    if written.registration_id is None:
        _refuse(written, row.program_id)
    return Receipt(
        registration_id=written.registration_id,
        receipt=code,
        serial=serial,
        program=row.code,
        registered_at=registered_at,
        nonce=nonce.hex(),
        leaf=mark,
        signature=str(stored["signature"]),
        key_id=key.key_id,
    )


def _refuse(written: SimpleNamespace, program_id: int) -> NoReturn:
    """Say why nothing was written: what can be put right is tried again."""
    if written.blocked:
        raise CardBlocked
    if not written.open:
        raise ProgramNotOpen
    raise _NoLine(program_id) if written.cut_at is None else _Again


def product_matches(product: Product | None, name: str, specification: str) -> bool | None:
    """Whether the product is what the card's lot was sold for; None where none was given. Its words are not kept."""
    if product is None:
        return None
    if _plain(product.name) != _plain(name):
        return False
    return not product.specification or _plain(product.specification) == _plain(specification)


def _plain(text: str) -> str:
    return re.sub(r"[\s\-]+", "", unicodedata.normalize("NFKC", text)).casefold()
