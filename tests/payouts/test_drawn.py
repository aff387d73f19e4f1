"""A draw's awards on their way: what ends them unpaid is told to the draw, once, with the reason."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from cashback.ledger.models import Kind
from cashback.lib import books
from payouts import collecting, resolving, sweeping
from payouts.models import CancelledPayout, PendingPayout
from queueing import awarding
from queueing.models import EndedAward, Registration
from queueing.withdrawing import withdraw
from tests.breaches import as_owner
from tests.factories import make_user
from tests.payouts.banking import Bank, Closed, closed, drawn, sent

pytestmark = pytest.mark.django_db
Refuses = Callable[[str], AbstractContextManager[None]]


def leave(line: Closed, place: int) -> None:
    serial, pin = line.cards[place - 1]
    withdraw(receipt=line.receipts[place - 1].receipt, serial=serial, pin=pin, now=timezone.now())


def told(draw: int = 1) -> list[tuple[int, str]]:
    return [(ended.award_id, ended.reason) for ended in awarding.ended(draw_id=draw)]


def test_a_winner_who_withdrew_before_collecting_ends_the_award() -> None:
    line = closed(more=1)
    award = drawn(line, 6, collected=False)
    leave(line, 6)
    collected = collecting.collect_all(now=timezone.now())
    assert (collected.cash, collected.cancelled) == (0, 1)
    [ended] = awarding.ended(draw_id=1)
    assert (ended.award_id, ended.reason) == (award, "withdrawn")
    assert ended.registration_id == line.receipts[5].registration_id
    assert line.balance(Kind.PRIZE_FUND) == 5_000


def test_a_winner_who_withdraws_before_release_ends_the_award_and_the_fund_has_the_prize_back() -> None:
    line = closed()
    award = drawn(line, 1)
    leave(line, 1)
    sweeping.sweep(now=timezone.now())
    assert told() == [(award, "withdrawn")]
    assert set(CancelledPayout.objects.values_list("source", flat=True)) == {"cycle", "draw"}
    assert (line.balance(Kind.PRIZE_FUND), line.balance(Kind.CASH_RESERVE)) == (5_000, 10_000)


def test_a_winner_who_gives_no_details_in_time_ends_the_award() -> None:
    line = closed()
    award = drawn(line, 4)
    asked = PendingPayout.objects.get(pk=award)
    assert (asked.state, asked.reason) == ("details_needed", "no_details")
    sweeping.sweep(now=asked.since + timedelta(days=line.program.claim_days))
    assert told() == [(award, "no_details")]
    assert line.balance(Kind.PRIZE_FUND) == 5_000


def test_a_frozen_winners_award_ends_by_decision() -> None:
    line = closed()
    Registration.objects.filter(pk=line.receipts[3].registration_id).update(frozen_at=timezone.now())
    award = drawn(line, 4)
    resolution = resolving.prepare_resolution(
        award_id=award, verdict="cancel", evidence="not entitled", by_id=make_user().pk, now=timezone.now()
    )
    assert told() == []
    resolving.resolve_doubt(resolution_id=resolution.pk, by_id=make_user("checker").pk, now=timezone.now())
    assert told() == [(award, "decided")]


def test_only_draws_are_told_and_each_of_its_own() -> None:
    line = closed()
    mine, other = drawn(line, 1), drawn(line, 2, draw=2)
    leave(line, 1)
    leave(line, 2)
    sweeping.sweep(now=timezone.now())
    assert (told(1), told(2)) == ([(mine, "withdrawn")], [(other, "withdrawn")])
    assert CancelledPayout.objects.count() == 4


def test_an_end_is_told_once_and_the_first_reason_stands() -> None:
    line = closed()
    award = drawn(line, 1)
    leave(line, 1)
    sweeping.sweep(now=timezone.now())
    awarding.end(reasons={award: "decided"}, now=timezone.now())
    assert told() == [(award, "withdrawn")]


def test_a_paid_award_has_no_end(bank: Bank) -> None:
    line = closed()
    drawn(line, 1)
    bank.books(sent(line.program))
    bank.books(sent(line.program))
    assert told() == []


@pytest.mark.parametrize(
    "statement", ["UPDATE queueing_endedaward SET reason = 'x'", "DELETE FROM queueing_endedaward"]
)
def test_an_end_is_never_taken_back(statement: str, database_refuses: Refuses) -> None:
    line = closed()
    drawn(line, 1)
    leave(line, 1)
    sweeping.sweep(now=timezone.now())
    with database_refuses("permission denied for table queueing_endedaward"), connection.cursor() as cursor:
        cursor.execute(statement)


@pytest.mark.usefixtures("unbalanced")
def test_the_books_find_a_draw_that_was_not_told() -> None:
    line = closed()
    award = drawn(line, 1)
    leave(line, 1)
    sweeping.sweep(now=timezone.now())
    with as_owner():
        EndedAward.objects.all().delete()
    found = books.breaches(timezone.now())
    assert len(found) == 1
    assert f"award {award}" in found[0]
