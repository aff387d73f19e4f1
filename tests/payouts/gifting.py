"""A closed cycle with a catalogue: places 3 to 5 of five have a gift of 10.00 to choose."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils import timezone

from cards.models import Dealer, Lot
from cashback.ledger.models import Kind
from cashback.lib.books import breaches
from payouts import catalogue, choosing, gift_desk, lapsing, stock
from payouts.catalogue import OfferText
from payouts.choosing import Choice
from payouts.gift_view import GiftView, gift_view
from payouts.models import Gift, Offer
from queueing.correction import Delivery
from tests.factories import make_user
from tests.payouts.banking import Closed, closed

ADDRESS = Delivery(
    name="李四", phone="+8613900139000", email="", country="CN", postcode="100000", address="北京市朝阳区\n建国路 1 号"
)


@dataclass
class Shop:
    """A program after its first close, and who works for it."""

    line: Closed
    organizer_id: int
    dealer: Dealer

    @property
    def program_id(self) -> int:
        """The program."""
        return self.line.program.pk

    def offer(self, *, stock_pieces: int = 0, codes: list[str] | None = None, **overrides: Any) -> Offer:
        """An offer, with so many pieces bought, or these codes."""
        number = Offer.objects.count() + 1
        given: dict[str, Any] = {
            "name": f"Cup {number}",
            "name_zh": f"杯子{number}",
            "cost_minor": 800,
            "by_post": True,
        }
        if codes is not None:
            given |= {"at_dealer": False, "by_post": False, "by_code": True}
        now = timezone.now()
        offer = catalogue.save_offer(
            program_id=self.program_id,
            offer_id=None,
            text=OfferText(**(given | overrides)),
            by_id=self.organizer_id,
            now=now,
        )
        if stock_pieces:
            self.buy(offer, stock_pieces)
        if codes:
            stock.add_codes(offer_id=offer.pk, codes=codes, reference="INV-1", by_id=self.organizer_id, now=now)
        offer.refresh_from_db()
        return offer

    def buy(self, offer: Offer, pieces: int, reference: str = "INV-1") -> Offer:
        """More pieces of an offer."""
        return stock.buy_stock(
            offer_id=offer.pk, pieces=pieces, reference=reference, by_id=self.organizer_id, now=timezone.now()
        )

    def choose(self, place: int, offer: Offer, way: str = "dealer", **overrides: Any) -> Choice:
        """The holder of a place chooses."""
        serial, pin = self.line.cards[place - 1]
        given: dict[str, Any] = {
            "dealer_code": self.dealer.code if way == "dealer" else None,
            "delivery": ADDRESS if way == "post" else None,
            "now": timezone.now(),
            **overrides,
        }
        return choosing.choose(
            receipt=self.line.receipts[place - 1].receipt, serial=serial, pin=pin, offer_id=offer.pk, way=way, **given
        )

    def ready(self, *places: int, now: datetime | None = None, tracking: str = "") -> list[gift_desk.ItemResult]:
        """The desk has packed."""
        awards = [self.gift(place).pk for place in places]
        return gift_desk.make_ready(
            award_ids=awards,
            tracking=dict.fromkeys(awards, tracking),
            by_id=self.organizer_id,
            now=now or timezone.now(),
        )

    def gift(self, place: int) -> Gift:
        """The gift of a place."""
        return Gift.objects.get(award__program=self.program_id, award__place=place)

    def view(self, place: int, *, language: str = "en", now: datetime | None = None) -> GiftView:
        """What the holder of a place sees."""
        receipt = self.line.receipts[place - 1].receipt
        found = gift_view(receipt=receipt, language=language, now=now or timezone.now())
        assert found is not None
        return found

    def lapse(self, now: datetime) -> int:
        """The schedule comes round."""
        return lapsing.lapse_gifts(now=now)

    def money(self) -> tuple[int, int]:
        """Gift reserve and gift stock, in minor units."""
        return self.line.balance(Kind.GIFT_RESERVE), self.line.balance(Kind.GIFT_STOCK)


def shop(cycles: int = 1, **overrides: Any) -> Shop:
    """A program whose first cycles are closed: 30.00 are reserved for the gifts of each."""
    line = closed(cycles, **overrides)
    lot = Lot.objects.filter(program=line.program).select_related("dealer").first()
    assert lot is not None
    return Shop(line, make_user("organizer").pk, lot.dealer)


def in_balance() -> bool:
    """Whether all invariants hold."""
    return breaches(timezone.now()) == []
