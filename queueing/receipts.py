"""Lost receipts: replaced with serial and PIN after a waiting time, in which the status page warns its owner."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection, transaction

from cashback.lib.crypto.digests import receipt_code, receipt_digest
from cashback.lib.serials import parse_serial
from queueing import keys
from queueing.models import ReceiptRequest, Registration, TimelineEvent
from queueing.proving import QUERIES, CardNotAccepted, pin_digests
from queueing.rows import fetch

WAITING = timedelta(hours=72)
REQUESTED, RENEWED = "receipt_requested", "receipt_renewed"


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class ReceiptOffer:
    """When the new receipt can be had, and the receipt itself, once."""

    available_at: datetime
    receipt: str | None


@transaction.atomic
def request_receipt(*, serial: str, pin: str, now: datetime) -> ReceiptOffer:
    """Ask for a new receipt, or take it when the waiting time is over; from then on the old code is dead.

    Asking again while it lasts repeats the time. Raises CardNotAccepted, for cards that are not registered too.
    """
    asked = {"number": parse_serial(serial).number, "pin_digests": pin_digests(serial, pin)}
    row = fetch(QUERIES["registration_of_card"], asked)[0]
    # Once a program is settled no receipt can be made any more: the nonce is destroyed.
    if row.id is None or row.nonce is None:
        raise CardNotAccepted
    # One request of a registration at a time, so that a receipt is renewed once.
    registration = Registration.objects.select_for_update(no_key=True).get(pk=row.id)
    request = _open_request(row.id, now)
    if now < request.available_at:
        return ReceiptOffer(available_at=request.available_at, receipt=None)
    generation = registration.receipt_generation + 1
    code = receipt_code(keys.receipt_key(), serial, bytes(row.nonce), generation)
    Registration.objects.filter(pk=row.id).update(receipt_generation=generation, receipt_digest=receipt_digest(code))
    ReceiptRequest.objects.filter(pk=request.pk).update(taken_at=now)
    TimelineEvent.objects.create(registration_id=row.id, event=RENEWED, at=now)
    return ReceiptOffer(available_at=request.available_at, receipt=code)


def _open_request(registration_id: int, now: datetime) -> ReceiptRequest:
    """The registration's open request; begun here where there is none."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO queueing_receiptrequest (registration_id, requested_at, available_at)"
            " VALUES (%(registration_id)s, %(now)s, %(available_at)s) ON CONFLICT DO NOTHING",
            {"registration_id": registration_id, "now": now, "available_at": now + WAITING},
        )
        if cursor.rowcount:
            TimelineEvent.objects.create(registration_id=registration_id, event=REQUESTED, at=now)
    return ReceiptRequest.objects.get(registration_id=registration_id, taken_at=None)
