"""Cards come back at their price; what is kept stays reserved for, and the organizer's own money pays the rest."""

import random
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import pytest
from django.db.models import Sum
from django.utils import timezone

from cards import orders, returns
from cards.models import Lot, Program
from cards.reserves import cash_reserve_minor, gift_reserve_minor
from cashback.ledger import own_money
from cashback.ledger.models import Event, Kind, Transfer
from cashback.ledger.posting import AccountKey, balance_minor, own_money_minor
from tests.factories import make_dealer, make_program, mint_cards, sell_lots

pytestmark = pytest.mark.django_db
Refuses = Callable[[str], AbstractContextManager[None]]


def _sold(cards: int = 100, **overrides: Any) -> Lot:
    program = make_program(**overrides)
    mint_cards(program, cards)
    [lot] = sell_lots(program, make_dealer(), cards)
    return lot


def _return(lot: Lot, first: int, last: int, registered: tuple[int, ...] = ()) -> list[Lot]:
    return returns.return_cards(lot_id=lot.pk, first=first, last=last, registered=registered, now=timezone.now())


def _reserves(program: Program) -> tuple[int, int]:
    return (
        balance_minor(AccountKey(Kind.CASH_RESERVE, "CNY", program.pk)),
        balance_minor(AccountKey(Kind.GIFT_RESERVE, "CNY", program.pk)),
    )


def test_a_part_return_worked_with_numbers() -> None:
    lot = _sold()
    # 100 cards at 26.00: 1 200.00 for payouts, 880.00 for gifts, 520.00 revenue.
    kept = _return(lot, 31, 50)
    assert [(piece.first_number, piece.last_number) for piece in kept] == [(1, 30), (51, 100)]
    assert [(piece.cash_reserved_minor, piece.gift_reserved_minor) for piece in kept] == [
        (36_000, 26_400),
        (60_000, 44_000),
    ]
    assert [piece.replaces_id for piece in kept] == [lot.pk, lot.pk]
    assert _reserves(lot.program) == (96_000, 70_400)
    # 20 cards at 26.00 came back to the wallet: 240.00 and 176.00 from the reserves, 104.00 from revenue.
    assert balance_minor(orders.wallet(lot.dealer_id, lot.program)) == 52_000
    assert own_money_minor("CNY") == 41_600
    assert Lot.objects.get(pk=lot.pk).ended_at is not None


def test_returned_cards_are_sold_again() -> None:
    lot = _sold()
    _return(lot, 31, 50)
    [again] = sell_lots(lot.program, make_dealer(), 20)
    assert (again.first_number, again.last_number) == (31, 50)


def test_a_whole_lot_comes_back_and_nothing_stays_reserved() -> None:
    lot = _sold()
    assert _return(lot, 1, 100) == []
    assert _reserves(lot.program) == (0, 0)
    assert (balance_minor(orders.wallet(lot.dealer_id, lot.program)), own_money_minor("CNY")) == (260_000, 0)


def test_what_own_money_lacks_the_organizer_pays_in_first() -> None:
    lot = _sold()
    own_money.take_surplus(currency="CNY", amount_minor=52_000, reference="SURPLUS-1", now=timezone.now())
    _return(lot, 31, 50)
    [paid_in] = Transfer.objects.filter(event=Event.CAPITAL_IN)
    assert (paid_in.amount_minor, paid_in.reference) == (10_400, f"lot:{lot.pk}")
    assert own_money_minor("CNY") == 0


def test_surplus_beyond_what_is_free_is_refused() -> None:
    _sold()
    with pytest.raises(own_money.SurplusTooLarge):
        own_money.take_surplus(currency="CNY", amount_minor=52_001, reference="SURPLUS-1", now=timezone.now())


def test_registered_cards_do_not_come_back() -> None:
    lot = _sold()
    with pytest.raises(returns.CardsRegistered) as refused:
        _return(lot, 31, 50, registered=(40, 33))
    assert "2 of these cards are registered, the first of them 0000-0000-0033" in refused.value.message
    assert Lot.objects.get(pk=lot.pk).ended_at is None


@pytest.mark.parametrize(("first", "last"), [(0, 5), (96, 101), (6, 5)])
def test_only_cards_of_the_lot_come_back(first: int, last: int) -> None:
    lot = _sold()
    with pytest.raises(returns.RangeOutsideLot):
        _return(lot, first, last)


def test_an_ended_lot_takes_nothing_back() -> None:
    lot = _sold()
    _return(lot, 1, 1)
    with pytest.raises(returns.LotUnknown):
        _return(lot, 2, 2)


def test_after_closing_nothing_comes_back() -> None:
    lot = _sold()
    Program.objects.filter(pk=lot.program_id).update(state="closed", closed_at=timezone.now())
    with pytest.raises(returns.ReturnsClosed):
        _return(lot, 1, 1)


def test_an_ended_lot_is_not_brought_back(database_refuses: Refuses) -> None:
    lot = _sold()
    _return(lot, 1, 100)
    with database_refuses("cards_lot_ended_once"):
        Lot.objects.filter(pk=lot.pk).update(ended_at=None)


def test_rounding_never_leaves_kept_cards_short() -> None:
    # A payout costs a tenth of a fen a card: three cards reserve one fen, and so would each piece of one card.
    lot = _sold(3, cycle_size=10, payouts_per_cycle=1, face_value_minor=1, gift_cost_minor=0, card_price_minor=1)
    left, right = _return(lot, 2, 2)
    assert (left.cash_reserved_minor, right.cash_reserved_minor) == (1, 0)
    assert _return(left, 1, 1) == []
    [last] = Lot.objects.filter(ended_at=None)
    assert (last.first_number, last.cash_reserved_minor) == (3, 1)
    _return(last, 3, 3)
    assert _reserves(lot.program) == (0, 0)


@pytest.mark.parametrize("seed", range(12))
def test_whatever_comes_back_the_order_keeps_what_its_cards_may_cost(seed: int) -> None:
    chance = random.Random(seed)
    lot = _sold(60, face_value_minor=3 + seed, gift_cost_minor=1, card_price_minor=9)
    for _ in range(12):
        living = list(Lot.objects.filter(order=lot.order_id, ended_at=None).order_by("first_number"))
        if not living:
            break
        piece = chance.choice(living)
        first = chance.randint(piece.first_number, piece.last_number)
        last = chance.randint(first, min(first + 8, piece.last_number))
        _return(piece, first, last)
        kept = Lot.objects.filter(order=lot.order_id, ended_at=None)
        cards = sum(one.cards for one in kept)
        held = kept.aggregate(cash=Sum("cash_reserved_minor"), gift=Sum("gift_reserved_minor"))
        assert (held["cash"] or 0) >= cash_reserve_minor(lot.program, cards)
        assert (held["gift"] or 0) >= gift_reserve_minor(lot.program, cards)
        assert _reserves(lot.program) == (held["cash"] or 0, held["gift"] or 0)
