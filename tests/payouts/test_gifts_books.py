"""A planted breach of each invariant of gifts is found and named."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone

from cashback.ledger.models import Event, Kind
from cashback.ledger.posting import AccountKey, Leg, post
from cashback.lib import books
from payouts import handing_over
from payouts.models import ECode, Gift, Offer, StockMove
from queueing.models import HolderDetails
from tests.breaches import as_owner
from tests.payouts.gifting import Shop, in_balance, shop

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("unbalanced")]


def breaches(number: int) -> list[str]:
    return [breach for breach in books.breaches(timezone.now()) if breach.startswith(f"{number} ")]


@pytest.fixture
def market() -> Shop:
    """One gift of each state: handed over, posted, a code that is ready; pieces and a code are left."""
    found = shop(2)
    cup, voucher = found.offer(stock_pieces=3), found.offer(codes=["A", "B"])
    found.choose(3, cup, "post")
    found.choose(4, cup, "post")
    found.choose(5, voucher, "code")
    found.ready(3, 4)
    handing_over.confirm_received(receipt=found.line.receipts[2].receipt, now=timezone.now())
    assert in_balance()
    return found


def test_stock_that_no_move_explains_is_found(market: Shop) -> None:
    with as_owner():
        Offer.objects.filter(by_code=False).update(stock=9)
    offer = Offer.objects.get(by_code=False).pk
    assert breaches(14) == [
        f"14 gifts in stock are those bought and not gone, at their cost: "
        f"offer {offer} has 9 in stock, its moves add up to 2",
        f"14 gifts in stock are those bought and not gone, at their cost: "
        f"program {market.program_id} has gifts for 8800 in stock, the ledger 3200",
    ]


def test_money_for_stock_that_is_not_there_is_found(market: Shop) -> None:
    stock = AccountKey(Kind.GIFT_STOCK, "CNY", market.program_id)
    leg = Leg(debit=stock, credit=AccountKey(Kind.BANK, "CNY"), amount_minor=100)
    post(event=Event.CORRECTION, reference="planted", legs=[leg], now=timezone.now())
    assert [breach for breach in breaches(14) if "the ledger 3300" in breach]


def _no_move(_market: Shop) -> None:
    StockMove.objects.filter(kind="handed_over").delete()


def _no_hand_over(market: Shop) -> None:
    Gift.objects.filter(pk=market.gift(3).pk).update(state="ready")


@pytest.mark.parametrize("plant", [_no_move, _no_hand_over])
def test_a_gift_and_its_piece_that_did_not_leave_together_are_found(
    market: Shop, plant: Callable[[Shop], None]
) -> None:
    award = market.gift(3).pk
    with as_owner():
        plant(market)
    assert [breach for breach in breaches(14) if f"award {award} " in breach]


def test_what_is_reserved_for_nobody_is_found(market: Shop) -> None:
    with as_owner():
        Offer.objects.filter(by_code=False).update(reserved=2)
    assert [breach for breach in breaches(15) if "has 2 reserved, 1 are chosen" in breach]


def test_a_code_that_is_not_in_stock_is_found(market: Shop) -> None:
    with as_owner():
        ECode.objects.filter(gift=None).delete()
    assert [breach for breach in breaches(15) if "has 1 free in stock and 0 free codes" in breach]


def test_a_code_of_a_gift_that_is_none_is_found(market: Shop) -> None:
    with as_owner():
        ECode.objects.filter(gift=market.gift(5).pk).update(gift=market.gift(4).pk)
    assert len([breach for breach in breaches(15) if "has no code, or a code though" in breach]) == 2


def test_a_delivery_that_outlives_its_gift_is_found(market: Shop) -> None:
    registration = market.line.receipts[2].registration_id
    assert HolderDetails.objects.filter(delivery__isnull=False).count() == 1
    later = timezone.now() + timedelta(days=30)
    with as_owner():
        HolderDetails.objects.filter(pk=registration).delete()
        HolderDetails.objects.filter(delivery__isnull=False).update(registration=registration, delivery_erase_by=later)
    assert [breach for breach in breaches(8) if f"a delivery of registration {registration} is held" in breach]


def test_codes_keep_the_key_of_their_epoch(market: Shop) -> None:
    epoch = ECode.objects.values_list("epoch_id", flat=True).first()
    assert epoch is not None
    assert books.sealed_under(epoch) >= ECode.objects.count() == 2
    assert market.gift(5).state == "ready"
