"""The demo's draws: one that is certified within minutes by two of its people, one that newcomers' cards can be in.

Every step finds in the tables how far the draw is, so a demo that was ended goes on where it was. The draws of whoever
tries the demo are left alone.
"""

from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction

from cards.models import Program
from cashback.accounts.models import Role, User
from cashback.demo.founding import CODE
from cashback.lib.errors import DomainError
from lottery import announcing, certifying, funding, revealing
from lottery.models import Draw, DrawState, Figure, Prize
from queueing.models import Line

PLACED_MIN = 60
FREEZES_AFTER = timedelta(seconds=15)  # the last moment to register
PUBLISHED_AFTER = timedelta(seconds=45)  # a freeze that comes later ends the draw, and the machine may be busy
RESERVES = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class _Plan:
    """A draw of the demo; `open_for` is how long after its announcement cards may still be registered for it."""

    code: str
    name: str
    name_zh: str
    about: str
    about_zh: str
    open_for: timedelta


DRAWS = (
    _Plan(
        code="SPRING-TEA-1",
        name="Spring draw",
        name_zh="春季抽奖",
        about="A small draw over everybody who was registered by the time it was announced.",
        about_zh="公布时已登记的持卡人均可参加的小型抽奖。",
        open_for=timedelta(0),
    ),
    _Plan(
        code="SPRING-TEA-2",
        name="Late spring draw",
        name_zh="暮春抽奖",
        about="Open for half an hour: every card that is registered in time takes part.",
        about_zh="开放半小时：按时登记的卡均可参加。",
        open_for=timedelta(minutes=30),
    ),
)
PRIZES = (
    ("A year of tea", "全年茶礼", 88_800, 1),
    ("A month of tea", "一月茶礼", 18_800, 3),
)
FIGURES = (("tea-index", "3000.12"), ("spring-lotto", "7 9 13"))


def step(*, now: datetime) -> None:
    """Take the demo's draws one step further, the next one only once the one before is certified."""
    for plan in DRAWS:
        draw = Draw.objects.filter(code=plan.code).first()
        if draw is None:
            _begin(plan, now)
        elif draw.state in {DrawState.FROZEN, DrawState.REVEALED}:
            _enter_figures(draw, now)
        elif draw.state == DrawState.VERIFIED:
            certifying.certify(draw_id=draw.pk, by_id=_person(Role.CHECKER), now=now)
        if draw is None or draw.state != DrawState.CERTIFIED:
            return


@transaction.atomic
def _begin(plan: _Plan, now: datetime) -> None:
    program = Program.objects.filter(code=CODE).first()
    if program is None or not Line.objects.filter(pk=program.pk, placed__gte=PLACED_MIN).exists():
        return
    organizer = _person(Role.ORGANIZER)
    until = now + plan.open_for
    draw = Draw.objects.create(
        code=plan.code,
        program=program,
        name=plan.name,
        name_zh=plan.name_zh,
        about=plan.about,
        about_zh=plan.about_zh,
        registered_until=until,
        freezes_at=until + FREEZES_AFTER,
        reveals_at=until + PUBLISHED_AFTER,
        reserves=RESERVES,
    )
    for position, (name, name_zh, amount_minor, count) in enumerate(PRIZES, start=1):
        Prize.objects.create(
            draw=draw, position=position, name=name, name_zh=name_zh, amount_minor=amount_minor, count=count
        )
    for position, (name, _) in enumerate(FIGURES, start=1):
        Figure.objects.create(
            draw=draw,
            position=position,
            name=name,
            source="Invented for this demo",
            published_at=until + PUBLISHED_AFTER,
        )
    funding.pay_in_prize_fund(
        program_id=program.pk,
        amount_minor=announcing.prizes_minor(draw),
        reference=f"DEMO-{plan.code}",
        by_id=organizer,
        now=now,
    )
    announcing.announce(draw_id=draw.pk, by_id=organizer, now=now)


def _enter_figures(draw: Draw, now: datetime) -> None:
    """Both people type what was published; until it is, and once both have, there is nothing to do."""
    published = dict(FIGURES)
    for figure in draw.figures.filter(published_at__lte=now, confirmed_at=None):
        with suppress(DomainError):
            value = published[figure.name]
            revealing.enter_figure(figure_id=figure.pk, value=value, by_id=_person(Role.ORGANIZER), now=now)
            revealing.confirm_figure(figure_id=figure.pk, value=value, by_id=_person(Role.CHECKER), now=now)


def _person(role: Role) -> int:
    """The demo's organizer or checker."""
    return User.objects.get(username=role.value).pk
