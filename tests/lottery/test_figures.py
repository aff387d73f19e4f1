"""Figures: what two people type, or a round of the beacon that anybody can check."""

import json
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import timedelta

import pytest
from django.utils import timezone

from cashback.lib import drand
from cashback.lib.errors import InvalidDetails
from lottery import announcing, drawing_up, freezing, revealing, verify
from lottery.holding import DrawStateRefuses, SecondPersonNeeded
from lottery.models import Draw, DrawState, Figure, Piece
from queueing import epochs
from tests.lib.test_drand import round_file
from tests.lottery.draws import HOUR, Table, lay, pooled

pytestmark = pytest.mark.django_db

Refuses = Callable[[str], AbstractContextManager[None]]
ROUND = 1_000
MADE = drand.published_at(ROUND)


@pytest.fixture
def table() -> Table:
    program, _ = pooled(5)
    table = lay(program, values=[("index", "3000.12")])
    table.freeze()
    return table


def enter(table: Table, value: str, by_id: int) -> Figure:
    return revealing.enter_figure(figure_id=table.figures()[0].pk, value=value, by_id=by_id, now=table.published)


def confirm(table: Table, value: str, by_id: int) -> Figure:
    return revealing.confirm_figure(figure_id=table.figures()[0].pk, value=value, by_id=by_id, now=table.published)


def test_two_people_type_the_same(table: Table) -> None:
    with pytest.raises(revealing.FigureNotEntered):
        confirm(table, "3000.12", table.checker)
    enter(table, "3000.12", table.organizer)
    with pytest.raises(SecondPersonNeeded):
        confirm(table, "3000.12", table.organizer)
    with pytest.raises(revealing.FiguresDiffer):
        confirm(table, "3000.21", table.checker)
    figure = confirm(table, "3000.12", table.checker)
    assert (figure.value, figure.entered_by_id, figure.confirmed_by_id) == ("3000.12", table.organizer, table.checker)
    with pytest.raises(revealing.FigureConfirmed):
        enter(table, "3000.21", table.checker)


def test_a_slip_is_entered_anew_by_either(table: Table) -> None:
    enter(table, "3000.21", table.organizer)
    enter(table, "3000.12", table.checker)
    with pytest.raises(SecondPersonNeeded):
        confirm(table, "3000.12", table.checker)
    confirm(table, "3000.12", table.organizer)


def test_a_figure_waits_until_it_is_published_and_has_a_form(table: Table) -> None:
    early = table.published - timedelta(seconds=1)
    [figure] = table.figures()
    with pytest.raises(revealing.FigureNotPublished):
        revealing.enter_figure(figure_id=figure.pk, value="1", by_id=table.organizer, now=early)
    with pytest.raises(InvalidDetails) as caught:
        enter(table, " 3000", table.organizer)
    assert set(caught.value.errors) == {"value"}
    with pytest.raises(revealing.FigureUnknown):
        revealing.enter_figure(figure_id=0, value="1", by_id=table.organizer, now=table.published)
    with pytest.raises(revealing.NotOfTheBeacon):
        revealing.enter_beacon(figure_id=figure.pk, content=b"", by_id=table.organizer, now=table.published)


def test_no_figure_before_the_freeze() -> None:
    program, _ = pooled(2)
    table = lay(program, values=[("index", "1")])
    table.announce()
    with pytest.raises(DrawStateRefuses):
        enter(table, "1", table.organizer)


def test_a_round_of_the_beacon_is_entered_as_its_file_and_published_with_its_signature() -> None:
    program, _ = pooled(2)
    table = lay(
        program,
        values=[("index", "1"), (drand.figure_name(ROUND), "")],
        registered_until=MADE - 3 * HOUR,
        freezes_at=MADE - 2 * HOUR,
        reveals_at=MADE,
    )
    figure = Figure.objects.get(draw=table.id, position=1)
    Figure.objects.filter(pk=figure.pk).update(beacon_round=ROUND, published_at=MADE)
    announcing.announce(draw_id=table.id, by_id=table.organizer, now=MADE - 4 * HOUR)
    freezing.freeze(draw_id=table.id, now=table.frozen)
    revealing.reveal(draw_id=table.id, now=table.revealed)
    first = table.figures()[0]
    revealing.enter_figure(figure_id=first.pk, value="1", by_id=table.organizer, now=table.published)
    revealing.confirm_figure(figure_id=first.pk, value="1", by_id=table.checker, now=table.published)
    with pytest.raises(revealing.OfTheBeacon):
        revealing.enter_figure(figure_id=figure.pk, value="1", by_id=table.organizer, now=table.published)
    with pytest.raises(drand.WrongRound):
        revealing.enter_beacon(
            figure_id=figure.pk, content=round_file(1_001), by_id=table.organizer, now=table.published
        )
    assert drawing_up.due() == []
    entered = revealing.enter_beacon(
        figure_id=figure.pk, content=round_file(ROUND), by_id=table.organizer, now=table.published
    )
    assert entered.value == drand.verify_round(round_file(ROUND)).randomness
    assert (entered.confirmed_by_id, entered.confirmed_at) == (None, table.published)
    drawing_up.draw_up(draw_id=table.id, now=table.published)
    assert drawing_up.verify(draw_id=table.id, now=table.published).state == DrawState.VERIFIED
    bundle = b"".join(bytes(piece.content) for piece in Piece.objects.filter(file="bundle").order_by("number"))
    assert json.dumps(ROUND).encode() in bundle
    assert verify.QUICKNET.encode() in bundle
    drawing_up.expire(draw_id=table.id, now=timezone.now())


def test_no_figure_is_published_after_the_secret(database_refuses: Refuses) -> None:
    program, _ = pooled(2)
    table = lay(program, values=[("index", "1")])
    Figure.objects.filter(draw=table.id).update(published_at=table.revealed + timedelta(seconds=1))
    assert set(announcing.check(draw_id=table.id, now=timezone.now())) == {"figures.0.published_at"}
    with database_refuses("lottery_draw_reveals_last"):
        Draw.objects.filter(pk=table.id).update(
            state="announced",
            fund_minor=announcing.prizes_minor(table.draw),
            commitment="0" * 64,
            sealed_secret=b"s",
            sealed_secret_key=b"k",
            sealed_epoch=epochs.current(timezone.now()),
            announced_by=table.organizer,
            announced_at=timezone.now(),
        )


def test_a_round_that_is_known_at_the_freeze_is_not_announced() -> None:
    program, _ = pooled(2)
    known = drand.round_at(timezone.now())
    table = lay(program, values=[("beacon", "")])
    Figure.objects.filter(draw=table.id).update(beacon_round=known)
    faults = announcing.check(draw_id=table.id, now=timezone.now())
    assert set(faults) == {"figures.0.name", "figures.0.beacon_round"}
