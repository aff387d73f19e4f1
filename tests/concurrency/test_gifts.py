"""Many at once: the last piece, the last code, two counters, two desks."""

import time
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone

from cashback.lib.errors import DomainError
from payouts import choosing, gift_desk, handing_over, lapsing, stock
from payouts.gift_rows import lock_gifts
from payouts.models import ECode, Gift, StockMove
from queueing import erasing
from tests.payouts.gifting import Shop, shop
from tests.payouts.test_gifts_choosing import withdraw

pytestmark = pytest.mark.django_db(transaction=True)

Race = Callable[[Callable[[int], Any], int], list[Any]]
TWENTY = 20


@pytest.fixture
def market() -> Shop:
    """Twenty holders with a gift to choose."""
    return shop(cycle_size=22, more=17)


def outcomes(results: list[Any]) -> Counter[str]:
    """How often each thing came of it."""
    return Counter(type(result).__name__ for result in results)


def test_twenty_choose_the_last_piece_and_one_gets_it(market: Shop, race: Race) -> None:
    last, many = market.offer(stock_pieces=1), market.offer(stock_pieces=19)
    results = race(lambda number: market.choose(number + 3, last), TWENTY)
    assert outcomes(results) == {"Choice": 1, "OfferGone": 19}
    last.refresh_from_db()
    assert (last.stock, last.reserved) == (1, 1)
    assert Counter(Gift.objects.values_list("state", flat=True)) == {"chosen": 1, "owed": 19}
    losers = [number for number, result in enumerate(results) if isinstance(result, choosing.OfferGone)]
    again = race(lambda number: market.choose(losers[number] + 3, many), len(losers))
    assert outcomes(again) == {"Choice": 19}
    assert Gift.objects.filter(state="chosen").count() == TWENTY


def test_twenty_choose_ten_codes_and_each_goes_once(market: Shop, race: Race) -> None:
    voucher = market.offer(codes=[f"CODE-{number}" for number in range(10)])
    results = race(lambda number: market.choose(number + 3, voucher, "code"), TWENTY)
    assert outcomes(results) == {"Choice": 10, "OfferGone": 10}
    taken = ECode.objects.filter(gift__isnull=False)
    assert taken.count() == taken.values("gift").distinct().count() == 10


def test_holders_who_change_their_minds_crosswise_all_get_something(market: Shop, race: Race) -> None:
    cup, bowl = market.offer(stock_pieces=10), market.offer(stock_pieces=10)
    for place in range(3, 11):
        market.choose(place, cup if place % 2 else bowl)

    def change(number: int) -> object:
        return market.choose(number + 3, bowl if (number + 3) % 2 else cup)

    assert outcomes(race(change, 8)) == {"Choice": 8}
    cup.refresh_from_db()
    bowl.refresh_from_db()
    assert (cup.reserved, bowl.reserved) == (4, 4)


def test_one_holder_who_clicks_many_times_gets_one_piece(market: Shop, race: Race) -> None:
    cup = market.offer(stock_pieces=5)
    results = race(lambda _: market.choose(3, cup, "post"), 8)
    assert outcomes(results) == {"Choice": 8}
    cup.refresh_from_db()
    assert (cup.reserved, market.gift(3).choice) == (1, 1)


def test_a_gift_claimed_at_two_counters_at_once_is_handed_over_once(market: Shop, race: Race) -> None:
    code = market.choose(3, market.offer(stock_pieces=2)).claim_code
    market.ready(3)
    assert code is not None

    def claim(_: int) -> object:
        return handing_over.claim(
            dealer_id=market.dealer.pk,
            serial=market.line.cards[2][0],
            claim_code=code,
            by_id=market.organizer_id,
            now=timezone.now(),
        )

    assert outcomes(race(claim, 8)) == {"Claimed": 1, "ClaimNotAccepted": 7}
    assert StockMove.objects.filter(kind="handed_over").count() == 1


def test_two_desks_and_the_holders_work_on_the_same_parcels(market: Shop, race: Race) -> None:
    cup = market.offer(stock_pieces=20)
    places = list(range(3, 13))
    for place in places:
        market.choose(place, cup, "post")
    market.ready(*places)
    awards = [market.gift(place).pk for place in places]

    def work(number: int) -> object:
        now = timezone.now()
        if number % 3 == 0:
            given = awards if number % 2 else list(reversed(awards))
            return gift_desk.delivered(award_ids=given, by_id=market.organizer_id, now=now)
        if number % 3 == 1:
            return gift_desk.lost(award_ids=awards[:5], by_id=market.organizer_id, now=now)
        return handing_over.confirm_received(receipt=market.line.receipts[2 + number].receipt, now=now)

    results = race(work, 9)
    assert not [result for result in results if isinstance(result, Exception) and not isinstance(result, DomainError)]
    states = Counter(Gift.objects.filter(award_id__in=awards).values_list("state", flat=True))
    assert sum(states.values()) == 10
    assert set(states) <= {"handed_over", "chosen"}


def test_withdrawing_and_choosing_at_once_leaves_no_address_behind(market: Shop, race: Race) -> None:
    cup = market.offer(stock_pieces=20)

    def work(number: int) -> None:
        place = 3 + number // 2
        if number % 2:
            market.choose(place, cup, "post")
        else:
            withdraw(market, place)

    results = race(work, 12)
    assert not [result for result in results if isinstance(result, Exception) and not isinstance(result, DomainError)]


def test_what_holders_choose_while_it_is_written_off_is_there(market: Shop, race: Race) -> None:
    cup = market.offer(stock_pieces=10)

    def work(number: int) -> object:
        if number % 2:
            return market.choose(3 + number, cup)
        given: dict[str, Any] = {"offer_id": cup.pk, "by_id": market.organizer_id, "now": timezone.now()}
        return stock.write_off(pieces=2, reference=f"FLOOD-{number}", **given)

    results = race(work, 16)
    assert not [result for result in results if isinstance(result, Exception) and not isinstance(result, DomainError)]
    cup.refresh_from_db()
    assert cup.reserved == outcomes(results)["Choice"]
    assert cup.stock == 10 - 2 * outcomes(results)["Offer"] >= cup.reserved


def test_a_gift_that_is_fetched_while_its_holder_withdraws_stays_handed_over(market: Shop, race: Race) -> None:
    market.choose(3, market.offer(stock_pieces=1))
    market.ready(3)
    # Where nothing is held of a holder, withdrawing does not wait for the counter.
    with transaction.atomic():
        held = [market.line.receipts[2].registration_id]
        erasing.erase(registration_ids=held, what="payee_and_contact", why="time_over", now=timezone.now())
    award_id, begun = market.gift(3).pk, timezone.now() - timedelta(minutes=1)

    def work(number: int) -> object:
        if number:
            with transaction.atomic():
                rows = lock_gifts([award_id])
                time.sleep(0.6)
                handing_over.hand_over(rows, by_id=None, now=timezone.now())
            return "handed over"
        time.sleep(0.2)
        withdraw(market, 3)
        return lapsing.lapse_of_withdrawn(since=begun, now=timezone.now())

    assert race(work, 2) == [0, "handed over"]
    assert market.gift(3).state == "handed_over"
