"""An order becomes lots: two people see the money, the lowest free numbers are sold, each lot is posted."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from cards import orders, selectors, wallets
from cards.models import Dealer, DealerMember, Lot, Order, OrderState, Program
from cashback.accounts import two_people
from cashback.accounts.models import Role
from cashback.ledger.models import Kind, Transfer
from cashback.ledger.own_money import PostedBefore
from cashback.ledger.posting import AccountKey, balance_minor
from tests.factories import make_dealer, make_order, make_program, make_user, mint_batch, mint_cards, sell_lots

pytestmark = pytest.mark.django_db
Refuses = Callable[[str], AbstractContextManager[None]]


def _balances(program: Program, dealer: Dealer) -> dict[str, int]:
    return {
        "bank": balance_minor(AccountKey(Kind.BANK, "CNY")),
        "wallet": balance_minor(orders.wallet(dealer.pk, program)),
        "cash": balance_minor(AccountKey(Kind.CASH_RESERVE, "CNY", program.pk)),
        "gift": balance_minor(AccountKey(Kind.GIFT_RESERVE, "CNY", program.pk)),
        "revenue": balance_minor(AccountKey(Kind.REVENUE, "CNY")),
    }


def test_a_sale_worked_with_numbers() -> None:
    program, dealer = make_program(), make_dealer()
    mint_cards(program, 100)
    order = make_order(program, dealer, 70)
    assert _balances(program, dealer) == {"bank": 182_000, "wallet": 182_000, "cash": 0, "gift": 0, "revenue": 0}
    [lot] = orders.fulfil(order_id=order, now=timezone.now())
    # 70 cards: 6 x 100.00 x 70 / 50 = 840.00; 44 x 10.00 x 70 / 50 = 616.00; 1 820.00 were paid.
    assert (lot.first_number, lot.last_number, lot.cards, lot.price_minor) == (1, 70, 70, 182_000)
    assert (lot.cash_reserved_minor, lot.gift_reserved_minor) == (84_000, 61_600)
    assert _balances(program, dealer) == {
        "bank": 182_000, "wallet": 0, "cash": 84_000, "gift": 61_600, "revenue": 36_400,
    }  # fmt: skip
    assert (lot.product_name, lot.product_specification) == ("Rice cooker", "5 l")
    assert selectors.sold_cards(program.pk) == 70
    assert [found.pk for found in selectors.lots_of(dealer.pk)] == [lot.pk]


def test_the_lowest_free_numbers_are_sold_over_the_gaps_of_several_batches() -> None:
    program, dealer = make_program(), make_dealer()
    mint_batch(program, 10)
    mint_batch(make_program(), 10)
    mint_batch(program, 10)
    sell_lots(program, dealer, 4)
    sell_lots(program, dealer, 3)
    lots = sell_lots(program, dealer, 9)
    assert [(lot.first_number, lot.last_number) for lot in lots] == [(8, 10), (21, 26)]
    assert [lot.price_minor for lot in lots] == [7_800, 15_600]


def test_without_enough_cards_nothing_happens() -> None:
    program, dealer = make_program(), make_dealer()
    mint_cards(program, 5)
    order = make_order(program, dealer, 6)
    with pytest.raises(orders.NotEnoughCards) as refused:
        orders.fulfil(order_id=order, now=timezone.now())
    assert "needs 6 cards and 5" in refused.value.message
    assert Order.objects.get(pk=order).state == OrderState.PAID
    assert not Lot.objects.exists()


def test_a_payment_takes_two_people() -> None:
    program, dealer, organizer = make_program(), make_dealer(), make_user(Role.ORGANIZER)
    order = make_order(program, dealer, 5, paid=False)
    with pytest.raises(orders.PaymentNotSeen):
        orders.approve_payment(order_id=order, by_id=organizer.pk, now=timezone.now())
    orders.prepare_payment(order_id=order, by_id=organizer.pk, now=timezone.now())
    with pytest.raises(orders.SamePerson):
        orders.approve_payment(order_id=order, by_id=organizer.pk, now=timezone.now())
    with pytest.raises(orders.OrderStateRefuses):
        orders.prepare_payment(order_id=order, by_id=make_user(Role.CHECKER).pk, now=timezone.now())
    paid = orders.approve_payment(order_id=order, by_id=make_user(Role.CHECKER).pk, now=timezone.now())
    assert paid.state == OrderState.PAID
    with pytest.raises(orders.OrderStateRefuses):
        orders.approve_payment(order_id=order, by_id=make_user(Role.ORGANIZER).pk, now=timezone.now())
    assert Transfer.objects.count() == 1


@pytest.mark.parametrize("role", [Role.OPERATOR, Role.DEALER])
def test_only_organizers_and_checkers_see_payments(role: Role) -> None:
    order = make_order(make_program(), make_dealer(), 5, paid=False)
    with pytest.raises(two_people.NotAllowed):
        orders.prepare_payment(order_id=order, by_id=make_user(role).pk, now=timezone.now())


def test_an_unpaid_order_is_not_fulfilled_and_a_fulfilled_one_not_twice() -> None:
    program, dealer = make_program(), make_dealer()
    mint_cards(program, 20)
    unpaid = make_order(program, dealer, 5, paid=False)
    with pytest.raises(orders.OrderStateRefuses):
        orders.fulfil(order_id=unpaid, now=timezone.now())
    paid = make_order(program, dealer, 5)
    orders.fulfil(order_id=paid, now=timezone.now())
    for verb in (orders.fulfil, orders.cancel):
        with pytest.raises(orders.OrderStateRefuses):
            verb(order_id=paid, now=timezone.now())


def test_a_cancelled_order_leaves_its_money_in_the_wallet() -> None:
    program, dealer = make_program(), make_dealer()
    order = make_order(program, dealer, 5)
    assert wallets.free_minor(dealer_id=dealer.pk, program=program) == 0
    assert orders.cancel(order_id=order, now=timezone.now()).state == OrderState.CANCELLED
    assert wallets.free_minor(dealer_id=dealer.pk, program=program) == 13_000
    given: Any = {"dealer_id": dealer.pk, "program_id": program.pk, "reference": "BANK-1", "now": timezone.now()}
    with pytest.raises(wallets.WalletTooSmall):
        wallets.pay_out(amount_minor=13_001, **given)
    wallets.pay_out(amount_minor=13_000, **given)
    with pytest.raises(PostedBefore):
        wallets.pay_out(amount_minor=1, **given)
    assert _balances(program, dealer)["bank"] == 0


def test_nothing_is_sold_in_the_last_ninety_days() -> None:
    now = timezone.now()
    program, dealer = make_program(now=now), make_dealer()
    mint_cards(program, 10)
    last_day = now + timedelta(days=365 - 90)
    order = make_order(program, dealer, 5, now=last_day)
    with pytest.raises(orders.ProgramNotSelling):
        orders.fulfil(order_id=order, now=last_day + timedelta(days=1))
    orders.fulfil(order_id=order, now=last_day)
    with pytest.raises(orders.ProgramNotSelling):
        make_order(program, dealer, 5, now=last_day + timedelta(days=1))


def test_a_draft_is_not_sold() -> None:
    with pytest.raises(orders.ProgramNotSelling):
        make_order(make_program(published=False), make_dealer(), 5)


def test_an_order_names_what_is_wrong_with_it() -> None:
    program, dealer = make_program(), make_dealer()
    given: Any = {
        "dealer_id": dealer.pk, "program_id": program.pk, "cards": 5, "product_name": "Pan",
        "product_specification": "", "placed_by_id": dealer.members.get().user_id, "now": timezone.now(),
    }  # fmt: skip
    for error, change in (
        (orders.OrderOutOfRange, {"cards": 0}),
        (orders.OrderOutOfRange, {"cards": 1_000_001}),
        (orders.ProductUnnamed, {"product_name": "  "}),
        (orders.ProductUnnamed, {"product_specification": "x" * 121}),
        (orders.DealerUnknown, {"dealer_id": 0}),
    ):
        with pytest.raises(error):
            orders.place(**{**given, **change})
    Dealer.objects.update(active=False)
    with pytest.raises(orders.DealerUnknown):
        orders.place(**given)


@pytest.mark.parametrize(
    ("constraint", "change"),
    [
        ("cards_order_cards_in_range", {"cards": 1_000_001}),
        ("cards_order_amount_positive", {"amount_minor": 0}),
        ("cards_order_state_has_its_time", {"state": "fulfilled"}),
        ("cards_order_state_has_its_time", {"state": "unheard"}),
        ("cards_order_prepared_has_its_time", {"payment_prepared_by": "organizer"}),
        (
            "cards_order_paid_has_two_people",
            {"payment_prepared_by": "organizer", "payment_prepared_at": timezone.now(), "payment_approved_by": "other"},
        ),
        ("cards_order_paid_has_two_people", {"state": "paid", "paid_at": timezone.now()}),
        (
            "cards_order_two_different_people",
            {
                "state": "paid", "paid_at": timezone.now(), "payment_prepared_by": "organizer",
                "payment_prepared_at": timezone.now(), "payment_approved_by": "organizer",
            },
        ),
    ],
)  # fmt: skip
def test_the_database_refuses_an_order(constraint: str, change: dict[str, Any], database_refuses: Refuses) -> None:
    people = {"organizer": make_user(Role.ORGANIZER), "other": make_user(Role.CHECKER)}
    another = Order.objects.get(pk=make_order(make_program(), make_dealer(), 5, paid=False))
    another.pk = None
    for name, value in change.items():
        setattr(another, name, people.get(value, value) if isinstance(value, str) else value)
    with database_refuses(constraint):
        another.save(force_insert=True)


def _lot(lot: Lot, **change: Any) -> Lot:
    given = {
        "program": lot.program, "batch": lot.batch, "dealer": lot.dealer, "order": lot.order, "first_number": 6,
        "last_number": 8, "price_minor": 7_800, "cash_reserved_minor": 0, "gift_reserved_minor": 0,
        "sold_at": timezone.now(), **change,
    }  # fmt: skip
    return Lot.objects.create(**given)


@pytest.mark.parametrize(
    ("constraint", "change"),
    [
        ("cards_lot_no_overlap", {"first_number": 5}),
        ("cards_lot_range", {"first_number": 8, "last_number": 7}),
        ("cards_lot_in_batch", {"last_number": 11}),
        ("cards_lot_reserves_within_price", {"cash_reserved_minor": 7_800, "gift_reserved_minor": 1}),
        ("cards_lot_reserves_within_price", {"cash_reserved_minor": -1}),
    ],
)
def test_the_database_refuses_a_lot(constraint: str, change: dict[str, Any], database_refuses: Refuses) -> None:
    program = make_program()
    mint_batch(program, 10)
    [lot] = sell_lots(program, make_dealer(), 5)
    with database_refuses(constraint):
        _lot(lot, **change)


def test_the_database_sells_nothing_of_another_program_or_an_unfinished_batch(database_refuses: Refuses) -> None:
    program = make_program()
    mint_batch(program, 10)
    [lot] = sell_lots(program, make_dealer(), 5)
    with database_refuses("cards_lot_in_batch"):
        _lot(lot, program=make_program())


def test_an_ended_lot_stays_ended(database_refuses: Refuses) -> None:
    program = make_program()
    mint_batch(program, 10)
    [lot] = sell_lots(program, make_dealer(), 10)
    with database_refuses("permission denied for table cards_lot"):
        Lot.objects.filter(pk=lot.pk).update(price_minor=1)
    with database_refuses("permission denied for table cards_lot"):
        Lot.objects.filter(pk=lot.pk).delete()


def test_the_database_refuses_a_dealer_of_the_wrong_form(database_refuses: Refuses) -> None:
    dealer = make_dealer("EAST")
    with database_refuses("cards_dealer_code_form"):
        Dealer.objects.create(code="east side", name="x")
    with database_refuses("cards_dealer_code_key"):
        Dealer.objects.create(code="EAST", name="x")
    with database_refuses("cards_dealermember_user_id_key"):
        DealerMember.objects.create(dealer=dealer, user=dealer.members.get().user)
