"""Many hands at once sell every card once and take every payment once."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db.models import Sum
from django.utils import timezone

from cards import orders, returns, wallets
from cards.models import Batch, Lot, Order
from cashback.accounts.models import Role
from cashback.ledger.models import Event, Kind, Transfer
from cashback.ledger.posting import AccountKey, balance_minor
from tests.factories import make_dealer, make_order, make_program, make_user, mint_batch, mint_cards, sell_lots

pytestmark = pytest.mark.django_db(transaction=True)
Race = Callable[[Callable[[int], Any], int], list[Any]]


def test_twenty_orders_over_the_last_cards_oversell_none(race: Race) -> None:
    program, dealers = make_program(), [make_dealer() for _ in range(4)]
    mint_cards(program, 60)
    mint_cards(program, 45)
    waiting = [make_order(program, dealers[number % 4], 10) for number in range(20)]
    results = race(lambda number: orders.fulfil(order_id=waiting[number], now=timezone.now()), 20)
    refused = [result for result in results if isinstance(result, orders.NotEnoughCards)]
    sold = [result for result in results if isinstance(result, list)]
    assert (len(sold), len(refused)) == (10, 10)
    numbers = [number for lots in sold for lot in lots for number in range(lot.first_number, lot.last_number + 1)]
    assert sorted(numbers) == list(range(1, 101))
    assert balance_minor(AccountKey(Kind.CASH_RESERVE, "CNY", program.pk)) == 120_000


def test_one_order_fulfilled_by_twenty_is_fulfilled_once(race: Race) -> None:
    program = make_program()
    mint_cards(program, 100)
    order = make_order(program, make_dealer(), 5)
    results = race(lambda _number: orders.fulfil(order_id=order, now=timezone.now()), 20)
    assert sum(isinstance(result, list) for result in results) == 1
    assert sum(isinstance(result, orders.OrderStateRefuses) for result in results) == 19
    assert Lot.objects.count() == 1


def test_one_payment_approved_by_ten_is_posted_once(race: Race) -> None:
    order = make_order(make_program(), make_dealer(), 5, paid=False)
    orders.prepare_payment(order_id=order, by_id=make_user(Role.ORGANIZER).pk, now=timezone.now())
    people = [make_user(Role.CHECKER).pk for _ in range(10)]
    results = race(lambda n: orders.approve_payment(order_id=order, by_id=people[n], now=timezone.now()), 10)
    assert sum(isinstance(result, Order) for result in results) == 1
    assert Transfer.objects.filter(event=Event.PAYMENT_CONFIRMED).count() == 1


def test_batches_minted_at_once_never_share_a_number(race: Race) -> None:
    program = make_program()
    results = race(lambda _number: mint_batch(program, 30)[0], 8)
    assert all(isinstance(result, Batch) for result in results), results
    assert sorted(batch.first_number for batch in results) == list(range(1, 240, 30))


def test_overlapping_returns_take_each_card_back_once(race: Race) -> None:
    program = make_program()
    mint_cards(program, 100)
    [lot] = sell_lots(program, make_dealer(), 100)
    results = race(
        lambda n: returns.return_cards(lot_id=lot.pk, first=n + 1, last=50, registered=(), now=timezone.now()), 10
    )
    assert sum(isinstance(result, list) for result in results) == 1
    assert sum(isinstance(result, returns.LotUnknown) for result in results) == 9
    assert Lot.objects.filter(ended_at=None).aggregate(price=Sum("price_minor"))["price"] == (
        260_000 - balance_minor(orders.wallet(lot.dealer_id, program))
    )


def test_a_wallet_paid_out_by_ten_gives_what_it_holds(race: Race) -> None:
    program, dealer = make_program(), make_dealer()
    orders.cancel(order_id=make_order(program, dealer, 5), now=timezone.now())
    mint_cards(program, 5)
    bound = make_order(program, dealer, 5)

    def pay_out(number: int) -> None:
        wallets.pay_out(
            dealer_id=dealer.pk,
            program_id=program.pk,
            amount_minor=4_000,
            reference=f"OUT-{number}",
            now=timezone.now(),
        )

    results = race(pay_out, 10)
    assert results.count(None) == 3
    assert sum(isinstance(result, wallets.WalletTooSmall) for result in results) == 7
    [lot] = orders.fulfil(order_id=bound, now=timezone.now())
    assert lot.cards == 5
