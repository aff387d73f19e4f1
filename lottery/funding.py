"""The prize fund of a program: paid in before a draw is announced, and spoken for until each prize has gone its way."""

from datetime import datetime
from enum import IntEnum
from typing import NamedTuple

from django.db import connection, transaction
from django.db.models import Exists, OuterRef, Q, QuerySet

from cards.models import Program, ProgramState
from cards.programs import ProgramStateRefuses, ProgramUnknown
from cashback.accounts.two_people import require_organizer
from cashback.ledger.models import Event, Kind, Transfer
from cashback.ledger.own_money import NothingToPost, PostedBefore
from cashback.ledger.posting import AccountKey, Leg, post
from cashback.lib.errors import DomainError
from lottery.holding import SecondPersonNeeded, hold
from lottery.models import Draw, DrawState
from lottery.queries import source

REFERENCE_MAX = 64

_SQL = source("funding")


class Lock(IntEnum):
    """What a lock guards; the first of the two integers of its key."""

    FUND = 31  # what a program's draws may promise is counted and promised by one at a time


class ReferenceMissing(DomainError):
    """Give the bank's reference of the payment, in at most 64 characters."""

    code = "reference_missing"


class NoFundToTake(DomainError):
    """This draw takes the fund of no other draw."""

    code = "no_fund_to_take"


class FundNotFree(DomainError):
    """The fund of draw %(draw)s cannot be taken: it is of another program, not left over, or larger than the prizes."""

    code = "fund_not_free"


class Fund(NamedTuple):
    """A program's prize fund, in minor units: what it holds, what draws have promised of it, what is free."""

    balance_minor: int
    committed_minor: int

    @property
    def free_minor(self) -> int:
        """What another draw may promise."""
        return self.balance_minor - self.committed_minor


def fund(*, program_id: int) -> Fund:
    """The program's prize fund as it stands."""
    _, _, balance_minor, committed_minor = _SQL.row("funds", program=program_id)
    return Fund(balance_minor, committed_minor)


def cover_minor(*, program_id: int) -> int:
    """What of the program's prize fund no draw has promised yet, in minor units."""
    return fund(program_id=program_id).free_minor


@transaction.atomic
def pay_in_prize_fund(*, program_id: int, amount_minor: int, reference: str, by_id: int, now: datetime) -> None:
    """Post money that the organizer set aside for a program's draws. `reference` names the bank's entry.

    It never leaves the fund but as prizes, or as what was not awarded. Raises NotAllowed, ProgramUnknown,
    ProgramStateRefuses, ReferenceMissing, NothingToPost, PostedBefore.
    """
    require_organizer(by_id)
    program = Program.objects.filter(pk=program_id).first()
    if program is None:
        raise ProgramUnknown(program=program_id)
    if program.state in {ProgramState.DRAFT, ProgramState.SETTLED}:
        raise ProgramStateRefuses(program=program.code, state=program.get_state_display())
    reference = reference.strip()
    if not 1 <= len(reference) <= REFERENCE_MAX:
        raise ReferenceMissing
    if amount_minor <= 0:
        raise NothingToPost
    if Transfer.objects.filter(event=Event.PRIZE_FUND_PAID_IN, reference=reference).exists():
        raise PostedBefore(reference=reference)
    leg = Leg(debit=AccountKey(Kind.BANK, program.currency), credit=account(program), amount_minor=amount_minor)
    post(event=Event.PRIZE_FUND_PAID_IN, reference=reference, legs=[leg], now=now)


def left_over(*, heir_id: int | None) -> QuerySet[Draw]:
    """Draws whose fund is locked with no draw to spend it: not completed, or void after taking such a fund itself.

    What any other draw than `heir_id` takes, be it as a draft, is not among them.
    """
    heirs = Draw.objects.filter(takes_fund_of=OuterRef("pk"))
    if heir_id is not None:
        heirs = heirs.exclude(pk=heir_id)
    ended = Q(state=DrawState.NOT_COMPLETED) | Q(state=DrawState.VOID, takes_fund_of__isnull=False)
    return Draw.objects.filter(ended).exclude(Exists(heirs))


def fund_to_take(draw: Draw) -> Draw:
    """The draw whose fund this one takes. Raises NoFundToTake, FundNotFree unless it is its program's and left over."""
    old = draw.takes_fund_of
    if old is None:
        raise NoFundToTake
    if not left_over(heir_id=draw.pk).filter(pk=old.pk, program=draw.program_id).exists():
        raise FundNotFree(draw=old.code)
    return old


@transaction.atomic
def approve_fund(*, draw_id: int, by_id: int, now: datetime) -> None:
    """One of two people: the draft may take the fund of the draw it names; the other announces it.

    Raises NotAllowed, DrawUnknown, DrawStateRefuses, NoFundToTake, FundNotFree.
    """
    require_organizer(by_id)
    draw = hold(draw_id, DrawState.DRAFT)
    fund_to_take(draw)
    Draw.objects.filter(pk=draw.pk, state=DrawState.DRAFT).update(fund_approved_by_id=by_id)


def account(program: Program) -> AccountKey:
    """The program's prize fund in the ledger."""
    return AccountKey(Kind.PRIZE_FUND, program.currency, program.pk)


def promise_alone(program_id: int) -> None:
    """Let nobody else promise money of this program's fund until the transaction ends."""
    assert connection.in_atomic_block, "a lock of the transaction needs one"
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [Lock.FUND.value, program_id])


def check_second_person(draw: Draw, by_id: int) -> None:
    """Raise SecondPersonNeeded unless who announces is not who approved the fund that the draw takes."""
    if draw.takes_fund_of_id is not None and draw.fund_approved_by_id == by_id:
        raise SecondPersonNeeded
