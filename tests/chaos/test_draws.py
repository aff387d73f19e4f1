"""A draw cut off at every boundary of every step, once each; the next tick or click goes on, and nothing runs twice."""

import re
from contextlib import suppress

import pytest
from django.utils import timezone

from cashback.env import ROOT
from cashback.lib import books
from cashback.lib.failpoints import KILLED
from lottery import announcing, certifying, revealing, ticking
from lottery.holding import DrawStateRefuses
from lottery.models import Allotment, DrawState, Entry, Piece, Result
from payouts import collecting, sweeping
from queueing.models import Award
from tests.chaos.lives import run_apart
from tests.lottery.draws import DAY, Table, lay, pooled
from tests.queueing.lines import leave

CALL = re.compile(r'^\s+failpoint\("(draw\.[^"]*)"\)$', re.MULTILINE)
BOUNDARIES = sorted({name for path in (ROOT / "lottery").rglob("*.py") for name in CALL.findall(path.read_text())})


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("boundary", BOUNDARIES)
def test_cut_off_there_a_draw_goes_on_and_runs_once(boundary: str) -> None:
    program, registrations = pooled(4)
    table, forgotten = lay(program), lay(program)

    def go_on() -> None:
        for each in (table, forgotten):
            with suppress(DrawStateRefuses):
                announcing.announce(draw_id=each.id, by_id=each.organizer, now=timezone.now())
        for now in (forgotten.frozen, forgotten.revealed):
            ticking.tick(now=now)
        _enter(table)
        ticking.tick(now=table.published)
        with suppress(DrawStateRefuses):
            certifying.certify(draw_id=table.id, by_id=table.checker, now=table.published)
        collecting.collect(program_id=program.pk, now=timezone.now())
        if not Allotment.objects.exclude(ended_at=None).exists():
            leave(table.results()[0].registration_id)
        sweeping.cancel_withdrawn(now=timezone.now())
        ticking.tick(now=table.revealed + 8 * DAY)
        collecting.collect(program_id=program.pk, now=timezone.now())

    assert run_apart(go_on, boundary) == KILLED, f"{boundary} was never reached"
    go_on()
    assert books.breaches(timezone.now()) == []
    assert table.read().state == DrawState.CERTIFIED
    assert forgotten.read().state == DrawState.NOT_COMPLETED
    assert Entry.objects.filter(draw=table.id).count() == len(registrations)
    assert Result.objects.filter(draw=table.id).count() == 4
    assert Piece.objects.filter(draw=table.id).count() == 2
    assert Award.objects.filter(source="draw").count() == 4
    living = Allotment.objects.filter(ended_at=None).order_by("number")
    assert [allotment.result.rank for allotment in living] == [3, 1, 2]


def _enter(table: Table) -> None:
    for figure, (_, value) in zip(table.figures(), table.values, strict=True):
        with suppress(revealing.FigureConfirmed, DrawStateRefuses):
            revealing.enter_figure(figure_id=figure.pk, value=value, by_id=table.organizer, now=table.published)
            revealing.confirm_figure(figure_id=figure.pk, value=value, by_id=table.checker, now=table.published)
