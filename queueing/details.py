"""Holder details: ALL the personal data there is, sealed; and the hold that a release puts on them."""

import json
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass
from datetime import date as Date
from datetime import datetime, time, timedelta
from pathlib import Path
from typing import Protocol

from django.db import connection
from django.utils import timezone

from cashback.lib.crypto.digests import fingerprint
from cashback.lib.crypto.sealing import Sealed, seal, unseal
from cashback.lib.sql import Queries
from queueing import correction, epochs, keys
from queueing.rows import fetch

QUERIES = Queries(Path(__file__).parent / "sql" / "details.sql")


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Payee:
    """Who is to be paid and where. Personal data: never log it."""

    name: str
    account_kind: str
    account_number: str
    bank: str


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Contact:
    """How to reach a holder: E.164, e-mail; one of them may be empty. Personal data: never log it."""

    phone: str
    email: str


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class SealedPayee:
    """A payee as it is stored."""

    sealed: Sealed
    fingerprint: bytes


def payee_of(holder: correction.Holder, account: correction.Account) -> Payee:
    """The payee that a holder and an account make."""
    return Payee(name=holder.name, account_kind=account.kind, account_number=account.number, bank=account.bank)


def contact_of(holder: correction.Holder) -> Contact | None:
    """The contact that a holder gave, if any."""
    return Contact(phone=holder.phone, email=holder.email) if holder.phone or holder.email else None


def seal_payee(payee: Payee, *, number: int, epoch_id: int) -> SealedPayee:
    """Seal a payee to its card's number; the fingerprint recognises the account, whatever the spelling of the name."""
    mark = fingerprint(keys.payee_key(), account_kind=payee.account_kind, account_number=payee.account_number, name="")
    return SealedPayee(sealed=_seal(payee, "payee", number, epoch_id), fingerprint=mark)


def seal_contact(contact: Contact, *, number: int, epoch_id: int) -> Sealed:
    """Seal a contact to its card's number."""
    return _seal(contact, "contact", number, epoch_id)


def seal_delivery(delivery: correction.Delivery, *, number: int, epoch_id: int) -> Sealed:
    """Seal the delivery of a gift to its card's number."""
    return _seal(delivery, "delivery", number, epoch_id)


def read_payees(*, registration_ids: Collection[int]) -> dict[int, Payee]:
    """The payees that are held, opened. Where none is held there is no entry."""
    return {
        row.registration_id: open_payee(row)
        for row in fetch(QUERIES["sealed_details"], {"registration_ids": list(registration_ids)})
        if row.payee is not None
    }


def read_contacts(*, registration_ids: Collection[int]) -> dict[int, Contact]:
    """The contacts that are held, opened. Where none is held there is no entry."""
    return {
        row.registration_id: open_contact(row)
        for row in fetch(QUERIES["sealed_details"], {"registration_ids": list(registration_ids)})
        if row.contact is not None
    }


class SealedRow(Protocol):
    """What opening needs of a row of details and its registration."""

    card_id: int
    epoch_id: int
    payee: bytes
    payee_key: bytes
    contact: bytes
    contact_key: bytes
    delivery: bytes
    delivery_key: bytes


def open_payee(row: SealedRow) -> Payee:
    """The payee of a row that holds one. Raises UnknownEpoch, BrokenSeal."""
    sealed = Sealed(ciphertext=bytes(row.payee), wrapped_key=bytes(row.payee_key))
    return Payee(**json.loads(unseal(epochs.ring(), row.epoch_id, sealed, _context("payee", row.card_id))))


def open_contact(row: SealedRow) -> Contact:
    """The contact of a row that holds one. Raises UnknownEpoch, BrokenSeal."""
    sealed = Sealed(ciphertext=bytes(row.contact), wrapped_key=bytes(row.contact_key))
    return Contact(**json.loads(unseal(epochs.ring(), row.epoch_id, sealed, _context("contact", row.card_id))))


def open_delivery(row: SealedRow) -> correction.Delivery:
    """The delivery of a row that holds one. Raises UnknownEpoch, BrokenSeal."""
    sealed = Sealed(ciphertext=bytes(row.delivery), wrapped_key=bytes(row.delivery_key))
    plaintext = unseal(epochs.ring(), row.epoch_id, sealed, _context("delivery", row.card_id))
    return correction.Delivery(**json.loads(plaintext))


def lock(*, registration_ids: Collection[int]) -> None:
    """Lock what is held of some registrations until the transaction ends, in one order for everybody."""
    assert connection.in_atomic_block, "a lock of the transaction needs one"
    fetch(QUERIES["lock"], {"registration_ids": list(registration_ids)})


def hold(*, versions: Mapping[int, int], release_id: int, now: datetime) -> set[int]:
    """Hold payees for an approved release; they can neither be corrected nor withdrawn until it lets go.

    `versions` by registration: the version that was released. Returns those now held; the others were corrected,
    withdrawn, frozen, erased or held by another release meanwhile.
    """
    assert release_id > 0
    assert now.tzinfo is not None
    lock(registration_ids=versions)
    parameters = {"ids": list(versions), "versions": list(versions.values()), "release_id": release_id}
    return {row.registration_id for row in fetch(QUERIES["hold"], parameters)}


def let_go(*, registration_ids: Collection[int], release_id: int) -> set[int]:
    """End the hold of a release; returns those that it held."""
    lock(registration_ids=registration_ids)
    parameters = {"ids": list(registration_ids), "release_id": release_id}
    return {row.registration_id for row in fetch(QUERIES["let_go"], parameters)}


def versions(*, registration_ids: Collection[int]) -> dict[int, int | None]:
    """The version of each registration's details; None where no payee is held."""
    found = {
        row.registration_id: row.version
        for row in fetch(QUERIES["versions"], {"registration_ids": list(registration_ids)})
    }
    return {registration_id: found.get(registration_id) for registration_id in registration_ids}


def payee_counts(program_id: int, registration_ids: Collection[int]) -> dict[int, int]:
    """How many registrations of the program are held for the same payee, this one included; only where one is held."""
    parameters = {"program_id": program_id, "registration_ids": list(registration_ids)}
    return {row.registration_id: row.held for row in fetch(QUERIES["payee_counts"], parameters)}


def erase_by(*, closes_on: Date, claim_days: int, purge_delay_days: int) -> datetime:
    """When details are erased at the latest: so many days after the end of the closing day, in the site's time zone."""
    last_day = closes_on + timedelta(days=claim_days + purge_delay_days)
    return datetime.combine(last_day + timedelta(days=1), time.min, timezone.get_default_timezone())


def _seal(part: Payee | Contact | correction.Delivery, what: str, number: int, epoch_id: int) -> Sealed:
    text = json.dumps(asdict(part), ensure_ascii=False, separators=(",", ":"))
    return seal(epochs.ring(), epoch_id, text.encode(), _context(what, number))


def _context(what: str, number: int) -> bytes:
    return f"{what}:{number}".encode("ascii")
