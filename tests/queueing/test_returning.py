"""Cards come back while holders register them: each card is returned or registered, never both."""

import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connections, transaction
from django.utils import timezone

from cards import returns
from cards.models import Lot
from cashback.accounts import two_people
from cashback.accounts.models import Role
from cashback.lib.errors import DomainError
from cashback.lib.serials import parse_serial
from queueing import locks, returning
from queueing.intake import Receipt
from queueing.models import Registration
from tests.factories import make_dealer, make_program, make_user, sell
from tests.queueing.holders import enter

Race = Callable[[Callable[[int], Any], int], list[Any]]


def _sold(cards: int) -> tuple[Lot, list[tuple[str, str]]]:
    sold = sell(make_program(), make_dealer(), cards)
    return Lot.objects.get(), sold


def _return(lot: Lot, first: int, last: int, by_id: int) -> list[Lot]:
    return returning.return_lot(lot_id=lot.pk, first=first, last=last, by_id=by_id, now=timezone.now())


@pytest.mark.django_db
def test_registered_cards_stay_and_the_others_come_back() -> None:
    lot, cards = _sold(10)
    enter(cards[3])
    by_id = make_user(Role.ORGANIZER).pk
    with pytest.raises(returns.CardsRegistered):
        _return(lot, 1, 5, by_id)
    [kept] = _return(lot, 5, 10, by_id)
    assert (kept.first_number, kept.last_number) == (1, 4)
    enter(cards[0])
    with pytest.raises(DomainError) as refused:
        enter(cards[5])
    assert refused.value.code == "program_not_open"


@pytest.mark.django_db
def test_only_organizers_and_checkers_take_cards_back() -> None:
    lot, _ = _sold(10)
    with pytest.raises(two_people.NotAllowed):
        _return(lot, 1, 5, make_user(Role.DEALER).pk)
    with pytest.raises(returns.LotUnknown):
        _return(Lot(pk=lot.pk + 1), 1, 5, make_user(Role.CHECKER).pk)


@pytest.mark.django_db(transaction=True)
def test_each_card_is_registered_or_returned_and_never_both(race: Race) -> None:
    lot, cards = _sold(60)
    by_id = make_user(Role.ORGANIZER).pk

    def work(number: int) -> Any:
        if number == 0:
            return _return(lot, 31, 60, by_id)
        # Most hold a card that stays, some one that is just being returned.
        return enter(cards[number + (0 if number % 3 else 30)])

    results = race(work, 25)
    registered = [result for result in results[1:] if isinstance(result, Receipt)]
    taken_back = isinstance(results[0], list)
    assert taken_back or isinstance(results[0], returns.CardsRegistered), results[0]
    assert sum(number % 3 > 0 for number in range(1, 25)) <= len(registered)
    assert len(registered) == 24 or taken_back
    for number in Registration.objects.values_list("card", flat=True):
        assert Lot.objects.filter(ended_at=None, numbers__contains=number).exists()


@pytest.mark.django_db(transaction=True)
def test_a_stalled_registration_does_not_stop_the_line_for_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(locks, "_WAIT_MS", 100)
    lot, cards = _sold(10)
    by_id = make_user(Role.ORGANIZER).pk
    holding, done = threading.Event(), threading.Event()

    def stall() -> None:
        with transaction.atomic():
            locks.lock_shared(locks.LINE, lot.program_id)
            holding.set()
            done.wait(timeout=30)
        connections.close_all()

    stalled = threading.Thread(target=stall)
    stalled.start()
    holding.wait(timeout=30)
    try:
        with pytest.raises(returning.LineBusy):
            _return(lot, 5, 10, by_id)
        assert enter(cards[0]).serial == cards[0][0]
    finally:
        done.set()
        stalled.join(timeout=30)
    assert _return(lot, 5, 10, by_id)[0].last_number == parse_serial(cards[3][0]).number
