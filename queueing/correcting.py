"""Correcting: a holder with receipt, serial and PIN replaces name, account or contact until a release holds them."""

from dataclasses import replace
from datetime import datetime, timedelta
from types import SimpleNamespace

from django.db import transaction
from django.utils.translation import gettext as _

from cards.models import Program
from cashback.lib.errors import DomainError, InvalidDetails
from queueing import details, epochs
from queueing.changing import QUERIES, lock_details
from queueing.correction import Account, Holder
from queueing.details import Contact, Payee
from queueing.locks import KEYRING, lock_shared
from queueing.models import TimelineEvent
from queueing.proving import Proven, prove
from queueing.rows import fetch

CORRECTED = "corrected"
# What is given again for an open award is held for as long as a payout may take; then 30 days at a time.
GIVEN_AGAIN_DAYS = 30


class HeldForPayment(DomainError):
    """The payment is already on its way to the account you gave; it can no longer be changed."""

    code = "held_for_payment"


class NothingToCorrect(DomainError):
    """There is nothing to correct: nothing would change, or your details are already erased."""

    code = "nothing_to_correct"


@transaction.atomic
def correct(
    *,
    receipt: str,
    serial: str,
    pin: str,
    holder: Holder | None,
    account: Account | None,
    now: datetime,
    erased_allowed: bool = False,
) -> int:
    """Replace the parts that are given and return the details' new version; a holder's phone and e-mail go together.

    `erased_allowed`: whoever pays says that an award is open, so that erased details may be given again, holder and
    account both. Raises ReceiptUnknown, CardNotAccepted, HeldForPayment, NothingToCorrect, InvalidDetails.
    """
    proven = prove(receipt=receipt, serial=serial, pin=pin)
    if not proven.stands or (holder is None and account is None):
        raise NothingToCorrect
    # Whatever is sealed until the end of this transaction is sealed under an epoch that is not retired meanwhile.
    lock_shared(KEYRING)
    version = None
    while version is None:
        row = lock_details(proven.registration_id)
        if row is None:
            version = _give_again(proven, holder, account, now, erased_allowed=erased_allowed)
        else:
            version = _change(proven, row, holder, account, now, erased_allowed=erased_allowed)
    TimelineEvent.objects.create(registration_id=proven.registration_id, event=CORRECTED, at=now)
    return version


def _change(
    proven: Proven,
    row: SimpleNamespace,
    holder: Holder | None,
    account: Account | None,
    now: datetime,
    *,
    erased_allowed: bool,
) -> int:
    if row.held_for is not None:
        raise HeldForPayment
    old_payee = details.open_payee(row) if row.payee is not None else None
    old_contact = details.open_contact(row) if row.contact is not None else None
    if old_payee is not None:
        payee: Payee | None = _payee_after(old_payee, holder, account)
    else:
        payee = _payee_given_again(holder, account) if erased_allowed else None
    contact = details.contact_of(holder) if holder else old_contact
    # Where the payee is erased for good, there is only a contact to replace, and none to begin.
    if (payee, contact) == (old_payee, old_contact) or (payee is None and not (contact and old_contact)):
        raise NothingToCorrect
    return _replace(proven, row, payee, contact, now)


def _payee_after(payee: Payee, holder: Holder | None, account: Account | None) -> Payee:
    if holder:
        payee = replace(payee, name=holder.name)
    if account:
        payee = replace(payee, account_kind=account.kind, account_number=account.number, bank=account.bank)
    return payee


def _payee_given_again(holder: Holder | None, account: Account | None) -> Payee:
    if holder and account:
        return details.payee_of(holder, account)
    missing = {} if holder else {"holder.name": [_("Enter the name of the account's owner again.")]}
    missing |= {} if account else {"account.number": [_("Enter the account again.")]}
    raise InvalidDetails(missing)


def _give_again(
    proven: Proven, holder: Holder | None, account: Account | None, now: datetime, *, erased_allowed: bool
) -> int | None:
    """Hold details of whom nothing is held; None where by now something is: a delivery, given at the same moment."""
    payee = _payee_given_again(holder, account) if erased_allowed else None
    if payee is None or holder is None:
        raise NothingToCorrect
    stored = _stored(proven, payee, details.contact_of(holder), now)
    rows = fetch(QUERIES["give_details_again"], stored | {"erase_by": _erase_by(proven, now)})
    return int(rows[0].version) if rows else None


def _replace(proven: Proven, row: SimpleNamespace, payee: Payee | None, contact: Contact | None, now: datetime) -> int:
    stored = _stored(proven, payee, contact, now)
    epoch_id = int(str(stored["epoch_id"]))
    stored["delivery_key"] = epochs.rewrap_held(row.delivery_key, from_epoch=row.epoch_id, to_epoch=epoch_id)
    rows = fetch(QUERIES["replace_details"], stored | {"version": row.version, "erase_by": _erase_by(proven, now)})
    if not rows:
        raise HeldForPayment
    return int(rows[0].version)


def _erase_by(proven: Proven, now: datetime) -> datetime:
    program = Program.objects.get(pk=proven.program_id)
    erase_by = details.erase_by(
        closes_on=program.closes_on, claim_days=program.claim_days, purge_delay_days=program.purge_delay_days
    )
    return max(erase_by, now + timedelta(days=GIVEN_AGAIN_DAYS))


def _stored(proven: Proven, payee: Payee | None, contact: Contact | None, now: datetime) -> dict[str, object]:
    """Both parts sealed anew: a row has one epoch."""
    epoch_id = epochs.current(now).pk
    sealed_payee = details.seal_payee(payee, number=proven.number, epoch_id=epoch_id) if payee else None
    sealed_contact = details.seal_contact(contact, number=proven.number, epoch_id=epoch_id) if contact else None
    return {
        "registration_id": proven.registration_id,
        "epoch_id": epoch_id,
        "payee": sealed_payee and sealed_payee.sealed.ciphertext,
        "payee_key": sealed_payee and sealed_payee.sealed.wrapped_key,
        "payee_fingerprint": sealed_payee and sealed_payee.fingerprint,
        "contact": sealed_contact and sealed_contact.ciphertext,
        "contact_key": sealed_contact and sealed_contact.wrapped_key,
    }
