"""Gifts cut off at every boundary, once each; whoever clicks again and the next tick go on, and nothing goes twice."""

import re
from contextlib import suppress
from datetime import timedelta

import pytest
from django.utils import timezone

from cashback.env import ROOT
from cashback.ledger.models import Event, Transfer
from cashback.lib import books
from cashback.lib.errors import DomainError
from cashback.lib.failpoints import KILLED
from payouts import gift_desk, handing_over
from payouts.models import ECode, Offer, StockMove
from queueing.models import HolderDetails, TimelineEvent
from tests.chaos.lives import run_apart
from tests.payouts.gifting import Shop, shop

CALL = re.compile(r'^\s+failpoint\("(gift\.[^"]*)"\)$', re.MULTILINE)
BOUNDARIES = sorted({name for path in (ROOT / "payouts").rglob("*.py") for name in CALL.findall(path.read_text())})


def live(market: Shop, cup: Offer, voucher: Offer) -> None:
    """A parcel that arrives and one that is lost, a gift that is fetched and one that is not, a code, and no choice."""
    now = timezone.now()
    market.lapse(now)
    for place, offer, way in ((3, cup, "post"), (4, cup, "dealer"), (5, voucher, "code"), (8, cup, "dealer")):
        with suppress(DomainError):
            market.choose(place, offer, way)
    if not TimelineEvent.objects.filter(event="gift_lost").exists():
        with suppress(DomainError):
            market.choose(9, cup, "post")
        market.ready(9)
        gift_desk.lost(award_ids=[market.gift(9).pk], by_id=market.organizer_id, now=now)
    market.ready(3, 4, 8, 9)
    with suppress(DomainError):
        handing_over.claim(
            dealer_id=market.dealer.pk,
            serial=market.line.cards[3][0],
            claim_code=market.view(4).claim_code or "",
            by_id=market.organizer_id,
            now=now,
        )
    serial, pin = market.line.cards[4]
    receipts = [receipt.receipt for receipt in market.line.receipts]
    assert handing_over.read_code(receipt=receipts[4], serial=serial, pin=pin, now=now) == "A"
    handing_over.confirm_received(receipt=receipts[2], now=now)
    market.lapse(now + timedelta(days=61))


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("boundary", BOUNDARIES)
def test_cut_off_there_gifts_go_on_and_are_handed_over_once(boundary: str) -> None:
    market = shop(2)
    cup, voucher = market.offer(stock_pieces=6), market.offer(codes=["A", "B"])
    assert run_apart(lambda: live(market, cup, voucher), boundary) == KILLED, f"{boundary} was never reached"
    live(market, cup, voucher)
    assert books.breaches(timezone.now()) == []
    states = {place: market.gift(place).state for place in (3, 4, 5, 8, 9, 10)}
    assert states == {3: "handed_over", 4: "handed_over", 5: "handed_over", 8: "lapsed", 9: "handed_over", 10: "lapsed"}
    cup.refresh_from_db()
    assert (cup.stock, cup.reserved) == (2, 0)
    assert StockMove.objects.filter(kind="handed_over").count() == 4
    assert StockMove.objects.filter(kind="lost").count() == 1
    assert Transfer.objects.filter(event=Event.GIFT_HANDED_OVER).count() == 4
    assert market.money() == (6_000 - 4 * 800, 2 * 800 + 800)
    assert ECode.objects.filter(gift=None).count() == 1
    assert not HolderDetails.objects.filter(delivery__isnull=False).exists()
