"""What is the organizer's own may be taken, and nothing beyond it."""

import pytest
from django.utils import timezone

from cashback.ledger import own_money
from cashback.ledger.models import Event, Kind, Transfer
from cashback.ledger.posting import AccountKey, Leg, balance_minor, own_money_minor, post

pytestmark = pytest.mark.django_db

BANK = AccountKey(Kind.BANK, "CNY")
REVENUE = AccountKey(Kind.REVENUE, "CNY")
WALLET = AccountKey(Kind.WALLET, "CNY", program=7, dealer=3)
GIFTS = AccountKey(Kind.GIFT_RESERVE, "CNY", program=7)
STOCK = AccountKey(Kind.GIFT_STOCK, "CNY", program=7)


def _sold() -> None:
    """A lot for 50.00: 30.00 reserved for gifts, 20.00 revenue."""
    post(event=Event.PAYMENT_CONFIRMED, reference="order:1", legs=[Leg(BANK, WALLET, 5_000)], now=timezone.now())
    legs = [Leg(WALLET, GIFTS, 3_000), Leg(WALLET, REVENUE, 2_000)]
    post(event=Event.LOT_SOLD, reference="lot:1", legs=legs, now=timezone.now())


def _buy_stock(amount_minor: int, reference: str = "stock:1") -> int:
    legs = [Leg(STOCK, BANK, amount_minor)]
    return own_money.post_covered(event=Event.GIFT_STOCK_BOUGHT, reference=reference, legs=legs, now=timezone.now())


def _take(amount_minor: int, reference: str = "SURPLUS-1") -> None:
    own_money.take_surplus(currency="CNY", amount_minor=amount_minor, reference=reference, now=timezone.now())


def test_a_surplus_is_what_nobody_is_owed() -> None:
    _sold()
    with pytest.raises(own_money.SurplusTooLarge) as refused:
        _take(2_001)
    assert "20.00" in refused.value.message
    _take(2_000)
    assert (balance_minor(BANK), own_money.free_minor("CNY")) == (3_000, 0)


def test_a_bank_entry_is_posted_once() -> None:
    _sold()
    _take(500)
    with pytest.raises(own_money.PostedBefore):
        _take(500)
    own_money.pay_in(currency="CNY", amount_minor=500, reference="IN-1", now=timezone.now())
    with pytest.raises(own_money.PostedBefore):
        own_money.pay_in(currency="CNY", amount_minor=500, reference="IN-1", now=timezone.now())
    assert own_money.free_minor("CNY") == 2_000


@pytest.mark.parametrize("amount_minor", [0, -1])
def test_nothing_is_no_entry(amount_minor: int) -> None:
    with pytest.raises(own_money.NothingToPost):
        _take(amount_minor)
    with pytest.raises(own_money.NothingToPost):
        own_money.pay_in(currency="CNY", amount_minor=amount_minor, reference="IN-1", now=timezone.now())


def test_gift_stock_within_its_reserve_costs_no_own_money() -> None:
    _sold()
    assert _buy_stock(3_000) == 0
    assert own_money.free_minor("CNY") == 2_000


def test_gift_stock_beyond_its_reserve_is_the_organizers_own() -> None:
    _sold()
    assert _buy_stock(4_500) == 0
    assert own_money.free_minor("CNY") == 500
    with pytest.raises(own_money.SurplusTooLarge):
        _take(501)
    assert _buy_stock(700, "stock:2") == 200
    [paid_in] = Transfer.objects.filter(event=Event.CAPITAL_IN)
    assert (paid_in.amount_minor, paid_in.reference) == (200, "stock:2")
    assert (own_money_minor("CNY"), own_money.free_minor("CNY")) == (2_200, 0)


def test_an_entry_that_frees_reserved_stock_is_covered_as_well() -> None:
    _sold()
    _buy_stock(3_000)
    _take(2_000)
    # The whole lot comes back: 50.00 to the wallet, and stock of 30.00 that no reserve needs any more.
    legs = [Leg(GIFTS, WALLET, 3_000), Leg(REVENUE, WALLET, 2_000)]
    now = timezone.now()
    assert own_money.post_covered(event=Event.LOT_RETURNED, reference="lot:1", legs=legs, now=now) == 5_000
    assert own_money.free_minor("CNY") == 0


def test_currencies_are_apart() -> None:
    _sold()
    with pytest.raises(own_money.SurplusTooLarge):
        own_money.take_surplus(currency="EUR", amount_minor=1, reference="SURPLUS-1", now=timezone.now())
