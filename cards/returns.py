"""Returns: a dealer gives unregistered cards back; the lot ends, and lots of what is kept replace it."""

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from cards import locks
from cards.models import Lot, Program, ProgramState
from cards.orders import wallet
from cards.reserves import cash_reserve_minor, gift_reserve_minor
from cashback.ledger.models import Event, Kind
from cashback.ledger.own_money import post_covered
from cashback.ledger.posting import AccountKey, Leg
from cashback.lib.errors import DomainError
from cashback.lib.serials import format_serial, group_serial


class LotUnknown(DomainError):
    """There is no such lot, or it has ended; look at the lots as they are now."""

    code = "lot_unknown"


class RangeOutsideLot(DomainError):
    """Cards %(first)s to %(last)s are not all in this lot."""

    code = "range_outside_lot"


class CardsRegistered(DomainError):
    """%(count)s of these cards are registered, the first of them %(first)s; only unregistered cards are taken back."""

    code = "cards_registered"


class ReturnsClosed(DomainError):
    """Program %(program)s is closed; cards are taken back only until then."""

    code = "returns_closed"


@transaction.atomic
def return_cards(*, lot_id: int, first: int, last: int, registered: Collection[int], now: datetime) -> list[Lot]:
    """Take the cards `first` to `last` back at their price; the lots that replace what is kept.

    `registered` are the registered numbers in that range: the caller knows them, and keeps new ones from arriving
    until this transaction ends. Own money that the return needs and that is not there is posted in first.
    Raises LotUnknown, RangeOutsideLot, CardsRegistered, ReturnsClosed.
    """
    lot = _living(lot_id)
    locks.hold(locks.SELLING, lot.program_id)
    lot = _living(lot_id)
    if not lot.first_number <= first <= last <= lot.last_number:
        raise RangeOutsideLot(first=_printed(first), last=_printed(last))
    if registered:
        raise CardsRegistered(count=len(registered), first=_printed(min(registered)))
    if lot.program.state != ProgramState.PUBLISHED:
        raise ReturnsClosed(program=lot.program.code)
    pieces = [_Piece(lot, *kept) for kept in _kept(lot, first, last)]
    others = [_Piece(other, other.first_number, other.last_number) for other in _others(lot)]
    cash = _share(lot, cash_reserve_minor, "cash_reserved_minor", pieces, others)
    gift = _share(lot, gift_reserve_minor, "gift_reserved_minor", pieces, others)
    replacements = [*pieces, *(other for other in others if other.changed)]
    _end([lot, *(other.replaces for other in others if other.changed)], now)
    created = [_create(piece) for piece in replacements]
    _post(lot, (last - first + 1) * lot.program.card_price_minor, cash, gift, now)
    return created[: len(pieces)]


@dataclass
class _Piece:
    """A range that goes on being sold, and what is reserved for it."""

    replaces: Lot
    first_number: int
    last_number: int
    cash_reserved_minor: int = 0
    gift_reserved_minor: int = 0
    changed: bool = False

    @property
    def cards(self) -> int:
        return self.last_number - self.first_number + 1


def _printed(number: int) -> str:
    return group_serial(format_serial(number))


def _living(lot_id: int) -> Lot:
    lot = Lot.objects.select_related("program").filter(pk=lot_id, ended_at=None).first()
    if lot is None:
        raise LotUnknown
    return lot


def _others(lot: Lot) -> Iterator[Lot]:
    """The other living lots of the same order: together they must keep what their cards may cost."""
    return Lot.objects.filter(order=lot.order_id, ended_at=None).exclude(pk=lot.pk).order_by("first_number").iterator()


def _kept(lot: Lot, first: int, last: int) -> list[tuple[int, int]]:
    """What is left of the lot: before the returned range and after it."""
    ranges = ((lot.first_number, first - 1), (last + 1, lot.last_number))
    return [(start, end) for start, end in ranges if start <= end]


def _share(
    lot: Lot, needed: Callable[[Program, int], int], field: str, pieces: list[_Piece], others: list[_Piece]
) -> int:
    """Give the kept pieces their share of what the lot had reserved; what is released.

    Each piece gets what a lot of its size would reserve, rounded up. Rounding can make that more than there is: then
    nothing is released, and a later return leaves with the order's other lots what their cards still need together.
    """
    had, program = int(getattr(lot, field)), lot.program
    for other in others:
        setattr(other, field, getattr(other.replaces, field))
    kept = sum(piece.cards for piece in (*pieces, *others))
    together = had + sum(getattr(other, field) for other in others)
    release = min(
        had - sum(needed(program, piece.cards) for piece in pieces), together - needed(program, kept) if kept else had
    )
    left = had - max(0, release)
    for piece in (*pieces, *others):
        extra = max(0, min(left, needed(program, piece.cards) - getattr(piece, field)))
        setattr(piece, field, getattr(piece, field) + extra)
        piece.changed = piece.changed or extra > 0
        left -= extra
    assert left == 0, "the kept lots could not hold what was reserved"
    return max(0, release)


def _end(lots: list[Lot], now: datetime) -> None:
    ended = Lot.objects.filter(pk__in=[lot.pk for lot in lots], ended_at=None).update(ended_at=now)
    if ended != len(lots):
        raise LotUnknown


def _create(piece: _Piece) -> Lot:
    lot = piece.replaces
    return Lot.objects.create(
        program=lot.program,
        batch_id=lot.batch_id,
        dealer_id=lot.dealer_id,
        order_id=lot.order_id,
        first_number=piece.first_number,
        last_number=piece.last_number,
        product_name=lot.product_name,
        product_specification=lot.product_specification,
        price_minor=lot.program.card_price_minor * piece.cards,
        cash_reserved_minor=piece.cash_reserved_minor,
        gift_reserved_minor=piece.gift_reserved_minor,
        replaces=lot,
        sold_at=lot.sold_at,
    )


def _post(lot: Lot, price_minor: int, cash_minor: int, gift_minor: int, now: datetime) -> None:
    program, currency = lot.program, lot.program.currency
    back = wallet(lot.dealer_id, program)
    legs = [
        Leg(AccountKey(Kind.CASH_RESERVE, currency, program.pk), back, cash_minor),
        Leg(AccountKey(Kind.GIFT_RESERVE, currency, program.pk), back, gift_minor),
        Leg(AccountKey(Kind.REVENUE, currency), back, price_minor - cash_minor - gift_minor),
    ]
    post_covered(event=Event.LOT_RETURNED, reference=f"lot:{lot.pk}", legs=legs, now=now)
