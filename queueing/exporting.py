"""What is held about me: everything that a registration holds of its holder, opened for whoever proves to be it."""

from dataclasses import asdict
from datetime import datetime

from django.db import transaction

from cashback.lib.crypto.signatures import printed_at
from cashback.lib.serials import group_serial
from queueing import details, status
from queueing.changing import lock_details
from queueing.models import TimelineEvent
from queueing.proving import prove

EXPORTED = "exported"


@transaction.atomic
def export(*, receipt: str, serial: str, pin: str, now: datetime) -> dict[str, object]:
    """All that is held, as JSON: registration, payee, contact, delivery, when each is erased, what was erased.

    Holds personal data: never log or cache it. Raises ReceiptUnknown, CardNotAccepted.
    """
    proven = prove(receipt=receipt, serial=serial, pin=pin)
    row = lock_details(proven.registration_id)
    found = status.find(receipt)
    TimelineEvent.objects.create(registration_id=proven.registration_id, event=EXPORTED, at=now)
    return {
        "registration": {
            "serial": group_serial(serial),
            "program": found.program,
            "registered_at": printed_at(found.registered_at),
            "place": found.place,
            "outcome": found.outcome,
            "language": found.language,
            "terms_version": found.terms_version,
            "product": {"name": found.product, "specification": found.product_specification},
            "product_matches": found.product_matches,
            "leaf": found.leaf,
            "nonce": found.nonce,
            "signature": found.signature,
            "key_id": found.key_id,
        },
        "payee": asdict(details.open_payee(row)) if row and row.payee is not None else None,
        "contact": asdict(details.open_contact(row)) if row and row.contact is not None else None,
        "delivery": asdict(details.open_delivery(row)) if row and row.delivery is not None else None,
        "erase_by": printed_at(found.erase_by) if found.erase_by else None,
        "contact_erase_by": printed_at(found.contact_erase_by) if found.contact_erase_by else None,
        "delivery_erase_by": printed_at(found.delivery_erase_by) if found.delivery_erase_by else None,
        "awards": [
            {
                "id": award.id,
                "kind": award.kind,
                "source": award.source,
                "amount_minor": award.amount_minor,
                "currency": found.currency,
                "at": printed_at(award.awarded_at),
            }
            for award in found.awards
        ],
        "erasures": [
            {"id": erasure.id, "what": erasure.what, "why": erasure.why, "at": printed_at(erasure.at)}
            for erasure in found.erasures
        ],
        "timeline": [{"event": happened.event, "at": printed_at(happened.at)} for happened in found.timeline],
        "exported_at": printed_at(now),
    }
