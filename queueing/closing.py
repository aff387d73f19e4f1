"""Closing a program: registrations end, the line is settled to its last place, the last cycle pays its share.

Every step can be repeated; a closing that was cut short is finished by the next call.
"""

from datetime import date as Date
from datetime import datetime
from pathlib import Path

from django.db import connection, transaction
from django.utils import timezone

from cards.models import Program, ProgramState, Rule
from cashback.lib.errors import DomainError
from cashback.lib.failpoints import failpoint
from cashback.lib.isolation import for_each
from cashback.lib.sql import Queries
from queueing import erasing, locks, ordering
from queueing.lines import ensure_line

QUERIES = Queries(Path(__file__).parent / "sql" / "closing.sql")

# Registrations wait while the closing waits for those before them; nobody minds a second on a program's last day.
CLOSING_TIMEOUT_MS = 2_000


class TooEarlyToClose(DomainError):
    """This program closes on %(closes_on)s; it cannot be closed before."""

    code = "too_early_to_close"


class NotOpenToClose(DomainError):
    """Only a published program can be closed."""

    code = "not_open_to_close"


def close_program(*, program_id: int, now: datetime) -> ordering.Closed:
    """Close a program from its announced date on, and settle its line to the end; says what its last cycle awarded.

    The last, incomplete cycle of m standing registrations pays payouts x m / size of them, rounded down. Call it
    outside of any transaction. Raises TooEarlyToClose, NotOpenToClose, and locks.Busy where locks are not to be
    had: call it again, as the schedule does.
    """
    program = Program.objects.get(pk=program_id)
    if program.state == ProgramState.PUBLISHED:
        if timezone.localdate(now) < program.closes_on:
            raise TooEarlyToClose(closes_on=program.closes_on.isoformat())
        ensure_line(program_id)
        _end_registrations(program_id, now)
        failpoint("close.after_state")
    elif program.state != ProgramState.CLOSED:
        raise NotOpenToClose
    for _chunk in ordering.settle(program_id, timeout_ms=CLOSING_TIMEOUT_MS):
        failpoint("close.after_chunk")
    closed, ended = _close_last_cycle(program, now)
    while not ended:
        failpoint("close.after_payees")
        _, ended = _close_last_cycle(program, now)
    return closed


def close_due(*, now: datetime) -> list[str]:
    """Close what is to be closed today and finish what was cut short; returns the codes of the programs.

    A program that fails does not stop the others; raises at the end what it raised.
    """
    due = dict(_due(timezone.localdate(now)))
    for_each("program", due, lambda program_id: close_program(program_id=program_id, now=now))
    return list(due.values())


@transaction.atomic
def _end_registrations(program_id: int, now: datetime) -> None:
    """From this commit on registrations are refused, and the cut covers all there are."""
    with locks.patience(CLOSING_TIMEOUT_MS):
        locks.lock(locks.LINE, program_id)
    open_still = Program.objects.filter(
        pk=program_id, state=ProgramState.PUBLISHED, closes_on__lte=timezone.localdate(now)
    )
    if open_still.update(state=ProgramState.CLOSED, closed_at=now) == 1:
        ordering.cover_everybody(program_id)


@transaction.atomic
def _close_last_cycle(program: Program, now: datetime) -> tuple[ordering.Closed, bool]:
    """Close the last cycle; and whether nothing is held any more of those under `line` whom nobody will pay.

    A long line has more of them than a transaction should erase; the line ends with the last of them.
    """
    with locks.patience(CLOSING_TIMEOUT_MS):
        locks.lock(locks.SETTLING, program.pk)
    ordering.plan_by_index()
    line = ordering.read_line(program.pk)
    assert line is not None
    if ordering.anybody_before_the_cut(program.pk, line):
        raise locks.Busy  # another pass was in the way
    closed = ordering.close_cycles(program.pk, line, through=line.placed)
    ended = True
    if program.rule == Rule.LINE:
        erased = erasing.erase_ended_line(
            program_id=program.pk,
            contact_hold_seconds=program.contact_hold_seconds,
            now=max(now, closed.closed_at or line.settled_at),
        )
        ended = erased < erasing.ENDED_MAX
        if ended:
            closed = closed._replace(paid_through=line.placed)  # nobody else will be paid
    ordering.move_head(program.pk, line, closed)
    failpoint("close.before_commit")
    return closed, ended


def _due(today: Date) -> list[tuple[int, str]]:
    with connection.cursor() as cursor:
        cursor.execute(QUERIES["due"], {"today": today})
        return [(int(program_id), str(code)) for program_id, code in cursor.fetchall()]
