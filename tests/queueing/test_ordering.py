"""The pass: places in the order of arrival, cycles of the worked examples, and what it erases."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from cards.models import Rule
from queueing import awarding, ordering
from queueing.models import Award, Cycle, Erasure, HolderDetails, Line, Place, Registration
from tests.factories import certified_draw, make_dealer, make_program, sell
from tests.queueing.lines import (
    arrive,
    awards_of,
    cycles_of,
    held_payees,
    in_arrival_order,
    leave,
    line_of,
    places_of,
    settle,
    small,
)

pytestmark = pytest.mark.django_db
Refuses = Callable[[str], AbstractContextManager[None]]


def span(first: int, last: int) -> list[int]:
    return list(range(first, last + 1))


def test_a_hundred_and_twenty_registrations_are_two_cohorts_and_twenty_that_wait() -> None:
    program, registrations = line_of(120)
    report = settle(program)
    assert (report.placed, report.cycles_closed, report.cash_awards, report.gift_awards) == (120, 2, 12, 88)
    assert places_of(program) == registrations
    assert awards_of(program, "cash") == {1: span(1, 6), 2: span(51, 56)}
    assert awards_of(program, "gift") == {1: span(7, 50), 2: span(57, 100)}
    line = Line.objects.get()
    assert (line.placed, line.cycles_closed, line.head_id) == (120, 2, registrations[-1])


def test_a_withdrawn_place_is_passed_over_and_the_next_one_is_paid() -> None:
    program, registrations = line_of(120)
    leave(registrations[52])
    settle(program)
    assert awards_of(program, "cash")[2] == [51, 52, 54, 55, 56, 57]
    assert awards_of(program, "gift")[2] == span(58, 100)
    assert places_of(program)[52] == registrations[52]


def test_the_line_pays_the_lowest_unpaid_of_all_and_gives_each_its_gift() -> None:
    program, _ = line_of(100, rule=Rule.LINE)
    settle(program)
    assert awards_of(program, "cash") == {1: span(1, 6), 2: span(7, 12)}
    assert awards_of(program, "gift") == {1: span(7, 50), 2: span(51, 100)}


def test_the_line_is_the_same_one_cycle_at_a_time() -> None:
    program = make_program(rule=Rule.LINE)
    cards = sell(program, make_dealer(), 100)
    arrive(cards[:50])
    settle(program)
    assert awards_of(program, "cash") == {1: span(1, 6)}
    arrive(cards[50:])
    settle(program)
    assert awards_of(program, "cash") == {1: span(1, 6), 2: span(7, 12)}
    assert awards_of(program, "gift") == {1: span(7, 50), 2: span(51, 100)}


def test_a_line_with_hardly_anybody_standing_pays_those_and_never_the_future() -> None:
    program = make_program(**small(rule=Rule.LINE))
    cards = sell(program, make_dealer(), 15)
    registrations = arrive(cards)
    for index in (0, 1, 2, 3):  # of the first cycle only place 5 stands
        leave(registrations[index])
    settle(program)
    assert awards_of(program, "cash") == {1: [5], 2: [6, 7], 3: [8, 9]}
    assert awards_of(program, "gift") == {2: [8, 9, 10], 3: [11, 12, 13, 14, 15]}


def test_forty_nine_registrations_are_not_a_cycle() -> None:
    program, _ = line_of(49)
    for _pass in range(3):
        settle(program)
    assert places_of(program)
    assert not Cycle.objects.exists()
    assert not Award.objects.exists()


def test_a_cycle_in_which_nobody_stands_closes_without_awards() -> None:
    program, registrations = line_of(5, **small())
    for registration in registrations:
        leave(registration)
    settle(program)
    [cycle] = cycles_of(program)
    assert (cycle.standing, cycle.cash_awards, cycle.gift_awards) == (0, 0, 0)


def test_frozen_cards_keep_place_and_verdict() -> None:
    program, registrations = line_of(5, **small())
    Registration.objects.filter(pk=registrations[0]).update(frozen_at=timezone.now())
    settle(program)
    assert awards_of(program, "cash") == {1: [1, 2]}


def test_a_gift_verdict_erases_the_payee_at_once_and_the_contact_soon() -> None:
    program, registrations = line_of(5, **small(contact_hold_seconds=60))
    settle(program)
    assert held_payees(program) == set(registrations[:2])
    [cycle] = cycles_of(program)
    for details in HolderDetails.objects.filter(registration_id__in=registrations[2:]):
        assert details.payee_key is details.payee_fingerprint is details.request_digest is None
        assert details.contact is not None
        assert details.contact_erase_by == cycle.closed_at + timedelta(seconds=60)
    erasures = Erasure.objects.order_by("registration_id")
    assert [(e.registration_id, e.what, e.why) for e in erasures] == [
        (registration, "payee", "gift_verdict") for registration in registrations[2:]
    ]
    assert all(erasure.signature and erasure.at == cycle.closed_at for erasure in erasures)


def test_a_gift_verdict_without_a_contact_leaves_nothing() -> None:
    program = make_program(**small())
    registrations = arrive(sell(program, make_dealer(), 5), phone="", email="")
    settle(program)
    assert set(HolderDetails.objects.values_list("registration_id", flat=True)) == set(registrations[:2])


def test_a_drawn_holder_keeps_the_payee_beside_a_gift_verdict() -> None:
    program = make_program(**small())
    cards = sell(program, make_dealer(), 5)
    registrations = arrive(cards[:4])
    settle(program)
    draw = certified_draw(program, {registrations[3]: 5_000})
    assert Award.objects.get(source="draw").source_id == draw.pk
    registrations += arrive(cards[4:])
    settle(program)
    assert held_payees(program) == {*registrations[:2], registrations[3]}


def test_the_line_keeps_payees_that_may_still_be_paid() -> None:
    program, registrations = line_of(5, **small(rule=Rule.LINE))
    settle(program)
    assert held_payees(program) == set(registrations)
    assert not Erasure.objects.exists()


def test_chunks_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ordering, "CHUNK_MAX", 10)
    for rule in Rule:
        program, registrations = line_of(43, **small(rule=rule))
        leave(registrations[2])
        settle(program)
        assert places_of(program) == in_arrival_order(program) == registrations
        assert len(cycles_of(program)) == 8


def test_programs_have_lines_of_their_own() -> None:
    one, _ = line_of(5, **small())
    other, _ = line_of(4, **small())
    reports = ordering.run_passes()
    assert [(report.program, report.placed) for report in reports] == [(one.code, 5), (other.code, 4)]
    assert len(cycles_of(one)) == 1
    assert not cycles_of(other)


def test_a_second_pass_finds_nothing_to_do() -> None:
    program, _ = line_of(5, **small())
    settle(program)
    report = settle(program)
    assert (report.cut_moved, report.placed, report.cycles_closed) == (False, 0, 0)


def test_a_clock_that_steps_back_gives_later_times_all_the_same() -> None:
    program = make_program(**small())
    cards = sell(program, make_dealer(), 8)
    registrations = arrive(cards[:4])
    settle(program)
    ahead = timezone.now() + timedelta(hours=1)
    Line.objects.update(cut_at=ahead)  # as if the clock had been an hour ahead at the last cut
    registrations += arrive(cards[4:])
    times = Registration.objects.filter(pk__in=registrations[4:]).values_list("registered_at", flat=True)
    assert all(at > ahead for at in times)
    settle(program)
    assert places_of(program) == registrations == in_arrival_order(program)
    assert Line.objects.get().cut_at >= max(times)


def test_closes_are_in_order_even_if_the_clock_steps_back() -> None:
    program = make_program(**small())
    cards = sell(program, make_dealer(), 10)
    arrive(cards[:5])
    settle(program)
    Line.objects.update(settled_at=timezone.now() + timedelta(hours=1))
    arrive(cards[5:])
    settle(program)
    first, second = cycles_of(program)
    assert second.closed_at > first.closed_at + timedelta(minutes=50)


def test_a_draw_awards_once_and_only_those_who_stand() -> None:
    program, registrations = line_of(5, **small())
    leave(registrations[4])
    settle(program)
    won = {registrations[0]: 7_000, registrations[4]: 3_000}
    draw = certified_draw(program, won)
    award = Award.objects.get(source="draw")
    again = awarding.award_drawn(program_id=program.pk, draw_id=draw.pk, amounts_minor=won, now=timezone.now())
    assert again == {registrations[0]: award.pk}
    assert award.amount_minor == 7_000


@pytest.mark.parametrize(
    ("statement", "table"),
    [
        ("UPDATE queueing_place SET place = 2", "queueing_place"),
        ("DELETE FROM queueing_place", "queueing_place"),
        ("UPDATE queueing_award SET amount_minor = 1", "queueing_award"),
        ("DELETE FROM queueing_award", "queueing_award"),
        ("UPDATE queueing_cycle SET cash_awards = 0", "queueing_cycle"),
        ("TRUNCATE queueing_cycle", "queueing_cycle"),
        ("DELETE FROM queueing_erasure", "queueing_erasure"),
        ("UPDATE queueing_erasure SET why = 'x'", "queueing_erasure"),
        ("DELETE FROM queueing_registration", "queueing_registration"),
        ("UPDATE queueing_registration SET registered_at = now()", "queueing_registration"),
    ],
)
def test_the_application_may_not_rewrite_history(database_refuses: Refuses, statement: str, table: str) -> None:
    with database_refuses(f"permission denied for table {table}"), connection.cursor() as cursor:
        cursor.execute(statement)


def test_a_place_is_given_once(database_refuses: Refuses) -> None:
    program, registrations = line_of(2, **small())
    settle(program)
    with database_refuses("queueing_place_once"):
        Place.objects.create(registration_id=registrations[1] + 1_000, program=program, place=2)


def test_a_line_only_moves_forward(database_refuses: Refuses) -> None:
    program, _ = line_of(2, **small())
    settle(program)
    with database_refuses("queueing_line_forward"):
        Line.objects.filter(program=program).update(placed=1)
