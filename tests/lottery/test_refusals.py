"""What the database refuses about draws, to the application's role, whatever a page would have said."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from lottery import announcing, freezing, revealing
from lottery.allotting import allot
from lottery.models import (
    Allotment,
    Declaration,
    Draw,
    DrawState,
    Entry,
    Excluded,
    Figure,
    Piece,
    Prize,
    PrizeCap,
    Result,
)
from queueing import awarding
from tests.factories import make_user
from tests.lottery.draws import HOUR, lay, pooled

Refuses = Callable[[str], AbstractContextManager[None]]

pytestmark = pytest.mark.django_db


def execute(statement: str, *parameters: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)


def test_a_draw_takes_its_steps_in_order(database_refuses: Refuses) -> None:
    program, _ = pooled(5)
    table = lay(program)
    steps: list[tuple[Callable[[], object], set[DrawState]]] = [
        (lambda: None, {DrawState.ANNOUNCED}),
        (table.announce, {DrawState.FROZEN, DrawState.VOID, DrawState.NOT_COMPLETED}),
        (
            lambda: freezing.freeze(draw_id=table.id, now=table.frozen),
            {DrawState.REVEALED, DrawState.NOT_COMPLETED},
        ),
        (lambda: revealing.reveal(draw_id=table.id, now=table.revealed), {DrawState.DRAWN, DrawState.NOT_COMPLETED}),
    ]
    for step, possible in steps:
        step()
        for state in set(DrawState) - possible - {table.read().state}:
            with database_refuses("lottery_draw_steps"):
                Draw.objects.filter(pk=table.id).update(state=state)


def test_a_draw_begins_as_a_draft(database_refuses: Refuses) -> None:
    program, _ = pooled(2)
    now = timezone.now()
    times: dict[str, Any] = {"registered_until": now, "freezes_at": now, "reveals_at": now + HOUR}
    with database_refuses("lottery_draw_steps"):
        Draw.objects.create(
            program=program,
            code="AHEAD",
            name="Ahead",
            state="announced",
            announced_at=now,
            announced_by=make_user(),
            commitment="0" * 64,
            fund_minor=1,
            **times,
        )


@pytest.mark.parametrize(
    "change",
    [
        {"name": "Another"},
        {"registered_until": timezone.now() - timedelta(days=1)},
        {"paid_included": False},
        {"reveals_at": timezone.now() + timedelta(days=30)},
        {"reserves": 100},
        {"fund_minor": 1},
        {"commitment": "0" * 64},
        {"code": "ANOTHER"},
        {"sealed_secret": b"another"},
    ],
    ids=lambda change: next(iter(change)),
)
def test_what_was_announced_is_locked(database_refuses: Refuses, change: dict[str, Any]) -> None:
    program, _ = pooled(2)
    table = lay(program)
    table.announce()
    with database_refuses("lottery_draw_locked"):
        Draw.objects.filter(pk=table.id).update(**change)
    with database_refuses("lottery_draw_locked"):
        Draw.objects.filter(pk=table.id).update(state="frozen", frozen_at=timezone.now(), **change)


def test_prizes_and_figures_are_locked_too(database_refuses: Refuses) -> None:
    program, _ = pooled(2)
    table = lay(program)
    table.announce()
    figures, prizes = Figure.objects.filter(draw=table.id), Prize.objects.filter(draw=table.id)
    with database_refuses("lottery_prize_locked"):
        prizes.update(amount_minor=1)
    with database_refuses("lottery_prize_locked"):
        prizes.delete()
    with database_refuses("lottery_prize_locked"):
        Prize.objects.create(draw=table.draw, position=9, name="More", amount_minor=1)
    with database_refuses("lottery_figure_locked"):
        figures.update(published_at=timezone.now() + timedelta(days=3))
    with database_refuses("lottery_figure_locked"):
        figures.filter(position=0).update(name="other")
    with database_refuses("lottery_figure_locked"):
        figures.delete()
    with database_refuses("lottery_figure_locked"):
        Figure.objects.create(draw=table.draw, position=9, name="more", published_at=timezone.now())
    with database_refuses("lottery_draw_locked"):
        execute("DELETE FROM lottery_draw WHERE id = %s", table.id)


def test_a_draft_may_go(database_refuses: Refuses) -> None:
    program, _ = pooled(2)
    table = lay(program)
    with database_refuses("lottery_draw_steps"):
        Draw.objects.filter(pk=table.id).update(state="frozen")
    Prize.objects.filter(draw=table.id).delete()
    Figure.objects.filter(draw=table.id).delete()
    table.draw.delete()


def test_a_prize_is_within_its_cap(database_refuses: Refuses) -> None:
    program, _ = pooled(2)
    table = lay(program)
    Prize.objects.create(draw=table.draw, position=7, name="Most", amount_minor=5_000_000)
    with database_refuses("lottery_prize_within_cap"):
        Prize.objects.create(draw=table.draw, position=8, name="Beyond", amount_minor=5_000_001)
    PrizeCap.objects.all().delete()
    with database_refuses("lottery_prize_within_cap"):
        Prize.objects.create(draw=table.draw, position=8, name="None", amount_minor=1)


def test_another_secret_is_not_revealed(database_refuses: Refuses) -> None:
    program, _ = pooled(2)
    table = lay(program)
    table.freeze()
    gone = {"sealed_secret": None, "sealed_secret_key": None, "sealed_epoch": None}
    with database_refuses("lottery_draw_secret_is_the_committed"):
        Draw.objects.filter(pk=table.id).update(state="revealed", revealed_at=table.revealed, secret=bytes(32), **gone)


def test_the_pool_stays_as_it_was_frozen(database_refuses: Refuses) -> None:
    program, registrations = pooled(5)
    table = lay(program)
    table.freeze()
    extra = {"draw": table.draw, "registration_id": registrations[0] + 10_000, "leaf": "0" * 64}
    with database_refuses("lottery_entry_once"):
        Entry.objects.create(index=5, **extra)
    with database_refuses("lottery_excluded_once"):
        Excluded.objects.create(**extra)
    with database_refuses("lottery_piece_in_turn"):
        Piece.objects.create(draw=table.draw, file="pool", number=1, content=b"6\t\n")
    for table_name in ("lottery_entry", "lottery_excluded", "lottery_piece", "lottery_result"):
        with database_refuses(f"permission denied for table {table_name}"):
            execute(f"DELETE FROM {table_name}")
        with database_refuses(f"permission denied for table {table_name}"):
            execute(f"UPDATE {table_name} SET draw_id = draw_id")
    with database_refuses("lottery_draw_locked"):
        Draw.objects.filter(pk=table.id).update(pool_hash="0" * 64)


def test_nothing_of_a_pool_is_written_but_by_a_freeze(database_refuses: Refuses) -> None:
    program, registrations = pooled(5)
    table = lay(program)
    table.announce()
    extra = {"draw": table.draw, "registration_id": registrations[0], "leaf": "0" * 64}
    with database_refuses("lottery_entry_frozen"):
        Entry.objects.create(index=0, **extra)
    with database_refuses("lottery_entry_once"):
        Entry.objects.create(index=3, **extra)
    with database_refuses("lottery_piece_frozen"):
        Piece.objects.create(draw=table.draw, file="pool", number=0, content=b"")
    with database_refuses("lottery_piece_in_turn"):
        Piece.objects.create(draw=table.draw, file="pool", number=1, content=b"")
    with database_refuses("lottery_excluded_once"):
        Excluded.objects.create(**extra)
    frozen = {"state": "frozen", "frozen_at": timezone.now(), "pool_hash": "0" * 64}
    with database_refuses("lottery_draw_frozen_complete"):
        Draw.objects.filter(pk=table.id).update(entries=5, **frozen)
    with database_refuses("lottery_draw_frozen_complete"):
        Draw.objects.filter(pk=table.id).update(entries=0, **frozen)


def test_a_draw_runs_once(database_refuses: Refuses) -> None:
    program, _ = pooled(7)
    table = lay(program)
    table.reveal()
    entry = Entry.objects.get(draw=table.draw, index=0)
    result: dict[str, Any] = {"draw": table.draw, "registration_id": entry.registration_id, "leaf": entry.leaf}
    with database_refuses("lottery_result_drawn"):
        Result.objects.create(rank=0, index=0, **result)
    with database_refuses("lottery_result_once"):
        Result.objects.create(rank=1, index=0, **result)
    with database_refuses("lottery_result_of_the_pool"):
        Result.objects.create(rank=0, index=1, **result)
    with database_refuses("lottery_draw_figures_confirmed"):
        Draw.objects.filter(pk=table.id).update(state="drawn", drawn_at=table.published)
    table.enter()
    with database_refuses("lottery_draw_drawn_complete"):
        Draw.objects.filter(pk=table.id).update(state="drawn", drawn_at=table.published)


def test_a_draw_that_is_drawn_is_not_drawn_again(database_refuses: Refuses) -> None:
    program, _ = pooled(7)
    table = lay(program)
    table.draw_up()
    left = Entry.objects.exclude(index__in=[result.index for result in table.results()]).first()
    assert left is not None
    with database_refuses("lottery_result_once"):
        Result.objects.create(
            draw=table.draw, rank=5, index=left.index, registration_id=left.registration_id, leaf=left.leaf
        )
    with database_refuses("lottery_draw_steps"):
        Draw.objects.filter(pk=table.id).update(state="revealed", drawn_at=None)
    with database_refuses("lottery_draw_verified_complete"):
        Draw.objects.filter(pk=table.id).update(state="verified", verified_at=table.published)
    with database_refuses("lottery_piece_verified"):
        Piece.objects.create(draw=table.draw, file="bundle", number=0, content=b"PK")


def test_nobody_enters_figures_alone(database_refuses: Refuses) -> None:
    program, _ = pooled(2)
    table = lay(program)
    table.announce()
    figures = Figure.objects.filter(draw=table.id, position=0)
    entered = {"value": "1", "entered_by": table.organizer, "entered_at": table.published}
    with database_refuses("lottery_figure_too_early"):
        figures.update(**entered)
    freezing.freeze(draw_id=table.id, now=table.frozen)
    with database_refuses("lottery_figure_too_early"):
        figures.update(**{**entered, "entered_at": table.published - HOUR})
    with database_refuses("lottery_figure_two_steps"):
        figures.update(**entered, confirmed_by=table.checker, confirmed_at=table.published)
    figures.update(**entered)
    with database_refuses("lottery_figure_two_people"):
        figures.update(confirmed_by=table.organizer, confirmed_at=table.published)
    with database_refuses("lottery_figure_two_people"):
        figures.update(confirmed_at=table.published)
    figures.update(confirmed_by=table.checker, confirmed_at=table.published)
    with database_refuses("lottery_figure_final"):
        figures.update(value="2")
    with database_refuses("lottery_figure_final"):
        figures.update(value="", entered_by=None, entered_at=None, confirmed_by=None, confirmed_at=None)


def test_nobody_is_paid_before_the_certificate(database_refuses: Refuses) -> None:
    program, registrations = pooled(7)
    table = lay(program)
    table.verify()
    winner = table.results()[0].registration_id
    now = timezone.now()
    with database_refuses("lottery_award_certified"):
        awarding.award_drawn(program_id=program.pk, draw_id=table.id, amounts_minor={winner: 50_000}, now=now)
    with database_refuses("lottery_award_certified"):
        awarding.award_drawn(program_id=program.pk, draw_id=table.id + 1, amounts_minor={winner: 50_000}, now=now)
    with database_refuses("lottery_draw_certified_by_a_second_person"):
        Draw.objects.filter(pk=table.id).update(state="certified", certified_by=table.organizer, certified_at=now)
    assert registrations


def test_a_certified_draw_pays_its_results_and_its_prizes(database_refuses: Refuses) -> None:
    program, _ = pooled(7)
    table = lay(program)
    table.certify()
    results = table.results()
    others = set(Entry.objects.values_list("registration_id", flat=True)) - {r.registration_id for r in results}
    now = timezone.now()
    for registration, amount_minor in ((others.pop(), 50_000), (results[3].registration_id, 50_001)):
        with database_refuses("lottery_award_certified"):
            awarding.award_drawn(
                program_id=program.pk, draw_id=table.id, amounts_minor={registration: amount_minor}, now=now
            )


def test_a_reserve_is_not_paid_beside_the_winners(database_refuses: Refuses) -> None:
    program, _ = pooled(7)
    table = lay(program)
    table.certify()
    with database_refuses("lottery_award_allotted"):
        awarding.award_drawn(
            program_id=program.pk,
            draw_id=table.id,
            amounts_minor={table.results()[3].registration_id: 10_000},
            now=timezone.now(),
        )


def test_an_allotment_is_of_one_prize_result_and_award(database_refuses: Refuses) -> None:
    program, _ = pooled(7)
    table = lay(program)
    table.certify()
    first = Allotment.objects.get(draw=table.id, number=0)
    reserve = table.results()[3]
    same: dict[str, Any] = {"draw": table.draw, "number": 0, "prize": first.prize, "allotted_at": timezone.now()}
    with database_refuses("lottery_allotment_fits"):
        Allotment.objects.create(result=reserve, award=first.award, **same)
    with database_refuses("lottery_allotment_one_living"):
        [award] = awarding.award_drawn(
            program_id=program.pk,
            draw_id=table.id,
            amounts_minor={reserve.registration_id: first.prize.amount_minor},
            now=timezone.now(),
        ).values()
        Allotment.objects.create(result=reserve, award_id=award, **same)
    ended = {"ended_at": timezone.now(), "end_reason": "x"}
    with database_refuses("lottery_allotment_fits"):
        Allotment.objects.create(result=reserve, **{**same, "number": 1}, **ended)
    with database_refuses("lottery_allotment_ends_once"):
        Allotment.objects.filter(pk=first.pk).update(number=1)
    with database_refuses("permission denied for table lottery_allotment"):
        execute("DELETE FROM lottery_allotment")


def test_nobody_is_passed_over_who_stands(database_refuses: Refuses) -> None:
    program, _ = pooled(7)
    table = lay(program)
    table.verify()
    prize = Prize.objects.get(draw=table.id, position=0)
    Draw.objects.filter(pk=table.id).update(state="certified", certified_by=table.checker, certified_at=table.published)
    first, second = table.results()[:2]
    with database_refuses("lottery_allotment_in_order"):
        [award] = awarding.award_drawn(
            program_id=program.pk,
            draw_id=table.id,
            amounts_minor={second.registration_id: prize.amount_minor},
            now=table.published,
        ).values()
        Allotment.objects.create(
            draw=table.draw, number=0, prize=prize, result=second, award_id=award, allotted_at=table.published
        )
    with database_refuses("lottery_allotment_of_the_standing"):
        Allotment.objects.create(
            draw=table.draw,
            number=0,
            prize=prize,
            result=first,
            allotted_at=table.published,
            ended_at=table.published,
            end_reason="not_standing",
        )
    allot(table.read(), range(3), table.published)


def test_a_prize_passes_on_with_the_end_of_its_award(database_refuses: Refuses) -> None:
    program, _ = pooled(7)
    table = lay(program)
    table.certify()
    living = Allotment.objects.filter(draw=table.id, number=0)
    with database_refuses("lottery_allotment_ends_with_its_award"):
        living.update(ended_at=timezone.now(), end_reason="withdrawn")


def test_a_draw_ends_at_its_times(database_refuses: Refuses) -> None:
    program, _ = pooled(2)
    table = lay(program)
    table.announce()
    ends = {"sealed_secret": None, "sealed_secret_key": None, "sealed_epoch": None, "end_reason": "not_certified"}
    draw = Draw.objects.filter(pk=table.id)
    with database_refuses("lottery_draw_void_before_the_freeze"):
        draw.update(state="void", ended_by=table.checker, ended_at=table.frozen, **ends)
    freezing.freeze(draw_id=table.id, now=table.frozen)
    with database_refuses("lottery_draw_not_completed_in_time"):
        draw.update(state="not_completed", ended_at=table.revealed + timedelta(days=6, hours=23), **ends)


def test_an_ended_draw_stays_ended(database_refuses: Refuses) -> None:
    program, _ = pooled(2)
    table = lay(program)
    table.announce()
    announcing.void(draw_id=table.id, by_id=table.checker, reason="A prize was misprinted.", now=timezone.now())
    for state in ("draft", "announced", "frozen", "not_completed"):
        with database_refuses("lottery_draw_steps"):
            Draw.objects.filter(pk=table.id).update(state=state)
    with database_refuses("lottery_draw_locked"):
        Draw.objects.filter(pk=table.id).update(end_reason="Another")


def test_a_declaration_ends_once(database_refuses: Refuses) -> None:
    program, _ = pooled(2)
    now = timezone.now()
    declaration = Declaration.objects.create(
        program=program, kind="staff", first_number=1, last_number=2, declared_by=make_user(), declared_at=now
    )
    living = Declaration.objects.filter(pk=declaration.pk)
    with database_refuses("lottery_declaration_stays"):
        living.update(last_number=1)
    with database_refuses("lottery_declaration_ends_with_the_hand_over"):
        living.update(ended_at=now, ended_by=declaration.declared_by)
    with database_refuses("permission denied for table lottery_declaration"):
        execute("DELETE FROM lottery_declaration")


def test_no_table_can_be_put_before_those_that_the_rules_read(database_refuses: Refuses) -> None:
    program, _ = pooled(2)
    table = lay(program)
    table.announce()
    database = connection.settings_dict["NAME"]
    with database_refuses(f'permission denied to create temporary tables in database "{database}"'):
        execute("CREATE TEMPORARY TABLE lottery_draw AS SELECT * FROM lottery_draw")
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT proname FROM pg_proc WHERE starts_with(proname, 'lottery_')"
            " AND NOT coalesce('search_path=public, pg_temp' = ANY (proconfig), false)"
        )
        assert cursor.fetchall() == []
