"""The delivery of a gift: where it is sent, or how its holder is told that a dealer has it; for this gift alone.

Held sealed beside payee and contact, which may be gone by then, until the gift is handed over. Whoever gives decides
how long: `erasing.erase(what="delivery")` at the hand-over, `keep_delivery_until` while it is still on its way.
"""

from collections.abc import Collection, Mapping
from datetime import datetime
from pathlib import Path
from types import SimpleNamespace

from django.db import connection

from cashback.lib.errors import DomainError
from cashback.lib.sql import Queries
from queueing import details, epochs
from queueing.changing import lock_details
from queueing.correction import Delivery
from queueing.locks import KEYRING, lock_shared
from queueing.rows import fetch

__all__ = ["Delivery", "NobodyToDeliverTo", "hold_delivery", "keep_delivery_until", "read_deliveries"]

QUERIES = Queries(Path(__file__).parent / "sql" / "delivering.sql")


class NobodyToDeliverTo(DomainError):
    """This registration has ended; no gift is handed over for it."""

    code = "nobody_to_deliver_to"


def hold_delivery(*, registration_id: int, delivery: Delivery, erase_by: datetime, now: datetime) -> None:
    """Hold a delivery until `erase_by` at the latest, in the caller's transaction; it takes an earlier one's place.

    Nothing else of the details changes, their version neither. Raises NobodyToDeliverTo for a registration that was
    withdrawn or is void by now.
    """
    assert connection.in_atomic_block, "a delivery is held with the choice it belongs to"
    assert erase_by > now
    # Whatever is sealed until the end of this transaction is sealed under an epoch that is not retired meanwhile.
    lock_shared(KEYRING)
    # Details before their registration, as withdrawing locks them; then it stands until the delivery is there.
    row = lock_details(registration_id)
    registration = _standing(registration_id)
    epoch_id = epochs.current(now).pk
    sealed = details.seal_delivery(delivery, number=registration.card_id, epoch_id=epoch_id)
    stored = {
        "registration_id": registration_id,
        "epoch_id": epoch_id,
        "delivery": sealed.ciphertext,
        "delivery_key": sealed.wrapped_key,
        "erase_by": erase_by,
    }
    while not (_put_beside(row, epoch_id, stored) if row else fetch(QUERIES["put_alone"], stored)):
        row = lock_details(registration_id)


def read_deliveries(*, registration_ids: Collection[int]) -> dict[int, Delivery]:
    """The deliveries that are held, opened. Where none is held there is no entry."""
    return {
        row.registration_id: details.open_delivery(row)
        for row in fetch(details.QUERIES["sealed_details"], {"registration_ids": list(registration_ids)})
        if row.delivery is not None
    }


def keep_delivery_until(*, registration_ids: Collection[int], at: datetime) -> int:
    """Keep deliveries whose gifts are still on their way; one that is kept as long already stays. How many moved.

    In the caller's transaction, and before their time is over: the eraser does not ask.
    """
    asked = {"registrations": list(registration_ids), "at": at, "why": "gift_open"}
    return len(fetch(QUERIES["keep_until"], asked))


def _standing(registration_id: int) -> SimpleNamespace:
    rows = fetch(QUERIES["lock_standing"], {"registration_id": registration_id})
    if not rows:
        raise NobodyToDeliverTo
    return rows[0]


def _put_beside(row: SimpleNamespace, epoch_id: int, stored: Mapping[str, object]) -> list[SimpleNamespace]:
    """A row has one epoch: what else it holds is wrapped under the current one with it."""
    keys = {
        name: epochs.rewrap_held(getattr(row, name), from_epoch=row.epoch_id, to_epoch=epoch_id)
        for name in ("payee_key", "contact_key")
    }
    return fetch(QUERIES["put_beside"], {**stored, **keys})
