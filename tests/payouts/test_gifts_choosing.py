"""Choosing a gift: what is left, what it takes, what it gives, and whom it is refused."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from cards.models import BlockKind
from cashback.lib.errors import InvalidDetails
from payouts import catalogue, choosing, sweeping
from payouts.gift_view import gift_view
from payouts.models import ECode, Gift
from queueing import delivering, holds, withdrawing
from queueing.correction import Delivery
from queueing.intake import CardBlocked
from queueing.models import Erasure, HolderDetails, Registration, TimelineEvent
from queueing.proving import CardNotAccepted
from tests.factories import make_dealer, make_user
from tests.payouts.gifting import ADDRESS, Shop, shop
from tests.queueing.holders import other_pin

pytestmark = pytest.mark.django_db


def test_a_gift_is_owed_whatever_the_stock() -> None:
    view = shop().view(3)
    assert (view.state, view.can_choose, view.offers, view.claim_by) == ("owed", True, (), None)


def test_choosing_reserves_a_piece_and_gives_a_code_for_the_counter() -> None:
    market = shop()
    cup = market.offer(stock_pieces=2)
    choice = market.choose(3, cup)
    view = market.view(3)
    cup.refresh_from_db()
    assert (cup.stock, cup.reserved) == (2, 1)
    assert choice.state == view.state == "chosen"
    assert choice.claim_code == view.claim_code
    assert choice.claim_code is not None
    assert len(choice.claim_code) == 11
    assert view.dealer is not None
    assert view.dealer.code == market.dealer.code
    assert view.chosen is not None
    assert view.chosen.name == "Cup 1"
    assert [offer.left for offer in view.offers] == ["few"]
    assert TimelineEvent.objects.filter(event="gift_chosen").count() == 1


def test_the_same_choice_again_changes_nothing() -> None:
    market = shop()
    cup = market.offer(stock_pieces=1)
    first = market.choose(3, cup)
    assert market.choose(3, cup) == first
    cup.refresh_from_db()
    assert cup.reserved == 1
    assert TimelineEvent.objects.filter(event="gift_chosen").count() == 1


def test_another_choice_gives_the_first_piece_back_and_another_code() -> None:
    market = shop()
    cup, bowl = market.offer(stock_pieces=1), market.offer(stock_pieces=1)
    first = market.choose(3, cup)
    second = market.choose(3, bowl)
    cup.refresh_from_db()
    bowl.refresh_from_db()
    assert (cup.reserved, bowl.reserved) == (0, 1)
    assert first.claim_code != second.claim_code


def test_whoever_changes_only_the_way_keeps_the_last_piece() -> None:
    market = shop()
    cup = market.offer(stock_pieces=1)
    market.choose(3, cup)
    choice = market.choose(3, cup, "post")
    cup.refresh_from_db()
    assert (choice.claim_code, cup.reserved, market.gift(3).way) == (None, 1, "post")


def test_the_last_piece_goes_once() -> None:
    market = shop()
    cup = market.offer(stock_pieces=1)
    market.choose(3, cup)
    with pytest.raises(choosing.OfferGone):
        market.choose(4, cup)
    assert market.gift(4).state == "owed"
    assert market.view(4).offers[0].left == "none"


def test_what_is_not_up_cannot_be_chosen() -> None:
    market = shop()
    cup = market.offer(stock_pieces=3)
    market.choose(3, cup)
    catalogue.set_active(offer_id=cup.pk, active=False, by_id=market.organizer_id)
    with pytest.raises(choosing.OfferGone):
        market.choose(4, cup)
    assert market.gift(3).offer_id == cup.pk


@pytest.mark.parametrize(
    ("way", "overrides", "error"),
    [
        ("code", {}, choosing.WayNotOffered),
        ("carrier", {}, choosing.WayNotOffered),
        ("dealer", {"dealer_code": None}, choosing.DealerUnknown),
        ("dealer", {"dealer_code": "NOBODY"}, choosing.DealerUnknown),
        ("post", {"delivery": None}, InvalidDetails),
        ("dealer", {"award_id": 0}, choosing.NothingToChoose),
    ],
)
def test_a_choice_that_cannot_be_is_refused(way: str, overrides: Any, error: Any) -> None:
    market = shop()
    with pytest.raises(error):
        market.choose(3, market.offer(stock_pieces=1), way, **overrides)
    assert market.gift(3).state == "owed"


def test_a_dealer_without_cards_of_the_program_hands_nothing_over() -> None:
    market = shop()
    stranger = make_dealer()
    with pytest.raises(choosing.DealerUnknown):
        market.choose(3, market.offer(stock_pieces=1), dealer_code=stranger.code)


def test_an_offer_of_another_program_is_none() -> None:
    market, other = shop(), shop()
    with pytest.raises(choosing.OfferGone):
        market.choose(3, other.offer(stock_pieces=1))


def test_without_the_pin_nothing_is_chosen() -> None:
    market = shop()
    cup = market.offer(stock_pieces=1)
    serial, pin = market.line.cards[2]
    market.line.cards[2] = (serial, other_pin(pin))
    with pytest.raises(CardNotAccepted):
        market.choose(3, cup)


def test_who_was_awarded_cash_has_nothing_to_choose() -> None:
    market = shop()
    with pytest.raises(choosing.NothingToChoose):
        market.choose(1, market.offer(stock_pieces=1))
    assert gift_view(receipt=market.line.receipts[0].receipt, language="en", now=timezone.now()) is None


def withdraw(market: Shop, place: int) -> None:
    serial, pin = market.line.cards[place - 1]
    withdrawing.withdraw(receipt=market.line.receipts[place - 1].receipt, serial=serial, pin=pin, now=timezone.now())


def test_who_withdrew_has_nothing_to_choose_and_is_told_so() -> None:
    market = shop()
    cup = market.offer(stock_pieces=1)
    withdraw(market, 3)
    with pytest.raises(choosing.GiftWithdrawn):
        market.choose(3, cup)
    assert market.view(3).blocked == "withdrawn"


def test_a_chosen_gift_of_who_withdraws_goes_back_with_its_address_erased() -> None:
    market = shop()
    cup = market.offer(stock_pieces=1)
    market.choose(3, cup, "post")
    withdraw(market, 3)
    sweeping.sweep(now=timezone.now())
    cup.refresh_from_db()
    assert (market.gift(3).state, market.gift(3).offer_id, cup.reserved, cup.stock) == ("lapsed", None, 0, 1)
    assert not HolderDetails.objects.filter(delivery__isnull=False).exists()


def test_a_parcel_that_is_on_its_way_to_who_withdraws_stays_on_it() -> None:
    market = shop()
    market.choose(3, market.offer(stock_pieces=1), "post")
    market.ready(3)
    withdraw(market, 3)
    sweeping.sweep(now=timezone.now())
    assert market.gift(3).state == "ready"


def test_a_frozen_card_chooses_nothing_until_it_is_released() -> None:
    market = shop()
    cup = market.offer(stock_pieces=1)
    number = Registration.objects.get(pk=market.line.receipts[2].registration_id).card_id
    block = holds.prepare(
        number=number, kind=BlockKind.FROZEN, reason="doubtful", by_id=make_user().pk, now=timezone.now()
    )
    holds.approve(block_id=block.pk, by_id=make_user("checker").pk, now=timezone.now())
    with pytest.raises(CardBlocked):
        market.choose(3, cup)
    assert market.view(3).blocked == "frozen"


def test_an_address_is_held_for_the_gift_alone_and_erased_with_another_way() -> None:
    market = shop()
    cup = market.offer(stock_pieces=1)
    now = timezone.now()
    market.choose(3, cup, "post", now=now)
    registration = market.line.receipts[2].registration_id
    held = HolderDetails.objects.get(pk=registration)
    assert held.delivery_erase_by == now + timedelta(days=market.line.program.claim_days)
    assert delivering.read_deliveries(registration_ids=[registration]) == {registration: ADDRESS}
    market.choose(3, cup)
    assert delivering.read_deliveries(registration_ids=[registration]) == {}
    assert Erasure.objects.filter(registration=registration, what="delivery", why="choice_changed").count() == 1


def test_a_contact_may_be_left_for_the_counter() -> None:
    market = shop()
    contact = Delivery(name="", phone="+8613900139000", email="", country="", postcode="", address="")
    market.choose(3, market.offer(stock_pieces=1), delivery=contact)
    registration = market.line.receipts[2].registration_id
    assert delivering.read_deliveries(registration_ids=[registration]) == {registration: contact}


def test_an_ecode_is_ready_at_once() -> None:
    market = shop()
    voucher = market.offer(codes=["AAA-1", "AAA-2", "AAA-1"])
    choice = market.choose(3, voucher, "code")
    voucher.refresh_from_db()
    assert (choice.state, choice.claim_code, voucher.stock, voucher.reserved) == ("ready", None, 2, 1)
    assert ECode.objects.get(gift=market.gift(3))
    assert market.choose(3, voucher, "code") == choice
    with pytest.raises(choosing.NothingToChoose):
        market.choose(3, market.offer(stock_pieces=1))


def test_a_holder_may_choose_a_code_after_a_parcel() -> None:
    market = shop()
    cup = market.offer(stock_pieces=1)
    market.choose(3, cup, "post")
    market.choose(3, market.offer(codes=["X"]), "code")
    cup.refresh_from_db()
    assert (cup.reserved, market.gift(3).state) == (0, "ready")
    assert not HolderDetails.objects.filter(delivery__isnull=False).exists()


def test_what_is_ready_is_not_chosen_again() -> None:
    market = shop()
    market.choose(3, market.offer(stock_pieces=1))
    market.ready(3)
    with pytest.raises(choosing.NothingToChoose):
        market.choose(3, market.offer(stock_pieces=1))


def test_names_come_in_the_reader_s_language() -> None:
    market = shop()
    market.offer(stock_pieces=9, cost_minor=100)
    assert [(o.name, o.left) for o in market.view(3, language="zh-hans").offers] == [("杯子1", "many")]


def test_the_database_refuses_what_no_verb_does(database_refuses: Any) -> None:
    market = shop()
    cup = market.offer(stock_pieces=1)
    for state in ("handed_over", "ready"):
        with database_refuses("payouts_gift_transition"):
            Gift.objects.filter(pk=market.gift(3).pk).update(state=state, offer=cup, way="post")
    market.choose(3, cup)
    for state in ("handed_over", "owed"):
        with database_refuses("payouts_gift_transition"):
            Gift.objects.filter(pk=market.gift(3).pk).update(state=state)
