"""Withdrawing while the cycle closes: strictly before it or after it, and erased either way."""

from collections.abc import Callable
from typing import Any

import pytest
from django.utils import timezone

from queueing.intake import Receipt
from queueing.models import Award, AwardKind, Cycle, HolderDetails, Place, Registration
from queueing.ordering import run_pass
from queueing.withdrawing import withdraw
from tests.factories import sold_cards
from tests.queueing.holders import enter

Race = Callable[[Callable[[int], Any], int], list[Any]]


@pytest.mark.django_db(transaction=True)
def test_holders_who_leave_while_their_cycle_closes_are_passed_over_or_awarded_and_never_half(race: Race) -> None:
    program, cards = sold_cards(50)
    receipts: list[Receipt] = [enter(card) for card in cards]

    def work(racer: int) -> Any:
        if racer == 0:
            return run_pass(program_id=program.pk)
        (serial, pin), receipt = cards[racer - 1], receipts[racer - 1].receipt
        return withdraw(receipt=receipt, serial=serial, pin=pin, now=timezone.now())

    outcomes = race(work, 9)
    # Whoever was awarded a gift has no payee any more and may still leave; cash is not released yet.
    assert not [outcome for outcome in outcomes if isinstance(outcome, Exception)], outcomes
    run_pass(program_id=program.pk)
    assert Place.objects.count() == 50
    assert Cycle.objects.get().cash_awards == Award.objects.filter(kind=AwardKind.CASH).count() == 6
    leavers = Registration.objects.filter(withdrawn_at__isnull=False)
    assert leavers.count() == 8
    assert not HolderDetails.objects.filter(registration__in=leavers).exists()
    awarded = set(Award.objects.values_list("registration_id", flat=True))
    standing = Cycle.objects.get().standing
    assert len(awarded) == standing == 50 - sum(leaver.pk not in awarded for leaver in leavers)
