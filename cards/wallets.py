"""Dealers' wallets: what a dealer has paid in a program and not yet spent on cards."""

from datetime import datetime

from django.db import transaction
from django.db.models import Sum

from cards import locks
from cards.models import Dealer, Order, OrderState, Program
from cards.orders import DealerUnknown, wallet
from cards.programs import ProgramUnknown
from cashback.ledger.models import Event, Kind, Transfer
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
