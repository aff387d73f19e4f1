"""Who has a gift and is paid too, under `line` or by a draw: both at once, in one order of locks."""

import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone

from payouts import handing_over, settlement, sweeping
from payouts.gift_rows import lock_gifts
from payouts.models import CancelledPayout, PendingPayout, Refund
from tests.payouts.banking import Bank, drawn, sent
from tests.payouts.conftest import bank  # noqa: F401  the fixture
from tests.payouts.gifting import Shop, shop

pytestmark = pytest.mark.django_db(transaction=True)

Race = Callable[[Callable[[int], Any], int], list[Any]]
# Long enough for the other thread to take whatever it takes before it waits.
HELD_SECONDS = 0.5


@pytest.fixture
def market() -> Shop:
    """Under `line` the second close pays places 3 and 4, whose holders have a gift from the first."""
    return shop(2, rule="line", card_price_minor=5_000)


def ready(market: Shop, place: int) -> int:
    """The gift of a place lies at a counter."""
    market.choose(place, market.offer(stock_pieces=2))
    market.ready(place)
    return int(market.gift(place).pk)


def hand_over_slowly(award_id: int) -> str:
    """A gift's holder is served while somebody else is at work."""
    with transaction.atomic():
        rows = lock_gifts([award_id])
        time.sleep(HELD_SECONDS)
        handing_over.hand_over(rows, by_id=None, now=timezone.now())
    return "handed over"


def test_a_gift_is_handed_over_while_its_holder_is_paid(
    bank: Bank,  # noqa: F811
    market: Shop,
    race: Race,
) -> None:
    award_id = ready(market, 3)
    attempts = {attempt.pk: "B" for attempt in sent(market.line.program)}
    registration_id = market.line.receipts[2].registration_id
    assert PendingPayout.objects.filter(registration=registration_id, state="sent").exists()

    def work(number: int) -> object:
        if number:
            return hand_over_slowly(award_id)
        time.sleep(HELD_SECONDS / 2)
        with transaction.atomic():
            return settlement.confirm(bookings=attempts, now=timezone.now())

    assert race(work, 2) == [4, "handed over"]
    assert (market.gift(3).state, Refund.objects.count()) == ("handed_over", 4)


def test_a_gift_is_handed_over_while_its_holders_prize_lapses(race: Race) -> None:
    market = shop()
    award_id = ready(market, 3)
    prize_id = drawn(market.line, 3)
    assert PendingPayout.objects.get(pk=prize_id).state == "details_needed"
    later = timezone.now() + timedelta(days=market.line.program.claim_days)

    def work(number: int) -> object:
        if number:
            return hand_over_slowly(award_id)
        time.sleep(HELD_SECONDS / 2)
        return sweeping.lapse(now=later)

    assert race(work, 2) == [1, "handed over"]
    assert (market.gift(3).state, CancelledPayout.objects.get(pk=prize_id).state) == ("handed_over", "lapsed")
