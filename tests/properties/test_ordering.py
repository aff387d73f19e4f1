"""Cohort and line against a model that goes through the places one by one."""

from dataclasses import dataclass, field
from datetime import timedelta

import pytest
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cards.models import Program, Rule
from queueing import closing, ordering
from queueing.lines import ensure_line
from tests.factories import make_dealer, make_program, sell
from tests.queueing.lines import Awards, arrive_at_once, awards_of, cycles_of, leave, places_of

CARDS = 40


@dataclass
class Model:
    """The rule as docs/ratio.md words it, place by place."""

    rule: str
    size: int
    payouts: int
    arrived: int = 0
    placed: int = 0
    closed: int = 0
    gone: set[int] = field(default_factory=set)
    paid: set[int] = field(default_factory=set)
    cash: Awards = field(default_factory=dict)
    gifts: Awards = field(default_factory=dict)

    def settle(self) -> None:
        self.placed = self.arrived
        while (self.closed + 1) * self.size <= self.placed:
            self._close((self.closed + 1) * self.size, self.payouts)

    def close(self) -> None:
        self.settle()
        first = self.closed * self.size + 1
        if first <= self.placed:
            standing = len(set(range(first, self.placed + 1)) - self.gone)
            self._close(self.placed, self.payouts * standing // self.size)

    def _close(self, last: int, quota: int) -> None:
        own = [place for place in range(self.closed * self.size + 1, last + 1) if place not in self.gone]
        everybody = [place for place in range(1, last + 1) if place not in self.gone | self.paid]
        paid = (own if self.rule == Rule.COHORT else everybody)[:quota]
        self.closed += 1
        self.paid.update(paid)
        self._note(self.cash, paid)
        self._note(self.gifts, [place for place in own if place not in self.paid])

    def _note(self, awards: Awards, places: list[int]) -> None:
        if places:
            awards[self.closed] = places


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("arrive"), st.integers(1, 15)),
        st.tuples(st.just("leave"), st.integers(0, CARDS - 1)),
        st.tuples(st.just("pass"), st.just(0)),
    ),
    max_size=14,
)


@pytest.mark.django_db
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rule=st.sampled_from(list(Rule)),
    shape=st.sampled_from([(5, 2), (5, 5), (3, 1), (1, 1), (7, 4)]),
    chunk=st.sampled_from([1, 10, 20_000]),
    steps=STEPS,
    closes=st.booleans(),
)
def test_the_pass_does_what_the_rule_says(  # noqa: PLR0917  (hypothesis gives them by name)
    monkeypatch: pytest.MonkeyPatch,
    rule: Rule,
    shape: tuple[int, int],
    chunk: int,
    steps: list[tuple[str, int]],
    closes: bool,
) -> None:
    size, payouts = shape
    model = Model(rule, size, payouts)
    past = timezone.now() - timedelta(days=200)
    program = make_program(
        rule=rule,
        cycle_size=size,
        payouts_per_cycle=payouts,
        card_price_minor=11_000,
        now=past,
        closes_on=timezone.localdate(),
    )
    ensure_line(program.pk)
    cards = sell(program, make_dealer(), CARDS, now=past)
    registrations: list[int] = []
    monkeypatch.setattr(ordering, "CHUNK_MAX", chunk)
    for step, number in steps:
        if step == "arrive":
            arriving = cards[len(registrations) : len(registrations) + number]
            registrations += arrive_at_once(arriving) if arriving else []
            model.arrived = len(registrations)
        elif step == "leave" and number < len(registrations) and number + 1 not in model.gone:
            leave(registrations[number])
            model.gone.add(number + 1)
        elif step == "pass":
            ordering.run_pass(program_id=program.pk)
            model.settle()
            compare(program, model, registrations)
    if closes:
        closing.close_program(program_id=program.pk, now=timezone.now())
        model.close()
        compare(program, model, registrations)


def compare(program: Program, model: Model, registrations: list[int]) -> None:
    assert places_of(program) == registrations[: model.placed]
    assert len(cycles_of(program)) == model.closed
    assert awards_of(program, "cash") == model.cash
    assert awards_of(program, "gift") == model.gifts
