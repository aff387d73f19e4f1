"""The factories make what they promise."""

import pytest
from django.conf import settings

from cards.models import Card, Lot
from cashback.lib.crypto.digests import PinKey
from cashback.lib.serials import parse_serial
from tests.factories import make_dealer, make_program, mint_cards, sell, sell_lots, sold_cards

pytestmark = pytest.mark.django_db


def test_sold_cards_are_in_a_living_lot_and_their_pins_match() -> None:
    program, cards = sold_cards(7)
    key = PinKey.load(settings.PIN_KEY_FILE)
    assert len(cards) == 7
    for serial, pin in cards:
        number = parse_serial(serial).number
        assert key.matches(bytes(Card.objects.get(number=number).pin_digest), serial, pin)
        assert Lot.objects.filter(program=program, numbers__contains=number, ended_at=None).count() == 1


def test_cards_minted_before_are_sold_lowest_first() -> None:
    program, dealer = make_program(), make_dealer("EAST")
    minted = mint_cards(program, 5)
    [lot] = sell_lots(program, dealer, 5)
    assert lot.first_number == parse_serial(minted[0][0]).number
    assert len(sell(program, dealer, 3)) == 3
