"""A holder withdraws: before the award is collected, before it is released, and too late."""

import pytest
from django.utils import timezone

from cashback.ledger.models import Kind
from payouts import collecting, releasing, sweeping
from payouts.models import CancelledPayout, Gift, Tally
from queueing import ordering
from queueing.withdrawing import AlreadyReleased, withdraw
from tests.factories import sold_cards
from tests.payouts.banking import SMALL, Bank, closed, released, sent
from tests.queueing.holders import enter

pytestmark = pytest.mark.django_db


def test_an_award_withdrawn_before_collecting_is_cancelled_without_a_posting() -> None:
    program, cards = sold_cards(5, **SMALL)
    receipts = [enter(card) for card in cards]
    ordering.run_pass(program_id=program.pk)
    serial, pin = cards[0]
    withdraw(receipt=receipts[0].receipt, serial=serial, pin=pin, now=timezone.now())
    collected = collecting.collect_all(now=timezone.now())
    assert collected == collecting.Collected(cash=1, gifts=3, cancelled=1)
    cancelled = CancelledPayout.objects.get()
    assert (cancelled.posted, cancelled.reason) == (False, "withdrawn")


def test_a_withdrawal_before_release_cancels_the_award(bank: Bank) -> None:
    line = closed()
    serial, pin = line.cards[0]
    withdraw(receipt=line.receipts[0].receipt, serial=serial, pin=pin, now=timezone.now())
    sweeping.sweep(now=timezone.now())
    cancelled = CancelledPayout.objects.get()
    assert (cancelled.place, cancelled.state, cancelled.reason, cancelled.posted) == (1, "cancelled", "withdrawn", True)
    assert (line.balance(Kind.CASH_RESERVE), line.balance(Kind.PAYOUTS_DUE)) == (10_000, 10_000)


def test_once_released_it_is_refused_until_the_release_is_called_off(bank: Bank) -> None:
    line = closed()
    serial, pin = line.cards[0]
    release = released(line.program)
    with pytest.raises(AlreadyReleased):
        withdraw(receipt=line.receipts[0].receipt, serial=serial, pin=pin, now=timezone.now())
    releasing.cancel(release_id=release.pk, now=timezone.now())
    withdraw(receipt=line.receipts[0].receipt, serial=serial, pin=pin, now=timezone.now())
    sweeping.sweep(now=timezone.now())
    assert CancelledPayout.objects.count() == 1
    bank.books(sent(line.program))
    assert line.balance(Kind.PAYOUTS_DUE) == 0


def test_the_gift_of_a_withdrawn_holder_is_owed_no_more() -> None:
    line = closed()
    serial, pin = line.cards[3]
    withdraw(receipt=line.receipts[3].receipt, serial=serial, pin=pin, now=timezone.now())
    sweeping.sweep(now=timezone.now())
    assert Gift.objects.get(state="lapsed").award.place == 4
    assert Tally.objects.get().gifts_owed == 2
