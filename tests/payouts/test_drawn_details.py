"""What is held of a draw's winners: as long as something is open or the line has still to come to them, no longer."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from payouts import collecting, releasing, sending, settlement, sweeping
from payouts.models import Attempt, PendingPayout
from queueing import awarding, closing, ordering, status
from queueing.models import Award, Erasure, HolderDetails
from queueing.withdrawing import AlreadyReleased, withdraw
from tests.factories import make_dealer, sell
from tests.payouts.banking import PAID, Bank, Closed, closed, correct, drawn, sent
from tests.queueing.holders import enter

pytestmark = pytest.mark.django_db
Race = Callable[[Callable[[int], Any], int], list[Any]]


def held(line: Closed, place: int) -> tuple[bool, bool]:
    """Whether payee and contact of a place are held."""
    row = HolderDetails.objects.filter(pk=line.receipts[place - 1].registration_id).first()
    return (row is not None and row.payee is not None, row is not None and row.contact is not None)


def whys(line: Closed, place: int) -> list[str]:
    erasures = Erasure.objects.filter(registration=line.receipts[place - 1].registration_id)
    return list(erasures.order_by("id").values_list("why", flat=True))


def close_next(line: Closed) -> None:
    """The last card of a cycle is registered, and the cycle closes."""
    [card] = sell(line.program, make_dealer(), 1)
    line.cards.append(card)
    line.receipts.append(enter(card))
    assert ordering.run_pass(program_id=line.program.pk).cycles_closed == 1


def line_closing_today() -> Closed:
    past = timezone.now() - timedelta(days=200)
    return closed(rule="line", card_price_minor=5_200, now=past, closes_on=timezone.localdate())


def test_a_paid_winner_who_waits_is_kept_until_a_gift_is_the_verdict(bank: Bank) -> None:
    line = closed(more=4)
    drawn(line, 8)
    bank.books(sent(line.program))
    assert held(line, 8) == (True, True)
    assert HolderDetails.objects.get(pk=line.receipts[7].registration_id).contact_erase_by is None
    assert whys(line, 8) == []
    close_next(line)
    assert held(line, 8) == (False, True)
    assert whys(line, 8) == ["gift_verdict"]
    told = [happened.event for happened in status.find(line.receipts[7].receipt).timeline]
    assert [event for event in told if event.startswith("awarded")] == ["awarded_prize", "awarded_gift"]


def test_a_paid_winner_who_waits_is_paid_again_if_cash_is_the_verdict(bank: Bank) -> None:
    line = closed(more=4)
    drawn(line, 6)
    bank.books(sent(line.program))
    close_next(line)
    collecting.collect_all(now=timezone.now())
    assert held(line, 6) == (True, True)
    assert PendingPayout.objects.get(place=6).state == "due"
    bank.books(sent(line.program))
    assert held(line, 6)[0] is False
    assert whys(line, 6) == ["refunded"]


@pytest.mark.parametrize("state", ["uncollected", "due", "sent"])
def test_a_gift_verdict_leaves_the_payee_to_an_open_prize(bank: Bank, state: str) -> None:
    line = closed(more=4)
    award = drawn(line, 8, collected=state != "uncollected")
    attempts = sent(line.program) if state == "sent" else []
    close_next(line)
    assert held(line, 8) == (True, True)
    assert held(line, 9)[0] is False
    collecting.collect_all(now=timezone.now())
    bank.books(attempts or sent(line.program))
    if state != "sent":  # the payouts of the second cycle left with it
        assert not PendingPayout.objects.filter(pk=award).exists()
    assert held(line, 8)[0] is False
    assert whys(line, 8) == ["refunded"]


def test_a_prize_that_lapses_erases_nothing_of_one_who_waits(bank: Bank) -> None:
    line = closed(more=4)
    award = drawn(line, 8)
    bank.refuses([attempt for attempt in sent(line.program) if attempt.award_id == award])
    asked = PendingPayout.objects.get(pk=award)
    assert asked.state == "details_needed"
    sweeping.lapse(now=asked.since + timedelta(days=line.program.claim_days))
    assert [ended.reason for ended in awarding.ended(draw_id=1)] == ["no_details"]
    assert held(line, 8) == (True, True)
    close_next(line)
    assert whys(line, 8) == ["gift_verdict"]


def test_a_prize_that_lapses_after_the_verdict_erases_the_payee(bank: Bank) -> None:
    line = closed(more=4)
    award = drawn(line, 8)
    bank.refuses([attempt for attempt in sent(line.program) if attempt.award_id == award])
    close_next(line)
    collecting.collect_all(now=timezone.now())
    assert held(line, 8) == (True, True)
    asked = PendingPayout.objects.get(pk=award)
    sweeping.lapse(now=asked.since + timedelta(days=line.program.claim_days))
    assert held(line, 8) == (False, True)  # a gift is still to be handed over
    assert whys(line, 8) == ["lapsed"]


def test_a_second_prize_of_one_who_waits_keeps_the_payee_beyond_the_verdict(bank: Bank) -> None:
    line = closed(more=4)
    drawn(line, 8)
    bank.books(sent(line.program))
    drawn(line, 8, draw=2)
    close_next(line)
    assert held(line, 8)[0] is True
    bank.books(sent(line.program))
    assert whys(line, 8) == ["refunded"]


def test_a_prize_that_came_back_keeps_the_payee_beyond_the_verdict(bank: Bank) -> None:
    line = closed(more=4)
    award = drawn(line, 8)
    attempts = sent(line.program)
    bank.books(attempts)
    bank.returns([attempt for attempt in attempts if attempt.award_id == award])
    close_next(line)
    assert held(line, 8)[0] is True
    assert PendingPayout.objects.get(pk=award).state == "details_needed"


def test_a_paid_winner_with_a_gift_stays_in_line_until_the_program_closes(bank: Bank) -> None:
    line = line_closing_today()
    drawn(line, 4)
    bank.books(sent(line.program))
    assert held(line, 4) == (True, True)
    assert held(line, 1)[0] is False
    closing.close_program(program_id=line.program.pk, now=timezone.now())
    assert held(line, 4)[0] is False
    assert whys(line, 4) == ["program_closed"]


def test_a_closing_line_leaves_the_payee_to_an_open_prize(bank: Bank) -> None:
    line = line_closing_today()
    award = drawn(line, 4)
    closing.close_program(program_id=line.program.pk, now=timezone.now())
    assert held(line, 4)[0] is True
    assert held(line, 5)[0] is False
    bank.books([attempt for attempt in sent(line.program) if attempt.award_id == award])
    assert whys(line, 4) == ["refunded"]


def test_a_winner_whose_payee_went_with_the_gift_gives_it_again_and_is_paid_without_waiting(bank: Bank) -> None:
    line = closed(release_below_minor=6_000)
    award = drawn(line, 4)
    assert PendingPayout.objects.get(pk=award).state == "details_needed"
    correct(line, 4, PAID, name="Li Lei")
    waiting = PendingPayout.objects.get(pk=award)
    assert (waiting.state, waiting.reopened_at) == ("due", None)
    [release] = releasing.release_automatically_all(now=timezone.now())
    assert (release.automatic, release.payouts) == (True, 1)
    sending.send(release_id=release.pk, now=timezone.now())
    bank.books(Attempt.objects.filter(award_id=award))
    assert held(line, 4)[0] is False
    assert whys(line, 4) == ["gift_verdict", "refunded"]


@pytest.mark.parametrize("given", [False, True])
def test_a_winner_with_a_gift_may_still_withdraw_until_the_prize_is_released(given: bool) -> None:
    line = closed()
    award = drawn(line, 4)
    if given:
        correct(line, 4, PAID, name="Li Lei")
    serial, pin = line.cards[3]
    withdraw(receipt=line.receipts[3].receipt, serial=serial, pin=pin, now=timezone.now())
    sweeping.sweep(now=timezone.now())
    [ended] = awarding.ended(draw_id=1)
    assert (ended.award_id, ended.reason) == (award, "withdrawn")
    assert held(line, 4) == (False, False)


def test_a_paid_winner_does_not_withdraw(bank: Bank) -> None:
    line = closed()
    drawn(line, 4)
    correct(line, 4, PAID, name="Li Lei")
    bank.books(sent(line.program))
    serial, pin = line.cards[3]
    with pytest.raises(AlreadyReleased):
        withdraw(receipt=line.receipts[3].receipt, serial=serial, pin=pin, now=timezone.now())


@pytest.mark.django_db(transaction=True)
def test_a_verdict_and_a_booking_at_once_leave_no_payee(bank: Bank, race: Race) -> None:
    for draw in range(1, 5):
        line = closed(more=4)
        award = drawn(line, 8, draw=draw)
        sent(line.program)
        [attempt] = Attempt.objects.filter(award_id=award)
        [card] = sell(line.program, make_dealer(), 1)
        enter(card)
        ordering.move_cut(line.program.pk)

        def work(number: int, line: Closed = line, attempt: Attempt = attempt) -> Any:
            if number:
                return list(ordering.settle(line.program.pk, timeout_ms=10_000))
            return settlement.confirm(bookings={attempt.pk: "B"}, now=timezone.now())

        confirmed, _ = race(work, 2)
        assert confirmed == 1
        assert Award.objects.filter(registration=line.receipts[7].registration_id).count() == 2
        assert held(line, 8)[0] is False
        collecting.collect_all(now=timezone.now())
