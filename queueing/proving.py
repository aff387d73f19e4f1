"""Proving to hold a card: its serial and PIN, and for what is already registered the receipt too.

Without the right PIN there is one refusal, and every way to it does the same work.
"""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from cashback.lib.crypto.digests import parse_receipt, receipt_digest
from cashback.lib.errors import DomainError
from cashback.lib.sql import Queries
from queueing import keys
from queueing.rows import fetch

QUERIES = Queries(Path(__file__).parent / "sql" / "proving.sql")


class CardNotAccepted(DomainError):
    """This card was not accepted. Compare serial number and PIN with the card and try again."""

    code = "card_not_accepted"


class ReceiptUnknown(DomainError):
    """There is no registration with this receipt. Compare it with what you wrote down."""

    code = "receipt_not_found"


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Proven:
    """A registration whose receipt, serial and PIN were all given."""

    registration_id: int
    number: int
    serial: str
    program_id: int
    registered_at: datetime
    withdrawn_at: datetime | None
    voided_at: datetime | None

    @property
    def stands(self) -> bool:
        """Neither withdrawn nor void."""
        return self.withdrawn_at is None and self.voided_at is None


def pin_digests(serial: str, pin: str) -> list[bytes]:
    """What may be stored of serial and PIN: a digest under each of the site's keys, made whatever is given.

    Queries find a card by number and digest together: without the right PIN nothing else is read, so that a card that
    is known, sold, used or blocked takes no other time than one that does not exist.
    """
    return [key.digest(serial, pin) for key in keys.pin_keys().values()]


def prove(*, receipt: str, serial: str, pin: str) -> Proven:
    """The registration of a receipt, for whoever also has its card. Serial and PIN as corrected.

    Raises UnreadableReceipt, ReceiptUnknown, CardNotAccepted.
    """
    asked = {"receipt_digest": receipt_digest(parse_receipt(receipt)), "pin_digests": pin_digests(serial, pin)}
    rows = fetch(QUERIES["registration_of_receipt"], asked)
    if not rows:
        raise ReceiptUnknown
    row = rows[0]
    # The digest covers the serial, so that the PIN of another card does not fit.
    if not row.card_is_right:
        raise CardNotAccepted
    return Proven(
        registration_id=row.id,
        number=row.card_id,
        serial=serial,
        program_id=row.program_id,
        registered_at=row.registered_at,
        withdrawn_at=row.withdrawn_at,
        voided_at=row.voided_at,
    )
