"""Closing a program: on its date, to its last place, with the last cycle's share."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from cards.models import Program, ProgramState, Rule
from queueing import closing, erasing, ordering
from queueing.intake import ProgramNotOpen
from queueing.models import Cycle, Erasure, HolderDetails, Line
from tests.factories import make_dealer, make_program, sell
from tests.queueing.holders import enter
from tests.queueing.lines import (
    arrive,
    awards_of,
    closing_today,
    cycles_of,
    held_payees,
    leave,
    line_of,
    places_of,
    settle,
    small,
)

pytestmark = pytest.mark.django_db


def close(program: Program, **given: Any) -> ordering.Closed:
    closed = closing.close_program(program_id=program.pk, now=given.get("now", timezone.now()))
    erasing.sign_erasures()
    return closed


def test_a_program_is_not_closed_before_its_date() -> None:
    program, _ = line_of(3, **small())
    with pytest.raises(closing.TooEarlyToClose):
        close(program)
    program.refresh_from_db()
    assert program.state == ProgramState.PUBLISHED


@pytest.mark.parametrize(("standing", "paid"), [(4, 1), (3, 1), (2, 0), (1, 0)])
def test_the_last_cycle_pays_its_share_rounded_down(standing: int, paid: int) -> None:
    program, registrations = closing_today(9, **small())
    for registration in registrations[5 : 9 - standing]:
        leave(registration)
    closed = close(program)
    first = 9 - standing + 1
    assert (closed.cash_awards, closed.gift_awards) == (paid, standing - paid)
    assert awards_of(program, "cash").get(2, []) == list(range(first, first + paid))
    assert awards_of(program, "gift")[2] == list(range(first + paid, 10))
    assert [(cycle.first_place, cycle.last_place) for cycle in cycles_of(program)] == [(1, 5), (6, 9)]
    program.refresh_from_db()
    assert program.state == ProgramState.CLOSED


def test_closing_settles_what_no_pass_has_seen_yet() -> None:
    program, registrations = closing_today(12, **small())
    close(program)
    assert places_of(program) == registrations
    assert len(cycles_of(program)) == 3


def test_under_the_line_the_last_cycle_pays_the_lowest_unpaid_of_the_program() -> None:
    program, registrations = closing_today(8, **small(rule=Rule.LINE))
    close(program)
    assert awards_of(program, "cash") == {1: [1, 2], 2: [3]}  # floor(2 x 3 / 5)
    assert awards_of(program, "gift") == {1: [3, 4, 5], 2: [6, 7, 8]}
    assert held_payees(program) == set(registrations[:3])
    assert set(Erasure.objects.values_list("registration_id", "why")) == {
        (registration, "program_closed") for registration in registrations[3:]
    }
    assert not HolderDetails.objects.filter(payee=None, contact_erase_by=None).exists()
    assert Line.objects.get().paid_through == 8


@pytest.mark.parametrize("cut", [False, True])
def test_a_long_line_ends_in_bounded_transactions(monkeypatch: pytest.MonkeyPatch, cut: bool) -> None:
    def interrupt(name: str) -> None:
        if name == "close.after_payees":
            raise InterruptedError(name)

    monkeypatch.setattr(erasing, "ENDED_MAX", 2)
    program, registrations = closing_today(8, **small(rule=Rule.LINE))
    if cut:
        with monkeypatch.context() as patch:
            patch.setattr(closing, "failpoint", interrupt)
            with pytest.raises(InterruptedError):
                close(program)
        assert held_payees(program) == set(registrations) - {
            erasure.registration_id for erasure in Erasure.objects.all()
        }
        assert Erasure.objects.count() == 2
        assert closing.close_due(now=timezone.now()) == [program.code]
    else:
        close(program)
    assert held_payees(program) == set(registrations[:3])
    assert awards_of(program, "cash") == {1: [1, 2], 2: [3]}
    assert Line.objects.get().paid_through == 8
    assert closing.close_due(now=timezone.now()) == []
    erasing.sign_erasures()


def test_after_closing_nobody_registers() -> None:
    program = make_program(now=timezone.now() - timedelta(days=200), closes_on=timezone.localdate(), **small())
    cards = sell(program, make_dealer(), 3, now=timezone.now() - timedelta(days=200))
    arrive(cards[:2])
    close(program)
    with pytest.raises(ProgramNotOpen):
        enter(cards[2])


def test_a_program_nobody_registered_in_closes_without_a_cycle() -> None:
    program, _ = closing_today(0, **small())
    assert close(program).cycles == 0
    assert not Cycle.objects.exists()


def test_closing_twice_changes_nothing() -> None:
    program, _ = closing_today(8, **small(rule=Rule.LINE))
    close(program)
    before = (awards_of(program, "cash"), awards_of(program, "gift"), len(cycles_of(program)))
    assert close(program).cycles == 0
    assert (awards_of(program, "cash"), awards_of(program, "gift"), len(cycles_of(program))) == before


@pytest.mark.parametrize("rule", Rule)
@pytest.mark.parametrize("registrations", [7, 10])
@pytest.mark.parametrize(
    "place", ["close.after_state", "close.after_chunk", "close.before_commit", "pass.after_awards"]
)
def test_a_closing_cut_short_is_finished_by_the_schedule(
    monkeypatch: pytest.MonkeyPatch, place: str, registrations: int, rule: Rule
) -> None:
    program, _ = closing_today(registrations, **small(rule=rule))

    def cut(name: str) -> None:
        if name == place:
            raise InterruptedError(name)

    with monkeypatch.context() as patch:
        patch.setattr(closing, "failpoint", cut)
        patch.setattr(ordering, "failpoint", cut)
        with pytest.raises(InterruptedError):
            closing.close_due(now=timezone.now())
    closing.close_due(now=timezone.now())
    assert closing.close_due(now=timezone.now()) == []
    erasing.sign_erasures()
    assert len(places_of(program)) == registrations
    assert len(cycles_of(program)) == 2


def test_the_schedule_leaves_open_programs_alone() -> None:
    program, _ = line_of(7, **small())
    settle(program)
    assert closing.close_due(now=timezone.now()) == []
