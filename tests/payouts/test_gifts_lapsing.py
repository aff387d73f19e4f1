"""Gifts lapse when nobody chose or fetched them in time, and only while there was something to choose."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from cards.models import BlockKind, Dealer
from payouts import catalogue, handing_over, lapsing, sweeping
from payouts.models import ECode, Offer
from queueing import holds
from queueing.models import Erasure, HolderDetails, Registration, TimelineEvent
from tests.factories import make_user
from tests.payouts.gifting import Shop, shop

pytestmark = pytest.mark.django_db
DAYS = timedelta(days=60)
MINUTE = timedelta(minutes=1)


def states(market: Shop) -> list[str]:
    """The gifts of places 3 to 5."""
    return [market.gift(place).state for place in (3, 4, 5)]


def on_offer(**overrides: Any) -> tuple[Shop, datetime]:
    """A shop whose catalogue the schedule has seen, and when."""
    market = shop(**overrides)
    market.offer(stock_pieces=2)
    now = timezone.now()
    market.lapse(now)
    return market, now


def test_a_gift_that_nobody_chose_lapses_after_the_days_to_claim() -> None:
    market, now = on_offer()
    assert market.view(3).claim_by == now + DAYS
    assert market.lapse(now + DAYS - MINUTE) == 0
    assert market.lapse(now + DAYS) == 3
    assert states(market) == ["lapsed"] * 3
    assert TimelineEvent.objects.filter(event="gift_lapsed").count() == 3
    assert market.lapse(now + DAYS) == 0


def test_nothing_lapses_while_there_was_nothing_to_choose() -> None:
    market = shop()
    now = timezone.now()
    assert market.lapse(now + 10 * DAYS) == 0
    assert market.view(3).claim_by is None
    market.offer()  # without stock
    assert market.lapse(now + 11 * DAYS) == 0


def test_the_days_begin_anew_when_something_is_on_offer_again() -> None:
    market, now = on_offer()
    catalogue.set_active(offer_id=market.view(3).offers[0].id, active=False, by_id=market.organizer_id)
    market.lapse(now + DAYS - MINUTE)
    assert market.view(3).claim_by is None
    catalogue.set_active(offer_id=Offer.objects.get().pk, active=True, by_id=market.organizer_id)
    again = now + DAYS
    assert market.lapse(again) == 0
    assert market.view(3).claim_by == again + DAYS
    assert market.lapse(again + DAYS) == 3


def test_what_is_chosen_waits_for_the_organizer() -> None:
    market, now = on_offer()
    market.choose(3, Offer.objects.get())
    assert market.view(3).claim_by is None
    assert market.lapse(now + 2 * DAYS) == 2
    assert states(market) == ["chosen", "lapsed", "lapsed"]


def test_what_nobody_fetches_lapses_and_its_piece_goes_back() -> None:
    market, now = on_offer()
    cup = Offer.objects.get()
    market.choose(3, cup)
    ready = now + timedelta(days=30)
    market.ready(3, now=ready)
    assert market.view(3).claim_by == ready + DAYS
    market.lapse(ready + DAYS - MINUTE)
    assert states(market) == ["ready", "lapsed", "lapsed"]
    assert market.lapse(ready + DAYS) == 1
    cup.refresh_from_db()
    assert (cup.stock, cup.reserved, market.money()) == (2, 0, (3_000, 1_600))
    assert market.gift(3).state == "lapsed"


def test_a_code_that_nobody_reads_is_free_again() -> None:
    market = shop()
    market.choose(3, market.offer(codes=["A"]), "code")
    now = timezone.now()
    assert market.lapse(now + DAYS + MINUTE) == 1
    assert ECode.objects.get().gift is None
    market.choose(4, Offer.objects.get(), "code")
    assert market.gift(4).state == "ready"


def test_a_parcel_posted_long_ago_has_arrived() -> None:
    market = shop()
    market.choose(3, market.offer(stock_pieces=1), "post")
    now = timezone.now()
    market.ready(3, now=now, tracking="SF1")
    assert market.view(3).claim_by is None
    assert market.lapse(now + DAYS) == 1
    assert (market.gift(3).state, market.money()) == ("handed_over", (2_200, 0))
    assert not HolderDetails.objects.filter(delivery__isnull=False).exists()
    assert Erasure.objects.filter(what="delivery", why="handed_over").count() == 1


def test_a_frozen_card_does_not_lapse_and_has_as_long_again_once_released() -> None:
    market, now = on_offer()
    number = Registration.objects.get(pk=market.line.receipts[2].registration_id).card_id
    organizer, checker = make_user().pk, make_user("checker").pk
    block = holds.prepare(number=number, kind=BlockKind.FROZEN, reason="doubtful", by_id=organizer, now=now)
    holds.approve(block_id=block.pk, by_id=checker, now=now)
    market.lapse(now + 2 * DAYS)
    assert states(market) == ["owed", "lapsed", "lapsed"]
    holds.prepare_lift(block_id=block.pk, by_id=organizer, now=now)
    released = now + 2 * DAYS
    holds.approve_lift(block_id=block.pk, by_id=checker, now=released)
    assert market.lapse(released + DAYS - MINUTE) == 0
    assert market.lapse(released + DAYS + MINUTE) == 1


def test_an_address_is_kept_while_its_gift_is_to_come_and_no_longer() -> None:
    market = shop()
    now = timezone.now()
    cup = market.offer(stock_pieces=1)
    market.choose(3, cup, "post", now=now)
    registration = market.line.receipts[2].registration_id
    late = now + DAYS + timedelta(days=3)
    sweeping.erase_due(now=late)
    held = HolderDetails.objects.get(pk=registration)
    assert held.delivery_erase_by == late + DAYS
    market.ready(3, now=late)
    handing_over.confirm_received(receipt=market.line.receipts[2].receipt, now=late)
    assert not HolderDetails.objects.filter(pk=registration, delivery__isnull=False).exists()


def test_addresses_are_kept_batch_by_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lapsing, "BATCH_MAX", 1)
    market = shop(claim_days=1)
    cup = market.offer(stock_pieces=3)
    now = timezone.now()
    for place in (3, 4, 5):
        market.choose(place, cup, "post", now=now)
    sweeping.erase_due(now=now + timedelta(days=2))
    assert HolderDetails.objects.filter(delivery__isnull=False).count() == 3
    market.ready(3, 4, 5, now=now)
    assert market.lapse(now + timedelta(days=1)) == 3


def test_what_lapsed_is_not_chosen_any_more() -> None:
    market, now = on_offer()
    market.lapse(now + DAYS)
    view = market.view(3)
    assert (view.state, view.can_choose, view.offers, view.chosen) == ("lapsed", False, (), None)


def test_what_lies_at_a_counter_that_was_closed_waits_and_is_not_handed_over_there() -> None:
    market, now = on_offer()
    code = market.choose(3, Offer.objects.get()).claim_code
    market.ready(3, now=now)
    Dealer.objects.filter(pk=market.dealer.pk).update(active=False)
    assert market.view(3).claim_by is None
    market.lapse(now + 2 * DAYS)
    assert market.gift(3).state == "ready"
    claim: dict[str, Any] = {
        "dealer_id": market.dealer.pk,
        "serial": market.line.cards[2][0],
        "claim_code": code,
        "by_id": market.organizer_id,
        "now": now,
    }
    with pytest.raises(handing_over.ClaimNotAccepted):
        handing_over.claim(**claim)
    Dealer.objects.filter(pk=market.dealer.pk).update(active=True)
    assert handing_over.claim(**claim).award_id == market.gift(3).pk


def test_what_no_dealer_can_hand_over_is_nothing_to_choose() -> None:
    market = shop()
    market.offer(stock_pieces=2, by_post=False)
    Dealer.objects.filter(pk=market.dealer.pk).update(active=False)
    now = timezone.now()
    market.lapse(now)
    assert market.view(3).claim_by is None
    assert market.lapse(now + 2 * DAYS) == 0
    assert states(market) == ["owed"] * 3


def test_who_was_frozen_is_told_until_when_there_is_time_now() -> None:
    market, now = on_offer()
    registration_id, later = market.line.receipts[2].registration_id, now + timedelta(days=30)
    TimelineEvent.objects.create(registration_id=registration_id, event="released", at=later)
    assert market.view(3).claim_by == later + DAYS
    market.lapse(now + DAYS)
    assert states(market) == ["owed", "lapsed", "lapsed"]
    market.lapse(later + DAYS)
    assert states(market) == ["lapsed"] * 3
