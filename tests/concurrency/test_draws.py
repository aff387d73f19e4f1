"""Two clocks and two people at once: a draw goes on once."""

import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone

from cashback.accounts.models import Role
from cashback.ledger.models import Event, Transfer
from lottery import announcing, certifying, freezing, passing_on, ticking
from lottery.announcing import PrizeFundNotCovered
from lottery.holding import DrawStateRefuses
from lottery.models import Allotment, DrawState, Entry, Piece, Prize, Result
from payouts import collecting, sweeping
from queueing.locks import LINE, lock_shared
from queueing.models import Award, Registration
from tests.factories import make_user
from tests.lottery.draws import lay, pooled
from tests.queueing.lines import leave

pytestmark = pytest.mark.django_db(transaction=True)

Race = Callable[[Callable[[int], Any], int], list[Any]]


def test_two_clocks_take_a_draw_through_once(race: Race) -> None:
    program, _ = pooled(7)
    table = lay(program)
    table.announce()
    assert race(lambda _: ticking.tick(now=table.frozen), 4) == [None] * 4
    assert race(lambda _: ticking.tick(now=table.revealed), 4) == [None] * 4
    table.enter()
    for _ in range(2):
        assert race(lambda _: ticking.tick(now=table.published), 4) == [None] * 4
    assert table.read().state == DrawState.VERIFIED
    assert Entry.objects.count() == 7
    assert Result.objects.count() == 5
    assert Piece.objects.count() == 2


def test_two_people_certify_once(race: Race) -> None:
    program, _ = pooled(7)
    table = lay(program)
    table.verify()
    people = [table.checker, make_user(Role.CHECKER).pk, make_user(Role.ORGANIZER).pk]
    outcomes = race(lambda n: certifying.certify(draw_id=table.id, by_id=people[n], now=table.published), 3)
    assert sorted(isinstance(outcome, DrawStateRefuses) for outcome in outcomes) == [False, True, True]
    assert Award.objects.filter(source="draw").count() == Allotment.objects.count() == 3


def test_two_draws_do_not_promise_the_same_money(race: Race) -> None:
    program, _ = pooled(2)
    tables = [lay(program, fund=70_000 if turn == 0 else 0) for turn in range(4)]
    outcomes = race(
        lambda n: announcing.announce(draw_id=tables[n].id, by_id=tables[n].organizer, now=timezone.now()), 4
    )
    assert sorted(isinstance(outcome, PrizeFundNotCovered) for outcome in outcomes) == [False, True, True, True]


def test_a_prize_is_not_slipped_in_beside_the_announcement(race: Race) -> None:
    program, _ = pooled(2)
    table = lay(program, fund=1_000_000)

    def work(number: int) -> object:
        if number == 0:
            return announcing.announce(draw_id=table.id, by_id=table.organizer, now=timezone.now())
        return Prize.objects.create(draw=table.draw, position=10 + number, name="More", amount_minor=1_000)

    race(work, 6)
    draw = table.read()
    assert draw.state == DrawState.ANNOUNCED
    assert draw.fund_minor == sum(prize.amount_minor * prize.count for prize in draw.prizes.all())


def test_a_prize_is_passed_on_once(race: Race) -> None:
    program, _ = pooled(4)
    table = lay(program, reserves=0)
    table.certify()
    collecting.collect(program_id=program.pk, now=timezone.now())
    leave(table.results()[0].registration_id)
    sweeping.cancel_withdrawn(now=timezone.now())
    passed = race(lambda _: passing_on.pass_on(draw_id=table.id, now=timezone.now()), 4)
    assert sorted(passed) == [0, 0, 0, 1]
    assert Transfer.objects.filter(event=Event.PRIZE_NOT_AWARDED).count() == 1


def test_whoever_leaves_beside_the_freeze_is_in_or_out(race: Race) -> None:
    program, registrations = pooled(20)
    table = lay(program)
    table.announce()

    def work(number: int) -> object:
        if number == 0:
            return freezing.freeze(draw_id=table.id, now=table.frozen)
        leave(registrations[number])
        return None

    race(work, 8)
    draw = table.read()
    assert draw.state == DrawState.FROZEN
    entered = list(Entry.objects.order_by("index").values_list("registration_id", flat=True))
    assert draw.entries == len(entered)
    assert entered == sorted(entered)
    standing = set(Registration.objects.filter(withdrawn_at=None).values_list("pk", flat=True))
    assert standing <= set(entered) <= set(registrations)


def test_the_freeze_does_not_wait_for_a_stalled_registration(race: Race) -> None:
    program, _ = pooled(5)
    table = lay(program)
    table.announce()
    stalled, tried = threading.Event(), threading.Event()

    def work(number: int) -> object:
        if number == 0:
            with transaction.atomic():
                lock_shared(LINE, program.pk)
                stalled.set()
                assert tried.wait(30)
            return None
        assert stalled.wait(30)
        try:
            return freezing.freeze(draw_id=table.id, now=table.frozen)
        finally:
            tried.set()

    outcomes = race(work, 2)
    assert isinstance(outcomes[1], freezing.NotYetComplete)
    assert freezing.freeze(draw_id=table.id, now=table.frozen).state == DrawState.FROZEN
