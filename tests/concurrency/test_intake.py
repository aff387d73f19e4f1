"""Registering at the same time: every card once, nobody twice."""

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from queueing.intake import AlreadyRegistered, Receipt
from queueing.models import HolderDetails, KeyEpoch, Line, Registration
from tests.factories import sold_cards
from tests.queueing.holders import enter

Race = Callable[[Callable[[int], Any], int], list[Any]]


@pytest.mark.django_db(transaction=True)
def test_fifty_cards_by_fifty_threads_give_fifty_registrations(race: Race) -> None:
    _, cards = sold_cards(50)
    outcomes = race(lambda number: enter(cards[number]), 50)
    assert all(isinstance(outcome, Receipt) for outcome in outcomes), outcomes
    assert Registration.objects.count() == HolderDetails.objects.count() == 50
    assert len({receipt.receipt for receipt in outcomes}) == 50
    assert (Line.objects.count(), KeyEpoch.objects.count()) == (1, 1)


@pytest.mark.django_db(transaction=True)
def test_one_card_by_twenty_threads_gives_one_registration(race: Race) -> None:
    _, cards = sold_cards(1)
    outcomes = race(lambda number: enter(cards[0], name=f"Holder {number} Li", digest=bytes([number]) * 32), 20)
    assert Counter(type(outcome) for outcome in outcomes) == {Receipt: 1, AlreadyRegistered: 19}
    assert Registration.objects.count() == HolderDetails.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_one_request_sent_twenty_times_gets_one_receipt(race: Race) -> None:
    _, cards = sold_cards(1)
    outcomes = race(lambda _: enter(cards[0], digest=b"s" * 32), 20)
    assert len({outcome.receipt for outcome in outcomes}) == 1
    assert Registration.objects.count() == 1
