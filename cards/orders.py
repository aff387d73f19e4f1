"""Orders: placed by a dealer, paid once two people have seen the money, fulfilled with the lowest free numbers."""

from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from django.db import connection, transaction
from django.utils import timezone

from cards import locks
from cards.models import Dealer, Lot, Order, OrderState, Program, ProgramState
from cards.programs import ProgramUnknown, sells_until
from cards.reserves import cash_reserve_minor, gift_reserve_minor
from cashback.accounts.two_people import require_organizer
from cashback.ledger.models import Event, Kind
from cashback.ledger.posting import AccountKey, Leg, post
from cashback.lib.errors import DomainError
from cashback.lib.sql import Queries

CARDS_MAX = 1_000_000
QUERIES = Queries(Path(__file__).parent / "sql" / "selling.sql")


class DealerUnknown(DomainError):
    """This dealer is not known, or not active."""

    code = "dealer_unknown"


class OrderUnknown(DomainError):
    """There is no order %(order)s."""

    code = "order_unknown"


class OrderOutOfRange(DomainError):
    """An order has 1 to %(most)s cards, not %(cards)s."""

    code = "order_out_of_range"


class ProductUnnamed(DomainError):
    """Name the product that the cards are given with, in at most 120 characters."""

    code = "product_unnamed"


class ProgramNotSelling(DomainError):
    """Cards of %(program)s are not sold: it is not published, or closes in less than 90 days."""

    code = "program_not_selling"


class OrderStateRefuses(DomainError):
    """Order %(order)s is %(state)s; this is not possible any more, or not yet."""

    code = "order_state"


class PaymentNotSeen(DomainError):
    """Nobody has seen the payment of order %(order)s yet; a first person must before a second confirms."""

    code = "payment_not_seen"


class SamePerson(DomainError):
    """You have seen this payment yourself; somebody else must confirm it."""

    code = "same_person"


class NotEnoughCards(DomainError):
    """Order %(order)s needs %(wanted)s cards and %(free)s are minted and unsold; mint more first."""

    code = "not_enough_cards"


@transaction.atomic
def place(
    *,
    dealer_id: int,
    program_id: int,
    cards: int,
    product_name: str,
    product_specification: str,
    placed_by_id: int,
    now: datetime,
) -> Order:
    """Place an order at the program's price; nothing is reserved or owed yet.

    Raises OrderOutOfRange, ProductUnnamed, DealerUnknown, ProgramUnknown, ProgramNotSelling.
    """
    if not 1 <= cards <= CARDS_MAX:
        raise OrderOutOfRange(most=CARDS_MAX, cards=cards)
    product_name, product_specification = product_name.strip(), product_specification.strip()
    if not 1 <= len(product_name) <= 120 or len(product_specification) > 120:
        raise ProductUnnamed
    if not Dealer.objects.filter(pk=dealer_id, active=True).exists():
        raise DealerUnknown
    program = _selling(program_id, now)
    return Order.objects.create(
        dealer_id=dealer_id,
        program=program,
        cards=cards,
        amount_minor=program.card_price_minor * cards,
        currency=program.currency,
        product_name=product_name,
        product_specification=product_specification,
        placed_by_id=placed_by_id,
        placed_at=now,
    )


@transaction.atomic
def prepare_payment(*, order_id: int, by_id: int, now: datetime) -> Order:
    """The first person has seen the dealer's money. Raises OrderUnknown, NotAllowed, OrderStateRefuses."""
    require_organizer(by_id)
    unseen = Order.objects.filter(pk=order_id, state=OrderState.PLACED, payment_prepared_by=None)
    if unseen.update(payment_prepared_by=by_id, payment_prepared_at=now) != 1:
        raise _refusal(order_id)
    return _get(order_id)


@transaction.atomic
def approve_payment(*, order_id: int, by_id: int, now: datetime) -> Order:
    """The second person confirms: the money is in the dealer's wallet for this program.

    Raises OrderUnknown, NotAllowed, OrderStateRefuses, PaymentNotSeen, SamePerson.
    """
    require_organizer(by_id)
    order = _get(order_id)
    if order.state == OrderState.PLACED and order.payment_prepared_by_id is None:
        raise PaymentNotSeen(order=order.pk)
    if order.state == OrderState.PLACED and order.payment_prepared_by_id == by_id:
        raise SamePerson
    seen = Order.objects.filter(pk=order_id, state=OrderState.PLACED, payment_prepared_by__isnull=False)
    if seen.update(state=OrderState.PAID, payment_approved_by=by_id, paid_at=now) != 1:
        raise _refusal(order_id)
    bank = AccountKey(Kind.BANK, order.currency)
    legs = [Leg(bank, wallet(order.dealer_id, order.program), order.amount_minor)]
    post(event=Event.PAYMENT_CONFIRMED, reference=f"order:{order.pk}", legs=legs, now=now)
    return _get(order_id)


@transaction.atomic
def cancel(*, order_id: int, now: datetime) -> Order:
    """Give an order up before it is fulfilled. What was paid stays in the dealer's wallet.

    Raises OrderUnknown, OrderStateRefuses.
    """
    open_order = Order.objects.filter(pk=order_id, state__in=[OrderState.PLACED, OrderState.PAID])
    if open_order.update(state=OrderState.CANCELLED, cancelled_at=now) != 1:
        raise _refusal(order_id)
    return _get(order_id)


@transaction.atomic
def fulfil(*, order_id: int, now: datetime) -> list[Lot]:
    """Sell the lowest free numbers of minted batches, in as many lots as there are gaps, and post each lot.

    Raises OrderUnknown, OrderStateRefuses, ProgramNotSelling, NotEnoughCards.
    """
    order = _get(order_id)
    locks.hold(locks.SELLING, order.program_id)
    program = _selling(order.program_id, now)
    paid = Order.objects.filter(pk=order_id, state=OrderState.PAID)
    if paid.update(state=OrderState.FULFILLED, fulfilled_at=now) != 1:
        raise _refusal(order_id)
    return [_sell(order, program, piece, now) for piece in _lowest_free(order)]


def wallet(dealer_id: int, program: Program) -> AccountKey:
    """The account of a dealer's money in a program."""
    return AccountKey(Kind.WALLET, program.currency, program.pk, dealer_id)


class _Piece(NamedTuple):
    batch_id: int
    first_number: int
    cards: int


def _lowest_free(order: Order) -> list[_Piece]:
    """As many free numbers as the order has cards. Needs the program's SELLING lock."""
    with connection.cursor() as cursor:
        cursor.execute(QUERIES["free_ranges"], {"program_id": order.program_id, "cards": order.cards})
        free = [_Piece(*row) for row in cursor.fetchall()]
    found = sum(piece.cards for piece in free)
    if found < order.cards:
        raise NotEnoughCards(order=order.pk, wanted=order.cards, free=found)
    free[-1] = free[-1]._replace(cards=free[-1].cards - (found - order.cards))
    return free


def _sell(order: Order, program: Program, piece: _Piece, now: datetime) -> Lot:
    lot = Lot.objects.create(
        program=program,
        batch_id=piece.batch_id,
        dealer_id=order.dealer_id,
        order=order,
        first_number=piece.first_number,
        last_number=piece.first_number + piece.cards - 1,
        product_name=order.product_name,
        product_specification=order.product_specification,
        price_minor=program.card_price_minor * piece.cards,
        cash_reserved_minor=cash_reserve_minor(program, piece.cards),
        gift_reserved_minor=gift_reserve_minor(program, piece.cards),
        sold_at=now,
    )
    paid_from, reserved_minor = wallet(order.dealer_id, program), lot.cash_reserved_minor + lot.gift_reserved_minor
    legs = [
        Leg(paid_from, AccountKey(Kind.CASH_RESERVE, program.currency, program.pk), lot.cash_reserved_minor),
        Leg(paid_from, AccountKey(Kind.GIFT_RESERVE, program.currency, program.pk), lot.gift_reserved_minor),
        Leg(paid_from, AccountKey(Kind.REVENUE, program.currency), lot.price_minor - reserved_minor),
    ]
    post(event=Event.LOT_SOLD, reference=f"lot:{lot.pk}", legs=legs, now=now)
    return lot


def _selling(program_id: int, now: datetime) -> Program:
    program = Program.objects.filter(pk=program_id).first()
    if program is None:
        raise ProgramUnknown(program=program_id)
    if program.state != ProgramState.PUBLISHED or timezone.localdate(now) > sells_until(program):
        raise ProgramNotSelling(program=program.code)
    return program


def _get(order_id: int) -> Order:
    try:
        return Order.objects.select_related("program").get(pk=order_id)
    except Order.DoesNotExist:
        raise OrderUnknown(order=order_id) from None


def _refusal(order_id: int) -> DomainError:
    """Why a guarded change of the order found no row."""
    order = _get(order_id)
    return OrderStateRefuses(order=order.pk, state=order.get_state_display())
