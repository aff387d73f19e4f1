"""What one line of a bank's answer means for the attempt it names. Pure: knows states, touches nothing.

Files come late, twice and in any order, so that each pair of a verdict and a state has its answer here.
"""

from dataclasses import dataclass
from enum import StrEnum

from payouts.models import Attempt
from payouts.rails.messages import Verdict


class Action(StrEnum):
    """What to do about a line."""

    ACCEPT = "accept"
    CONFIRM = "confirm"
    REFUSE = "refuse"
    RETURN = "return"
    DOUBT = "doubt"  # booked with another amount
    DOUBT_REFUSED = "doubt_refused"  # refused, and booked all the same
    WAIT = "wait"  # a return whose booking is still under way to us
    REPEATED = "repeated"  # says nothing new
    CONTRADICTS = "contradicts"  # changes nothing, and somebody has to look
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Standing:
    """Where an attempt stands."""

    attempt_id: int
    state: str
    reason: str
    amount_minor: int
    currency: str
    booking_reference: str


@dataclass(frozen=True, slots=True)
class Word:
    """What a line says."""

    line_id: int
    end_to_end_id: str
    message_id: str
    verdict: Verdict
    amount_minor: int | None
    currency: str
    reason: str
    reference: str

    @property
    def of_whole_file(self) -> bool:
        """Whether the line speaks of a whole payment file."""
        return not self.end_to_end_id


_OPEN = frozenset({Attempt.State.SENT, Attempt.State.ACCEPTED})
_PAID = frozenset({Attempt.State.CONFIRMED, Attempt.State.RETURNED})


def decide(word: Word, standing: Standing | None) -> Action:
    """What a line does to the attempt it names, as that attempt stands now."""
    if standing is None:
        return Action.UNKNOWN
    differs = word.amount_minor is not None and (word.amount_minor, word.currency) != (
        standing.amount_minor,
        standing.currency,
    )
    match word.verdict:
        case Verdict.PAID:
            return _paid(word, standing, differs=differs)
        case Verdict.RETURNED:
            return _returned(standing, differs=differs)
        case Verdict.REFUSED:
            return _refused(standing, differs=differs)
        case Verdict.ACCEPTED | Verdict.PENDING:
            return _accepted(standing, differs=differs)
        case _:
            return Action.REPEATED


def _paid(word: Word, standing: Standing, *, differs: bool) -> Action:
    if standing.state in _PAID:
        # A booking is told twice (a notice, then the statement); two bookings have two references.
        another = word.reference and standing.booking_reference and word.reference != standing.booking_reference
        return Action.CONTRADICTS if another or differs else Action.REPEATED
    if differs:
        return Action.DOUBT if standing.state in _OPEN else Action.CONTRADICTS
    return Action.DOUBT_REFUSED if standing.state == Attempt.State.REFUSED else Action.CONFIRM


def _returned(standing: Standing, *, differs: bool) -> Action:
    if differs or standing.state == Attempt.State.REFUSED:
        return Action.CONTRADICTS
    if standing.state == Attempt.State.CONFIRMED:
        return Action.RETURN
    return Action.REPEATED if standing.state == Attempt.State.RETURNED else Action.WAIT


def _refused(standing: Standing, *, differs: bool) -> Action:
    if differs or standing.state in _PAID:
        return Action.CONTRADICTS
    if standing.state == Attempt.State.REFUSED:
        return Action.REPEATED
    # In doubt for want of an answer: this is one. In doubt because money moved: a refusal does not undo that.
    silent = standing.state in _OPEN or standing.reason == "no_booking"
    return Action.REFUSE if silent else Action.CONTRADICTS


def _accepted(standing: Standing, *, differs: bool) -> Action:
    if differs or standing.state == Attempt.State.REFUSED:
        return Action.CONTRADICTS
    return Action.ACCEPT if standing.state == Attempt.State.SENT else Action.REPEATED
