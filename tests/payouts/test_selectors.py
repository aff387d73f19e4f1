"""Public numbers and coverage, worked by hand."""

from dataclasses import replace
from datetime import timedelta

import pytest
from django.utils import timezone

from cards.models import Program
from cashback.ledger.models import Kind
from cashback.ledger.posting import AccountKey, balance_minor
from payouts import collecting, selectors
from payouts.models import Collection, Gift, Tally
from queueing import closing, ordering
from tests.factories import make_dealer, make_program, sell, sold_cards
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
def test_coverage_of_a_closing_program_counts_who_waits_for_the_last_cycle(monkeypatch: pytest.MonkeyPatch) -> None:
    past = timezone.now() - timedelta(days=200)
    program = make_program(now=past, closes_on=timezone.localdate(), **SMALL)
    for card in sell(program, make_dealer(), 10, now=past)[:4]:
        enter(card)
    monkeypatch.setattr(closing, "failpoint", interrupt)
    with pytest.raises(InterruptedError):
        closing.close_program(program_id=program.pk, now=timezone.now())
    # Ten cards reserved 460.00; the four that wait cost a face and three gifts.
    assert numbers(program).coverage == 46_000 * 10_000 // 13_000


def interrupt(name: str) -> None:
    raise InterruptedError(name)


@pytest.mark.usefixtures("unbalanced")
def test_the_broken_face_of_the_last_cycle_goes_to_its_gifts() -> None:
    past = timezone.now() - timedelta(days=200)
    program = make_program(now=past, closes_on=timezone.localdate(), **SMALL)
    for card in sell(program, make_dealer(), 9, now=past):
        enter(card)
    ordering.run_pass(program_id=program.pk)
    collecting.collect_all(now=timezone.now())
    # Nine cards reserve 360.00 and 54.00; the first cycle takes 200.00 and owes three gifts.
    assert reserves(program) == (16_000, 5_400)
    closing.close_program(program_id=program.pk, now=timezone.now())
    collecting.collect_all(now=timezone.now())
    # The last four pay floor(2 x 4 / 5) = 1 face and three gifts more: 60.00 in all. The unpaid three fifths of a face
    # are 60.00, of which the gifts need 6.00.
    assert reserves(program) == (16_000 - 10_000 - 600, 6_000)
    assert Gift.objects.count() == Tally.objects.get().gifts_owed == 6
    assert Collection.objects.get().cycle == 2
    found = numbers(program)
    assert (found.waiting, found.cash_awards, found.gift_awards) == (0, 3, 6)
    assert found.coverage == 11_400 * 10_000 // 6_000


def reserves(program: Program) -> tuple[int, int]:
    """Cash reserve and gift reserve."""
    cash = AccountKey(Kind.CASH_RESERVE, program.currency, program.pk)
    return balance_minor(cash), balance_minor(replace(cash, kind=Kind.GIFT_RESERVE))
