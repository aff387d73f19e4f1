"""Draws as the tests need them: of registrations that have places, taken as far as a test is about."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from cards.models import Program
from cashback.accounts.models import Role
from lottery import announcing, certifying, drawing_up, freezing, funding, revealing
from lottery.models import Draw, Figure, Prize, Result
from tests.factories import make_user
from tests.queueing.lines import line_of, settle, small

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
FIGURES = (("index", "3000.12"), ("lotto", "7 9 13"))
_MADE = iter(range(1, 1_000_000))


@dataclass
class Table:
    """A draw, the two people who run it and the moments at which its steps are due."""

    draw: Draw
    values: Sequence[tuple[str, str]]
    organizer: int = field(default_factory=lambda: make_user(Role.ORGANIZER).pk)
    checker: int = field(default_factory=lambda: make_user(Role.CHECKER).pk)

    @property
    def id(self) -> int:
        """The draw's id."""
        return self.draw.pk

    @property
    def frozen(self) -> datetime:
        """When the pool is frozen."""
        return self.draw.freezes_at

    @property
    def revealed(self) -> datetime:
        """When the secret is revealed."""
        return self.draw.reveals_at

    @property
    def published(self) -> datetime:
        """When the figures are published."""
        return self.draw.reveals_at

    def announce(self) -> Draw:
        """Announce, by the organizer."""
        announcing.announce(draw_id=self.id, by_id=self.organizer, now=timezone.now())
        return self.read()

    def freeze(self) -> Draw:
        """Announce and freeze."""
        self.announce()
        freezing.freeze(draw_id=self.id, now=self.frozen)
        return self.read()

    def reveal(self) -> Draw:
        """Everything up to the reveal."""
        self.freeze()
        revealing.reveal(draw_id=self.id, now=self.revealed)
        return self.read()

    def enter(self) -> None:
        """Two people enter the figures."""
        for figure, (_, value) in zip(self.figures(), self.values, strict=True):
            revealing.enter_figure(figure_id=figure.pk, value=value, by_id=self.organizer, now=self.published)
            revealing.confirm_figure(figure_id=figure.pk, value=value, by_id=self.checker, now=self.published)

    def draw_up(self) -> Draw:
        """Everything up to the draw."""
        self.reveal()
        self.enter()
        drawing_up.draw_up(draw_id=self.id, now=self.published)
        return self.read()

    def verify(self) -> Draw:
        """Everything up to the verification."""
        self.draw_up()
        drawing_up.verify(draw_id=self.id, now=self.published)
        return self.read()

    def certify(self) -> Draw:
        """Everything up to the certificate, by the checker."""
        self.verify()
        certifying.certify(draw_id=self.id, by_id=self.checker, now=self.published)
        return self.read()

    def read(self) -> Draw:
        """The draw as it is now."""
        self.draw = Draw.objects.get(pk=self.id)
        return self.draw

    def figures(self) -> list[Figure]:
        """Its figures in order."""
        return list(self.draw.figures.order_by("position"))

    def results(self) -> list[Result]:
        """Its results in order."""
        return list(Result.objects.filter(draw=self.draw).order_by("rank"))


def pooled(registrations: int = 7) -> tuple[Program, list[int]]:
    """A program of small cycles with that many registrations in line, and their ids in order of place."""
    program, ids = line_of(registrations, **small())
    settle(program)
    return program, ids


def lay(
    program: Program, *, fund: int | None = None, values: Sequence[tuple[str, str]] = FIGURES, **given: Any
) -> Table:
    """A draft: prizes of 500.00 and twice 100.00 and two reserves unless given; its fund is paid in (or `fund`)."""
    prizes: Sequence[tuple[int, int]] = given.pop("prizes", [(50_000, 1), (10_000, 2)])
    now = timezone.now()
    figures: dict[str, Any] = {
        "code": f"DRAW-{next(_MADE)}",
        "name": "Summer",
        "name_zh": "夏季",
        "registered_until": now,
        "freezes_at": now + HOUR,
        "reveals_at": now + 3 * HOUR,
        "reserves": 2,
        **given,
    }
    draw = Draw.objects.create(program=program, **figures)
    for position, (amount_minor, count) in enumerate(prizes):
        Prize.objects.create(
            draw=draw, position=position, name=f"Prize {position + 1}", amount_minor=amount_minor, count=count
        )
    for position, (name, _) in enumerate(values):
        Figure.objects.create(draw=draw, position=position, name=name, published_at=draw.reveals_at)
    table = Table(draw, values)
    total = sum(amount_minor * count for amount_minor, count in prizes)
    if paid_in := total if fund is None else fund:
        funding.pay_in_prize_fund(
            program_id=program.pk, amount_minor=paid_in, reference=f"BANK-{draw.code}", by_id=table.organizer, now=now
        )
    return table
