"""Each pair of a bank's verdict and an attempt's state has one answer; none of them pays or refuses twice."""

import pytest

from payouts.deciding import Action, Standing, Word, decide
from payouts.rails.messages import Verdict

STATES = ["sent", "accepted", "confirmed", "refused", "returned", "in_doubt"]
DECIDED = {
    Verdict.ACCEPTED: ["accept", "repeated", "repeated", "contradicts", "repeated", "repeated"],
    Verdict.PENDING: ["accept", "repeated", "repeated", "contradicts", "repeated", "repeated"],
    Verdict.REFUSED: ["refuse", "refuse", "contradicts", "repeated", "contradicts", "refuse"],
    Verdict.PAID: ["confirm", "confirm", "repeated", "doubt_refused", "repeated", "confirm"],
    Verdict.RETURNED: ["wait", "wait", "return", "contradicts", "repeated", "wait"],
    Verdict.DUPLICATE: ["repeated"] * 6,
    Verdict.OTHER: ["repeated"] * 6,
}
OTHER_AMOUNT = {
    Verdict.ACCEPTED: ["contradicts"] * 6,
    Verdict.REFUSED: ["contradicts"] * 6,
    Verdict.PAID: ["doubt", "doubt", "contradicts", "contradicts", "contradicts", "contradicts"],
    Verdict.RETURNED: ["contradicts"] * 6,
}


def word(verdict: Verdict, amount_minor: int | None = 100, currency: str = "CNY", reference: str = "BK-1") -> Word:
    return Word(1, "A1-1-XXXXX", "", verdict, amount_minor, currency, "", reference)


def standing(state: str, reason: str = "no_booking", booking_reference: str = "BK-1") -> Standing:
    return Standing(1, state, reason, 100, "CNY", booking_reference)


@pytest.mark.parametrize("verdict", list(DECIDED))
def test_what_a_verdict_does_in_each_state(verdict: Verdict) -> None:
    assert [decide(word(verdict), standing(state)).value for state in STATES] == DECIDED[verdict]
    assert decide(word(verdict), None) == Action.UNKNOWN


@pytest.mark.parametrize("verdict", list(OTHER_AMOUNT))
@pytest.mark.parametrize("wrong", [{"amount_minor": 99}, {"currency": "EUR"}])
def test_another_amount_or_currency_never_settles(verdict: Verdict, wrong: dict[str, object]) -> None:
    said = word(verdict, **wrong)  # type: ignore[arg-type]
    assert [decide(said, standing(state)).value for state in STATES] == OTHER_AMOUNT[verdict]


def test_a_report_without_an_amount_is_believed() -> None:
    assert decide(word(Verdict.REFUSED, amount_minor=None, currency=""), standing("sent")) == Action.REFUSE


def test_a_refusal_does_not_resolve_a_doubt_about_money_that_moved() -> None:
    assert decide(word(Verdict.REFUSED), standing("in_doubt", "amount_differs")) == Action.CONTRADICTS


def test_two_bookings_with_two_references_are_two_bookings() -> None:
    assert decide(word(Verdict.PAID, reference="BK-2"), standing("confirmed")) == Action.CONTRADICTS
    assert decide(word(Verdict.PAID, reference=""), standing("confirmed")) == Action.REPEATED
