"""A program is published once its price covers what it promises, and then keeps its word."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from cards import programs
from cards.models import Program, ProgramState
from cards.reserves import cash_reserve_minor, gift_reserve_minor, needed_price_minor
from tests.factories import make_program

pytestmark = pytest.mark.django_db
Refuses = Callable[[str], AbstractContextManager[None]]


def test_the_price_must_cover_payouts_and_gifts() -> None:
    # 6 x 100.00 / 50 = 12.00 for payouts; 44 x 10.00 / 50 = 8.80 for gifts.
    program = make_program(published=False, card_price_minor=2_079)
    assert needed_price_minor(program) == 2_080
    with pytest.raises(programs.PriceTooLow) as refused:
        programs.publish(program_id=program.pk, now=timezone.now())
    assert "20.80" in refused.value.message
    assert "20.79" in refused.value.message
    Program.objects.filter(pk=program.pk).update(card_price_minor=2_080)
    assert programs.publish(program_id=program.pk, now=timezone.now()).state == ProgramState.PUBLISHED


def test_under_line_everybody_may_cost_a_gift() -> None:
    program = make_program(published=False, rule="line", card_price_minor=2_199)
    assert (program.gifts_per_cycle, needed_price_minor(program)) == (50, 2_200)
    with pytest.raises(programs.PriceTooLow):
        programs.publish(program_id=program.pk, now=timezone.now())


def test_a_gift_may_not_cost_more_than_the_face() -> None:
    program = make_program(published=False, face_value_minor=999, card_price_minor=10_000)
    with pytest.raises(programs.FaceBelowGift) as refused:
        programs.publish(program_id=program.pk, now=timezone.now())
    assert "9.99" in refused.value.message


def test_fractions_are_rounded_up_for_the_holders() -> None:
    program = Program(cycle_size=50, payouts_per_cycle=6, face_value_minor=99, gift_cost_minor=1, rule="cohort")
    # 6 x 99 x 7 / 50 = 83.16; 44 x 1 x 7 / 50 = 6.16
    assert (cash_reserve_minor(program, 7), gift_reserve_minor(program, 7)) == (84, 7)
    assert (cash_reserve_minor(program, 50), gift_reserve_minor(program, 50)) == (594, 44)


def test_a_program_is_published_once() -> None:
    program = make_program()
    with pytest.raises(programs.ProgramStateRefuses):
        programs.publish(program_id=program.pk, now=timezone.now())


def test_the_closing_date_only_moves_later() -> None:
    program = make_program()
    with pytest.raises(programs.ClosingNotLater):
        programs.move_closing(program_id=program.pk, closes_on=program.closes_on, now=timezone.now())
    later = program.closes_on + timedelta(days=1)
    assert programs.move_closing(program_id=program.pk, closes_on=later, now=timezone.now()).closes_on == later


@pytest.mark.parametrize(
    ("ended", "back"),
    [
        ({"state": "closed", "closed_at": timezone.now()}, {"state": "published", "closed_at": None}),
        (
            {"state": "settled", "closed_at": timezone.now(), "settled_at": timezone.now()},
            {"state": "closed", "settled_at": None},
        ),
    ],
    ids=["closed", "settled"],
)
def test_a_programs_life_only_goes_on(ended: dict[str, Any], back: dict[str, Any], database_refuses: Refuses) -> None:
    program = make_program()
    Program.objects.filter(pk=program.pk).update(**ended)
    with database_refuses("cards_program_locked"):
        Program.objects.filter(pk=program.pk).update(**back)


def test_the_database_holds_the_gate(database_refuses: Refuses) -> None:
    program = make_program(published=False, card_price_minor=2_079)
    with database_refuses("cards_program_gate"):
        Program.objects.filter(pk=program.pk).update(state="published", published_at=timezone.now())


@pytest.mark.parametrize(
    "change",
    [
        {"face_value_minor": 20_000},
        {"card_price_minor": 2_601},
        {"gift_cost_minor": 999},
        {"cycle_size": 51},
        {"payouts_per_cycle": 7},
        {"rule": "line"},
        {"currency": "EUR"},
        {"code": "OTHER"},
        {"terms": "other"},
        {"claim_days": 59},
        {"purge_delay_days": 1},
        {"state": "draft", "published_at": None},
    ],
    ids=lambda change: next(iter(change)),
)
def test_what_was_published_is_locked(change: dict[str, Any], database_refuses: Refuses) -> None:
    program = make_program(card_price_minor=2_600)
    with database_refuses("cards_program_locked"):
        Program.objects.filter(pk=program.pk).update(**change)


def test_the_closing_date_is_locked_against_moving_earlier(database_refuses: Refuses) -> None:
    program = make_program()
    with database_refuses("cards_program_locked"):
        Program.objects.filter(pk=program.pk).update(closes_on=program.closes_on - timedelta(days=1))


@pytest.mark.parametrize(
    ("constraint", "change"),
    [
        ("cards_program_code_form", {"code": "lower"}),
        ("cards_program_currency_iso", {"currency": "cny"}),
        ("cards_program_rule_known", {"rule": "other"}),
        ("cards_program_amounts_in_range", {"face_value_minor": 0}),
        ("cards_program_amounts_in_range", {"gift_cost_minor": -1}),
        ("cards_program_payouts_within_cycle", {"payouts_per_cycle": 51}),
        ("cards_program_payouts_within_cycle", {"cycle_size": 0, "payouts_per_cycle": 0}),
        ("cards_program_days_in_range", {"purge_delay_days": 31}),
        ("cards_program_days_in_range", {"claim_days": 0}),
        ("cards_program_state_has_its_time", {"published_at": timezone.now()}),
        ("cards_program_state_has_its_time", {"state": "unheard"}),
    ],
)
def test_the_database_refuses(constraint: str, change: dict[str, Any], database_refuses: Refuses) -> None:
    program = make_program(published=False)
    with database_refuses(constraint):
        Program.objects.filter(pk=program.pk).update(**change)


def test_the_application_deletes_no_program(database_refuses: Refuses) -> None:
    program = make_program(published=False)
    with database_refuses("permission denied for table cards_program"):
        program.delete()
