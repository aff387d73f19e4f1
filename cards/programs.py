"""A program's own life: published once its price covers what it promises, never cheapened, its closing only put off."""

from datetime import date, datetime, timedelta

from django.db import transaction
from django.utils import timezone

from cards.models import Program, ProgramState
from cards.reserves import needed_price_minor
from cashback.lib.errors import DomainError
from cashback.lib.money import format_minor

LAST_SALE_BEFORE_CLOSING = timedelta(days=90)


class ProgramUnknown(DomainError):
    """There is no program %(program)s."""

    code = "program_unknown"


class ProgramStateRefuses(DomainError):
    """Program %(program)s is %(state)s; this is not possible any more, or not yet."""

    code = "program_state"


class PriceTooLow(DomainError):
    """At %(price)s a card of %(program)s does not pay for its payouts and gifts: it needs %(needed)s at least."""

    code = "price_too_low"


class FaceBelowGift(DomainError):
    """The face value of %(program)s, %(face)s, is below what a gift may cost, %(gift)s."""

    code = "face_below_gift"


class ClosingNotLater(DomainError):
    """The closing date of %(program)s is announced as %(closes_on)s; it can only be moved later."""

    code = "closing_not_later"


@transaction.atomic
def publish(*, program_id: int, now: datetime) -> Program:
    """Publish a draft. Its figures are locked from then on.

    Raises ProgramUnknown, ProgramStateRefuses, FaceBelowGift, PriceTooLow; the database holds the same gate.
    """
    program = _get(program_id)
    _pass_gate(program)
    _move(program, ProgramState.DRAFT, state=ProgramState.PUBLISHED, published_at=now)
    return _get(program_id)


@transaction.atomic
def move_closing(*, program_id: int, closes_on: date, now: datetime) -> Program:
    """Announce a later closing date. Raises ProgramUnknown, ProgramStateRefuses, ClosingNotLater."""
    program = _get(program_id)
    if closes_on <= max(program.closes_on, timezone.localdate(now)):
        raise ClosingNotLater(program=program.code, closes_on=program.closes_on)
    _move(program, ProgramState.PUBLISHED, closes_on=closes_on)
    return _get(program_id)


def sells_until(program: Program) -> date:
    """The last day on which cards of the program may be sold."""
    return program.closes_on - LAST_SALE_BEFORE_CLOSING


def _pass_gate(program: Program) -> None:
    def figure(amount_minor: int) -> str:
        return format_minor(amount_minor, program.currency)

    if program.face_value_minor < program.gift_cost_minor:
        raise FaceBelowGift(
            program=program.code, face=figure(program.face_value_minor), gift=figure(program.gift_cost_minor)
        )
    needed_minor = needed_price_minor(program)
    if program.card_price_minor < needed_minor:
        raise PriceTooLow(program=program.code, price=figure(program.card_price_minor), needed=figure(needed_minor))


def _move(program: Program, was: ProgramState, **changes: object) -> None:
    """Change the program if it still is as it was read."""
    unchanged = Program.objects.filter(pk=program.pk, state=was, closes_on=program.closes_on)
    if unchanged.update(**changes) != 1:
        current = _get(program.pk)
        raise ProgramStateRefuses(program=current.code, state=current.get_state_display())


def _get(program_id: int) -> Program:
    try:
        return Program.objects.get(pk=program_id)
    except Program.DoesNotExist:
        raise ProgramUnknown(program=program_id) from None
