"""Public numbers and coverage, worked by hand."""

from datetime import timedelta

import pytest
from django.utils import timezone

from cards.models import Program
from cashback.ledger.models import Kind
from payouts import collecting, selectors
from payouts.models import Collection, Gift, Tally
from queueing import ordering
from queueing.models import Award, Cycle, Line, Place
from tests.factories import make_program, sold_cards
from tests.payouts.banking import SMALL, Bank, closed, sent
from tests.queueing.holders import enter

pytestmark = pytest.mark.django_db


def numbers(program: Program) -> selectors.ProgramNumbers:
    return selectors.program_numbers(program, timezone.now())


def test_a_program_without_cards_owes_nothing() -> None:
    program = make_program()
    found = numbers(program)
    assert (found.sold, found.registered, found.coverage) == (0, 0, 10_000)


def test_the_numbers_of_a_program_on_its_way(bank: Bank) -> None:
    line = closed(cycles=2, more=3)
    bank.books(sent(line.program)[:3])
    found = numbers(line.program)
    assert (found.sold, found.registered, found.placed, found.cycles_closed) == (13, 13, 13, 2)
    assert (found.cash_awards, found.gift_awards) == (4, 6)
    assert (found.refunded, found.refunded_minor, found.pending, found.waiting) == (3, 30_000, 1, 3)
    assert (found.currency, found.face_value_minor, found.rule) == ("CNY", 10_000, "cohort")


def test_who_registered_after_the_last_pass_is_counted() -> None:
    program, cards = sold_cards(6, **SMALL)
    for card in cards:
        enter(card)
    assert (numbers(program).registered, numbers(program).placed, numbers(program).waiting) == (6, 0, 6)


def test_coverage_before_anybody_registers_is_exact() -> None:
    # Seven cards reserve ceil(2 x 100.00 x 7 / 5) = 280.00 and ceil(3 x 10.00 x 7 / 5) = 42.00. If all seven stood:
    # one cycle of 2 faces and 3 gifts, and of two more cards floor(2 x 2 / 5) = 0 faces and 2 gifts: 250.00.
    program, _ = sold_cards(7, **SMALL)
    assert numbers(program).coverage == 32_200 * 10_000 // 25_000


def test_coverage_of_whole_cycles_is_ten_thousand() -> None:
    program, _ = sold_cards(10, **SMALL)
    assert selectors.coverage(program) == 10_000


def test_coverage_counts_what_is_awarded_and_not_collected_the_same() -> None:
    program, cards = sold_cards(10, **SMALL)
    for card in cards[:5]:
        enter(card)
    ordering.run_pass(program_id=program.pk)
    assert selectors.coverage(program) == 10_000
    assert numbers(program).cash_awards == 2
    collecting.collect_all(now=timezone.now())
    # 230.00 reserved for the second cycle and 30.00 for the first one's gifts.
    assert selectors.coverage(program) == 10_000
    assert numbers(program).cash_awards == 2


def test_coverage_under_the_rule_line_counts_a_gift_for_everybody() -> None:
    program, _ = sold_cards(10, cycle_size=5, payouts_per_cycle=2, card_price_minor=5_000, rule="line")
    assert selectors.coverage(program) == (40_000 + 10_000) * 10_000 // (40_000 + 10_000)


@pytest.mark.usefixtures("unbalanced")
def test_the_broken_face_of_the_last_cycle_goes_to_its_gifts() -> None:
    """Five and a half cycles' worth is not there: four of five cards stand in a last cycle, paying floor(2 x 4 / 5)."""
    line = closed(more=4)
    program = line.program
    now = timezone.now()
    reserve = line.balance(Kind.CASH_RESERVE)
    assert (reserve, line.balance(Kind.GIFT_RESERVE)) == (16_000, 3_000 + 2_400)
    close_last_cycle(program, standing=4, cash=1)
    collecting.collect_all(now=now)
    # Three gifts at 10.00 join three: 60.00 against 54.00; the unpaid three fifths of a face give the 6.00.
    assert line.balance(Kind.GIFT_RESERVE) == 6_000
    assert line.balance(Kind.CASH_RESERVE) == 16_000 - 10_000 - 600
    assert Gift.objects.count() == 6
    assert Collection.objects.get().cycle == 2
    assert Tally.objects.get().gifts_owed == 6
    assert numbers(program).coverage >= 10_000


def close_last_cycle(program: Program, *, standing: int, cash: int) -> None:
    """As closing the program does: the last, incomplete cycle gets its verdicts."""
    now = timezone.now()
    first = program.cycle_size + 1
    Program.objects.filter(pk=program.pk).update(state="closed", closed_at=now)
    for place in Place.objects.filter(program=program, place__gte=first).order_by("place"):
        paid = place.place < first + cash
        Award.objects.create(
            registration_id=place.registration_id,
            program=program,
            source="cycle",
            source_id=2,
            place=place.place,
            kind="cash" if paid else "gift",
            amount_minor=program.face_value_minor if paid else program.gift_cost_minor,
            awarded_at=now,
        )
    Cycle.objects.create(
        program=program,
        number=2,
        first_place=first,
        last_place=first + standing - 1,
        standing=standing,
        candidates=standing,
        cash_awards=cash,
        gift_awards=standing - cash,
        closed_at=now + timedelta(seconds=1),
    )
    Line.objects.filter(pk=program.pk).update(cycles_closed=2)
