"""Dealers' wallets: what a dealer has paid in a program and not yet spent on cards."""

from datetime import datetime

from django.db import transaction
from django.db.models import Sum

from cards import locks
from cards.models import Dealer, Order, OrderState, Program, WalletPayout
from cards.orders import DealerUnknown, wallet
from cards.programs import ProgramUnknown
from cashback.accounts import two_people
from cashback.accounts.two_people import require_organizer
from cashback.ledger.models import Event, Kind, Transfer
from cashback.ledger.moving import REFERENCE_MAX, ReferenceMissing, WaitsAlready
from cashback.ledger.own_money import NothingToPost, PostedBefore
from cashback.ledger.posting import AccountKey, Leg, balance_minor, post
from cashback.lib.errors import DomainError
from cashback.lib.money import format_minor


class WalletTooSmall(DomainError):
    """Only %(free)s of the wallet is not bound by paid orders."""

    code = "wallet_too_small"


def free_minor(*, dealer_id: int, program: Program) -> int:
    """What of the wallet could be paid out: its balance less orders that are paid and not yet fulfilled."""
    paid = Order.objects.filter(dealer_id=dealer_id, program=program, state=OrderState.PAID)
    bound_minor = paid.aggregate(bound=Sum("amount_minor"))["bound"] or 0
    return max(0, balance_minor(wallet(dealer_id, program)) - bound_minor)


@transaction.atomic
def pay_out(*, dealer_id: int, program_id: int, amount_minor: int, reference: str, now: datetime) -> None:
    """Post that a dealer got money back. `reference` names the bank's entry: a second time it is refused.

    Raises DealerUnknown, ProgramUnknown, NothingToPost, PostedBefore, WalletTooSmall.
    """
    program = Program.objects.filter(pk=program_id).first()
    if program is None:
        raise ProgramUnknown(program=program_id)
    if not Dealer.objects.filter(pk=dealer_id).exists():
        raise DealerUnknown
    if amount_minor <= 0:
        raise NothingToPost
    locks.hold(locks.SELLING, program_id)
    if Transfer.objects.filter(event=Event.WALLET_PAID_OUT, reference=reference).exists():
        raise PostedBefore(reference=reference)
    free = free_minor(dealer_id=dealer_id, program=program)
    if amount_minor > free:
        raise WalletTooSmall(free=format_minor(free, program.currency))
    legs = [Leg(wallet(dealer_id, program), AccountKey(Kind.BANK, program.currency), amount_minor)]
    post(event=Event.WALLET_PAID_OUT, reference=reference, legs=legs, now=now)


@transaction.atomic
def prepare_payout(
    *, dealer_id: int, program_id: int, amount_minor: int, reference: str, by_id: int, now: datetime
) -> WalletPayout:
    """Prepare a payment out of a wallet that could be posted at this moment; nothing is posted yet.

    Raises NotAllowed, ReferenceMissing, WaitsAlready and what `pay_out` raises.
    """
    require_organizer(by_id)
    reference = reference.strip()
    if not 1 <= len(reference) <= REFERENCE_MAX:
        raise ReferenceMissing
    given = {"dealer_id": dealer_id, "program_id": program_id, "amount_minor": amount_minor}
    with transaction.atomic():
        pay_out(**given, reference=reference, now=now)
        transaction.set_rollback(True)
    if WalletPayout.objects.filter(reference=reference, called_off_at=None).exists():
        raise WaitsAlready(reference=reference)
    return WalletPayout.objects.create(**given, reference=reference, prepared_by_id=by_id, prepared_at=now)


@transaction.atomic
def approve_payout(*, payout_id: int, by_id: int, now: datetime) -> WalletPayout:
    """Post a prepared payment, by a second person.

    Raises NotAllowed, NothingWaits, AnotherPersonNeeded, PostedBefore, WalletTooSmall.
    """
    payout = two_people.approve(WalletPayout, row_id=payout_id, by_id=by_id, now=now)
    post_payout(payout, now)
    return payout


@transaction.atomic
def call_off_payout(*, payout_id: int, by_id: int, now: datetime) -> WalletPayout:
    """Give a prepared payment up; its reference may be prepared again. Raises NotAllowed, NothingWaits."""
    return two_people.call_off(WalletPayout, row_id=payout_id, by_id=by_id, now=now)


def post_payout(payout: WalletPayout, now: datetime) -> None:
    """Post what a payment says. Whoever does not take this back at once goes through `approve_payout`."""
    pay_out(
        dealer_id=payout.dealer_id,
        program_id=payout.program_id,
        amount_minor=payout.amount_minor,
        reference=payout.reference,
        now=now,
    )
