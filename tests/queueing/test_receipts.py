"""Lost receipts: replaced once, after the waiting time, and the old one dies."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from queueing import status
from queueing.models import ReceiptRequest, TimelineEvent
from queueing.proving import CardNotAccepted, ReceiptUnknown
from queueing.receipts import ReceiptOffer, request_receipt
from tests.factories import sold_cards
from tests.queueing.holders import enter, other_pin

Race = Callable[[Callable[[int], Any], int], list[Any]]


@pytest.mark.django_db
def test_a_lost_receipt_is_replaced_after_three_days_and_only_once() -> None:
    _, cards = sold_cards(1)
    (serial, pin), now = cards[0], timezone.now()
    old = enter(cards[0], digest=b"d" * 32).receipt
    offer = request_receipt(serial=serial, pin=pin, now=now)
    assert (offer.available_at, offer.receipt) == (now + timedelta(hours=72), None)
    again = request_receipt(serial=serial, pin=pin, now=now + timedelta(hours=71))
    assert (again.available_at, again.receipt) == (offer.available_at, None)
    assert status.find(old)
    taken = request_receipt(serial=serial, pin=pin, now=offer.available_at)
    assert taken.receipt
    assert taken.receipt != old
    assert status.find(taken.receipt)
    with pytest.raises(ReceiptUnknown):
        status.find(old)
    later = request_receipt(serial=serial, pin=pin, now=offer.available_at + timedelta(seconds=1))
    assert later.receipt is None
    assert list(TimelineEvent.objects.order_by("pk").values_list("event", flat=True)) == [
        "receipt_requested",
        "receipt_renewed",
        "receipt_requested",
    ]


@pytest.mark.django_db
def test_without_the_right_pin_or_a_registration_there_is_one_refusal() -> None:
    _, cards = sold_cards(2)
    enter(cards[0])
    with pytest.raises(CardNotAccepted):
        request_receipt(serial=cards[0][0], pin=other_pin(cards[0][1]), now=timezone.now())
    with pytest.raises(CardNotAccepted):
        request_receipt(serial=cards[1][0], pin=cards[1][1], now=timezone.now())
    assert not ReceiptRequest.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_ten_who_take_a_receipt_at_once_get_one(race: Race) -> None:
    _, cards = sold_cards(1)
    (serial, pin), now = cards[0], timezone.now()
    enter(cards[0])
    available_at = request_receipt(serial=serial, pin=pin, now=now).available_at
    offers = race(lambda _: request_receipt(serial=serial, pin=pin, now=available_at), 10)
    assert all(isinstance(offer, ReceiptOffer) for offer in offers), offers
    assert sum(offer.receipt is not None for offer in offers) == 1
