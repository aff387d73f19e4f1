"""Reopening: a payment came back, and the holder gives new details, erased or not.

They take receipt, serial and PIN, wait 72 hours, and leave only in a release of two people.
"""

from datetime import datetime

from django.db import transaction

from payouts.models import Attempt, PendingPayout, PendingState
from queueing import correcting, details
from queueing.correction import Account, Holder
from queueing.proving import prove


@transaction.atomic
def correct(
    *, receipt: str, serial: str, pin: str, holder: Holder | None, account: Account | None, now: datetime
) -> int:
    """Correct a holder's details, and take erased ones anew where an award waits for them. Returns the new version.

    Of a payment that came back the waiting time of 72 hours begins. Raises as `queueing.correcting.correct` does.
    """
    registration_id = prove(receipt=receipt, serial=serial, pin=pin).registration_id
    waiting = PendingPayout.objects.filter(registration_id=registration_id, state=PendingState.DETAILS_NEEDED)
    erased = details.versions(registration_ids=[registration_id])[registration_id] is None
    version = correcting.correct(
        receipt=receipt,
        serial=serial,
        pin=pin,
        holder=holder,
        account=account,
        now=now,
        erased_allowed=erased and waiting.exists(),
    )
    if erased:
        # A new row counts its versions from one; whatever version was tried before says nothing about it.
        waiting.update(details_version=0)
    returned = Attempt.objects.filter(state=Attempt.State.RETURNED, award_id__in=waiting.values("award_id"))
    waiting.filter(award_id__in=returned.values("award_id")).update(reopened_at=now)
    return version
