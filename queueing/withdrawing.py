"""Withdrawing: a holder with receipt, serial and PIN leaves the line, and all that is held is erased at once."""

from datetime import datetime

from django.db import transaction

from cashback.lib.errors import DomainError
from queueing import erasing
from queueing.changing import end_of_standing, lock_details, standing
from queueing.intake import CardBlocked
from queueing.locks import SETTLING, lock_shared
from queueing.models import Registration, TimelineEvent
from queueing.proving import prove

WITHDRAWN = "withdrawn"


class AlreadyReleased(DomainError):
    """The payment is already released; the registration can no longer be withdrawn."""

    code = "already_released"


@transaction.atomic
def withdraw(*, receipt: str, serial: str, pin: str, now: datetime) -> datetime:
    """Withdraw a registration for ever and return since when; a repeated withdrawal answers the first one's time.

    Its place stays and is passed over; an award that is not released yet is cancelled by whoever pays.
    Raises ReceiptUnknown, CardNotAccepted, CardBlocked (void), AlreadyReleased.
    """
    proven = prove(receipt=receipt, serial=serial, pin=pin)
    # Strictly before or after a close: what closes the cycle holds this lock alone.
    lock_shared(SETTLING, proven.program_id)
    lock_details(proven.registration_id)
    now = end_of_standing(proven.program_id, now)
    state = standing(proven.registration_id)
    if state.withdrawn_at:
        withdrawn_at: datetime = state.withdrawn_at
        return withdrawn_at
    if state.voided_at:
        raise CardBlocked
    # A payee that is gone may have been paid; or it went with a gift, and a draw awarded cash since.
    if state.held_for is not None or (state.paid and not state.payee_held):
        raise AlreadyReleased
    still = Registration.objects.filter(pk=proven.registration_id, withdrawn_at=None, voided_at=None)
    if still.update(withdrawn_at=now) != 1:
        # Two withdrawals at once, and nothing was held that would have made the second one wait.
        return now
    erasing.erase(registration_ids=[proven.registration_id], what="payee_and_contact", why=WITHDRAWN, now=now)
    TimelineEvent.objects.create(registration_id=proven.registration_id, event=WITHDRAWN, at=now)
    return now
