"""Withdrawing: out of the line for ever, everything erased at once; not once the payment is released."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone

from queueing import details, erasing, status
from queueing.intake import AlreadyRegistered, CardBlocked
from queueing.models import Award, AwardKind, Erasure, HolderDetails, Registration, Source, TimelineEvent
from queueing.proving import CardNotAccepted
from queueing.withdrawing import AlreadyReleased, withdraw
from tests.factories import sold_cards
from tests.queueing.holders import enter, other_pin

Race = Callable[[Callable[[int], Any], int], list[Any]]


@pytest.mark.django_db
def test_a_withdrawn_registration_stands_no_more_and_nothing_is_held() -> None:
    _, cards = sold_cards(1)
    (serial, pin), receipt = cards[0], enter(cards[0]).receipt
    now = timezone.now()
    assert withdraw(receipt=receipt, serial=serial, pin=pin, now=now) == now
    registration = Registration.objects.get()
    assert registration.withdrawn_at == now
    assert not HolderDetails.objects.exists()
    assert [(erasure.what, erasure.why) for erasure in Erasure.objects.all()] == [("payee_and_contact", "withdrawn")]
    found = status.find(receipt)
    assert (found.outcome, found.details) == ("withdrawn", "erased")
    assert [happened.event for happened in found.timeline] == ["registered", "erased_payee_and_contact", "withdrawn"]


@pytest.mark.django_db
def test_a_repeated_withdrawal_answers_the_same_and_the_card_stays_used() -> None:
    _, cards = sold_cards(1)
    (serial, pin), now = cards[0], timezone.now()
    receipt = enter(cards[0]).receipt
    withdraw(receipt=receipt, serial=serial, pin=pin, now=now)
    assert withdraw(receipt=receipt, serial=serial, pin=pin, now=timezone.now()) == now
    assert TimelineEvent.objects.count() == Erasure.objects.count() == 1
    with pytest.raises(AlreadyRegistered):
        enter(cards[0])


@pytest.mark.django_db
@pytest.mark.usefixtures("unbalanced")
def test_the_card_is_needed_and_a_void_one_is_blocked() -> None:
    _, cards = sold_cards(1)
    (serial, pin), now = cards[0], timezone.now()
    receipt = enter(cards[0]).receipt
    with pytest.raises(CardNotAccepted):
        withdraw(receipt=receipt, serial=serial, pin=other_pin(pin), now=now)
    Registration.objects.update(voided_at=now)
    with pytest.raises(CardBlocked):
        withdraw(receipt=receipt, serial=serial, pin=pin, now=now)


@pytest.mark.django_db
@pytest.mark.usefixtures("unbalanced")
def test_what_is_released_or_was_paid_is_not_withdrawn() -> None:
    _, cards = sold_cards(1)
    (serial, pin), now = cards[0], timezone.now()
    receipt = enter(cards[0])
    mine = receipt.registration_id
    assert details.hold(versions={mine: 1}, release_id=3, now=now) == {mine}
    with pytest.raises(AlreadyReleased):
        withdraw(receipt=receipt.receipt, serial=serial, pin=pin, now=now)
    details.let_go(registration_ids=[mine], release_id=3)
    Award.objects.create(
        registration_id=mine,
        program_id=Registration.objects.get().program_id,
        source=Source.CYCLE,
        source_id=1,
        place=1,
        kind=AwardKind.CASH,
        amount_minor=10_000,
        awarded_at=now,
    )
    with transaction.atomic():
        erasing.erase(registration_ids=[mine], what="payee", why="refunded", now=now)
    with pytest.raises(AlreadyReleased):
        withdraw(receipt=receipt.receipt, serial=serial, pin=pin, now=now)


@pytest.mark.django_db(transaction=True)
def test_a_withdrawal_and_a_release_at_once_exclude_each_other(race: Race) -> None:
    _, cards = sold_cards(10)
    for card in cards:
        receipt = enter(card)

        def work(number: int, mine: Any = receipt, card: Any = card) -> Any:
            now = timezone.now()
            if number:
                return details.hold(versions={mine.registration_id: 1}, release_id=7, now=now)
            return withdraw(receipt=mine.receipt, serial=card[0], pin=card[1], now=now)

        withdrawn, held = race(work, 2)
        assert isinstance(withdrawn, AlreadyReleased) == (held == {receipt.registration_id}), (withdrawn, held)


@pytest.mark.django_db(transaction=True)
def test_ten_withdrawals_at_once_are_one(race: Race) -> None:
    _, cards = sold_cards(1)
    (serial, pin), receipt = cards[0], enter(cards[0]).receipt
    outcomes = race(lambda _: withdraw(receipt=receipt, serial=serial, pin=pin, now=timezone.now()), 10)
    assert not [outcome for outcome in outcomes if isinstance(outcome, Exception)]
    assert TimelineEvent.objects.count() == Erasure.objects.count() == 1
