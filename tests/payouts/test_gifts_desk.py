"""The desk: packing, posting, losing and replacing, each gift for itself."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from cards.models import BlockKind
from cashback.accounts.two_people import NotAllowed
from cashback.ledger.models import Event, Kind, Transfer
from cashback.ledger.posting import AccountKey, balance_minor
from payouts import gift_desk
from payouts.labels import labels
from payouts.models import StockMove
from queueing import erasing, holds
from queueing.models import HolderDetails, Registration, TimelineEvent
from tests.factories import make_user
from tests.payouts.gifting import Shop, shop
from tests.payouts.test_gifts_choosing import withdraw

pytestmark = pytest.mark.django_db


def at(market: Shop, verb: Any, *places: int) -> list[tuple[bool, str]]:
    """What a verb of the desk says of the gifts of some places."""
    awards = [market.gift(place).pk for place in places]
    results = verb(award_ids=awards, by_id=market.organizer_id, now=timezone.now())
    assert [result.award_id for result in results] == sorted(awards)
    assert all(result.message for result in results)
    return [(result.ok, result.code) for result in results]


def posted(**overrides: Any) -> Shop:
    """A parcel is on its way to the holder of place 3; a second piece is in stock."""
    market = shop(**overrides)
    market.choose(3, market.offer(stock_pieces=2), "post")
    market.ready(3, tracking="SF1")
    return market


def test_each_gift_gets_its_own_answer() -> None:
    market = shop()
    cup = market.offer(stock_pieces=2)
    market.choose(3, cup)
    market.choose(4, cup, "post")
    assert [(result.ok, result.code) for result in market.ready(3, 4, 5)] == [
        (True, ""),
        (True, ""),
        (False, "wrong_state"),
    ]
    assert [market.gift(place).state for place in (3, 4, 5)] == ["ready", "ready", "owed"]
    events = TimelineEvent.objects.filter(event__startswith="gift_").order_by("id")
    assert list(events.values_list("event", flat=True)) == ["gift_chosen", "gift_chosen", "gift_ready", "gift_posted"]


def test_only_the_organizer_works_at_the_desk() -> None:
    market = shop()
    market.organizer_id = make_user("dealer").pk
    with pytest.raises(NotAllowed):
        market.ready(3)


def test_who_is_frozen_or_gone_gets_nothing_packed() -> None:
    market = shop()
    cup = market.offer(stock_pieces=2)
    market.choose(3, cup)
    market.choose(4, cup)
    withdraw(market, 3)
    number = Registration.objects.get(pk=market.line.receipts[3].registration_id).card_id
    now = timezone.now()
    block = holds.prepare(number=number, kind=BlockKind.FROZEN, reason="doubtful", by_id=make_user().pk, now=now)
    holds.approve(block_id=block.pk, by_id=make_user("checker").pk, now=now)
    assert [result.code for result in market.ready(3, 4)] == ["withdrawn", "on_hold"]
    assert gift_desk.pick_list(market.program_id) == []


def test_a_parcel_needs_its_address_and_a_short_number() -> None:
    market = shop()
    market.choose(3, market.offer(stock_pieces=1), "post")
    assert [result.code for result in market.ready(3, tracking="x" * 41)] == ["tracking_too_long"]
    erasing.erase(
        registration_ids=[market.line.receipts[2].registration_id], what="delivery", why="time_over", now=timezone.now()
    )
    assert [result.code for result in market.ready(3)] == ["address_missing"]


def test_a_parcel_that_arrived_is_handed_over() -> None:
    market = posted()
    assert at(market, gift_desk.delivered, 3) == [(True, "")]
    assert (market.gift(3).state, market.money()) == ("handed_over", (2_200, 800))
    assert at(market, gift_desk.delivered, 3) == [(False, "wrong_state")]


def test_a_lost_parcel_is_sent_anew_at_the_organizers_cost() -> None:
    market = posted()
    revenue = balance_minor(AccountKey(Kind.REVENUE, "CNY"))
    assert at(market, gift_desk.lost, 3) == [(True, "")]
    gift = market.gift(3)
    assert gift.offer is not None
    assert (gift.state, gift.way, gift.tracking, gift.choice) == ("chosen", "post", "", 2)
    assert (gift.offer.stock, gift.offer.reserved, market.money()) == (1, 1, (3_000, 800))
    assert balance_minor(AccountKey(Kind.REVENUE, "CNY")) == revenue - 800
    assert StockMove.objects.get(kind="lost").reference == f"award:{gift.pk}:1"
    assert HolderDetails.objects.filter(delivery__isnull=False).count() == 1
    assert TimelineEvent.objects.filter(event="gift_lost").count() == 1
    market.ready(3)
    assert at(market, gift_desk.delivered, 3) == [(True, "")]
    assert market.money() == (2_200, 0)


def test_a_loss_that_own_money_does_not_cover_is_paid_in() -> None:
    market = shop(card_price_minor=4_600)  # no revenue
    market.choose(3, market.offer(stock_pieces=2), "post")
    market.ready(3)
    assert balance_minor(AccountKey(Kind.REVENUE, "CNY")) == 0
    assert at(market, gift_desk.lost, 3) == [(True, "")]
    assert Transfer.objects.get(event=Event.CAPITAL_IN).amount_minor == 800


def test_without_a_piece_or_a_substitute_nothing_is_written_off() -> None:
    market = shop()
    market.choose(3, market.offer(stock_pieces=1), "post")
    market.ready(3)
    assert at(market, gift_desk.lost, 3) == [(False, "no_piece_left")]
    assert (market.gift(3).state, market.money()) == ("ready", (3_000, 800))
    assert not StockMove.objects.filter(kind="lost").exists()


def test_the_substitute_takes_the_place_of_what_cannot_be_had() -> None:
    market = shop()
    bowl = market.offer(stock_pieces=1)
    spoon = market.offer(substitute_id=bowl.pk, by_post=False)  # handed over at dealers only
    cup = market.offer(stock_pieces=1, substitute_id=spoon.pk)
    market.choose(3, cup, "post")
    assert at(market, gift_desk.replaced, 3) == [(True, "")]
    assert market.gift(3).offer_id == bowl.pk
    assert market.money() == (3_000, 800)
    assert TimelineEvent.objects.filter(event="gift_replaced").count() == 1


def test_a_broken_piece_at_the_counter_is_replaced_under_another_code() -> None:
    market = shop()
    first = market.choose(3, market.offer(stock_pieces=2))
    market.ready(3)
    assert at(market, gift_desk.replaced, 3) == [(True, "")]
    assert market.gift(3).state == "chosen"
    assert market.view(3).claim_code not in {None, first.claim_code}


def test_only_a_parcel_is_lost_in_the_post_and_no_code_is_replaced() -> None:
    market = shop()
    market.choose(3, market.offer(stock_pieces=2))
    market.choose(4, market.offer(codes=["A"]), "code")
    market.ready(3)
    assert at(market, gift_desk.lost, 3, 4, 5) == [(False, "wrong_state")] * 3
    assert at(market, gift_desk.replaced, 4, 5) == [(False, "wrong_state")] * 2


def test_a_lost_parcel_of_who_withdrew_is_not_sent_again() -> None:
    market = posted()
    withdraw(market, 3)
    assert at(market, gift_desk.lost, 3) == [(True, "")]
    gift = market.gift(3)
    assert (gift.state, gift.offer_id, market.money()) == ("lapsed", None, (3_000, 800))


def test_the_pick_list_says_what_to_take_from_the_shelves() -> None:
    market = shop()
    cup = market.offer(stock_pieces=3)
    market.choose(3, cup)
    market.choose(4, cup)
    market.choose(5, cup, "post")
    picks = gift_desk.pick_list(market.program_id)
    assert [(pick.name, pick.way, pick.dealer, pick.pieces) for pick in picks] == [
        ("Cup 1", "dealer", market.dealer.code, 2),
        ("Cup 1", "post", "", 1),
    ]
    assert picks[0].award_ids == (market.gift(3).pk, market.gift(4).pk)
    market.ready(3, 5)
    assert [(pick.way, pick.pieces) for pick in gift_desk.pick_list(market.program_id)] == [("dealer", 1)]


def test_labels_are_for_parcels_whose_address_is_held() -> None:
    market = posted()
    cup = market.gift(3).offer
    assert cup is not None
    market.choose(4, cup)
    awards = [market.gift(place).pk for place in (3, 4, 5)]
    sheet = labels(award_ids=awards, by_id=market.organizer_id, now=timezone.now())
    assert sheet.pdf.startswith(b"%PDF")
    assert (sheet.unreadable, sheet.too_long) == ((), ())
    with pytest.raises(NotAllowed):
        labels(award_ids=awards, by_id=make_user("dealer").pk, now=timezone.now())


def test_what_a_parcel_is_delivered_by_is_kept_while_it_is_on_its_way() -> None:
    market = shop()
    now = timezone.now()
    market.choose(3, market.offer(stock_pieces=1), "post", now=now)
    later = now + timedelta(days=50)
    market.ready(3, now=later)
    held = HolderDetails.objects.get(pk=market.line.receipts[2].registration_id)
    assert held.delivery_erase_by == later + timedelta(days=market.line.program.claim_days)
