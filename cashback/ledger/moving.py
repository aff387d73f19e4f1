"""Own money in, surplus out and the bank's fees, by two people: one prepares, another approves, then it is posted."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.db import transaction

from cashback.accounts import two_people
from cashback.accounts.two_people import require_organizer
from cashback.ledger import own_money
from cashback.ledger.models import Event, Movement
from cashback.lib.errors import DomainError

REFERENCE_MAX = 64
_VERBS: dict[str, Callable[..., None]] = {
    Event.CAPITAL_IN: own_money.pay_in,
    Event.SURPLUS_OUT: own_money.take_surplus,
    Event.BANK_FEE: own_money.pay_fee,
}


class ReferenceMissing(DomainError):
    """Give the bank's reference of this entry, in at most 64 characters."""

    code = "reference_missing"


class WaitsAlready(DomainError):
    """%(reference)s was prepared already and waits for another person, or was posted."""

    code = "waits_already"


@transaction.atomic
def prepare(*, event: str, currency: str, amount_minor: int, reference: str, by_id: int, now: datetime) -> Movement:
    """Prepare a movement that could be posted at this moment; nothing is posted yet.

    Raises NotAllowed, ReferenceMissing, WaitsAlready, NothingToPost, PostedBefore, SurplusTooLarge.
    """
    require_organizer(by_id)
    reference = reference.strip()
    if not 1 <= len(reference) <= REFERENCE_MAX:
        raise ReferenceMissing
    given: dict[str, Any] = {"currency": currency, "amount_minor": amount_minor, "reference": reference}
    with transaction.atomic():
        _VERBS[event](now=now, **given)
        transaction.set_rollback(True)
    if Movement.objects.filter(event=event, reference=reference, called_off_at=None).exists():
        raise WaitsAlready(reference=reference)
    return Movement.objects.create(event=event, prepared_by_id=by_id, prepared_at=now, **given)


@transaction.atomic
def approve(*, movement_id: int, by_id: int, now: datetime) -> Movement:
    """Post a prepared movement, by a second person.

    Raises NotAllowed, NothingWaits, AnotherPersonNeeded, PostedBefore, SurplusTooLarge.
    """
    movement = two_people.approve(Movement, row_id=movement_id, by_id=by_id, now=now)
    post(movement, now)
    return movement


@transaction.atomic
def call_off(*, movement_id: int, by_id: int, now: datetime) -> Movement:
    """Give a prepared movement up; its reference may be prepared again. Raises NotAllowed, NothingWaits."""
    return two_people.call_off(Movement, row_id=movement_id, by_id=by_id, now=now)


def post(movement: Movement, now: datetime) -> None:
    """Post what a movement says. Whoever does not take this back at once goes through `approve`."""
    _VERBS[movement.event](
        currency=movement.currency, amount_minor=movement.amount_minor, reference=movement.reference, now=now
    )
