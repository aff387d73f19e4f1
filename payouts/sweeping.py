"""Sweeping: what happened to holders after their awards were collected, and what nobody claimed in time."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from django.db import transaction

from cashback.ledger.models import Event, Kind
from cashback.ledger.posting import AccountKey, Leg, post_many
from cashback.lib.failpoints import failpoint
from payouts import lapsing
from payouts.collecting import WITHDRAWN
from payouts.queries import source
from payouts.settlement import finished
from queueing import awarding, details, erasing, waiting
from queueing.models import Source

EXTEND_BEFORE = timedelta(days=2)
EXTEND_MAX = 1_000
WITHDRAWN_SEEN = timedelta(days=30)  # how far back the sweep looks; it runs every few seconds

_SQL = source("sweeping")


class Cancelled(NamedTuple):
    """An award that left PENDING for the cancelled."""

    award_id: int
    registration_id: int
    program_id: int
    amount_minor: int
    currency: str
    source: str


def sweep(*, now: datetime) -> None:
    """All of it, in an order in which one step's result is the next one's matter."""
    cancel_withdrawn(now=now)
    lapsing.lapse_of_withdrawn(since=now - WITHDRAWN_SEEN, now=now)
    lapse(now=now)
    refresh_frozen(now=now)
    refresh_corrected(now=now)
    failpoint("sweep.done")


def erase_due(*, now: datetime) -> int:
    """Keep longer what is still to be paid or given, all of it, then destroy what is past its time; how many of those.

    The eraser does not ask who pays, and after a long stop everything may be past its time at once. Call it outside
    of any transaction; safe beside others.
    """
    while extend(now=now):
        pass
    while lapsing.keep_deliveries(now=now):
        pass
    return erasing.erase_due(now=now)


@transaction.atomic
def cancel_withdrawn(*, now: datetime) -> int:
    """Cancel what is due to holders who have withdrawn; the money goes back to where it was reserved."""
    rows = _cancel(_SQL.rows("lock_withdrawn"), state="cancelled", reason=WITHDRAWN, now=now)
    return len(rows)


@transaction.atomic
def lapse(*, now: datetime) -> int:
    """Let awards lapse whose holders were asked for details `claim_days` ago, and erase what is still held of them."""
    found = _SQL.rows("lock_unclaimed", now=now)
    return len(_cancel(found, state="lapsed", reason="no_details", now=now))


@transaction.atomic
def refresh_frozen(*, now: datetime) -> int:
    """Put payouts of frozen cards on hold, and those of cards released again back; returns how many changed."""
    return _SQL.run("hold_frozen", now=now) + _SQL.run("free_unfrozen", now=now)


@transaction.atomic
def refresh_corrected(*, now: datetime) -> int:
    """Make payouts due whose holders have given other details; returns how many."""
    _SQL.run("forget_versions")
    return _SQL.run("refresh_corrected", now=now)


@transaction.atomic
def extend(*, now: datetime) -> int:
    """Keep details a month longer whose payout is still on its way; the holder's page says why. Returns how many.

    A thousand at once: call it until there are none.
    """
    rows = _SQL.rows("to_extend", soon=now + EXTEND_BEFORE, registrations_max=EXTEND_MAX)
    registrations = [row[0] for row in rows]
    if registrations:
        erasing.extend(registration_ids=registrations, why="payout_open", now=now)
    return len(registrations)


@transaction.atomic
def resume(*, award_ids: Sequence[int], now: datetime) -> int:
    """Make payouts due again that the organizer has looked at; what is frozen stays on hold. Returns how many."""
    return _SQL.run("resume", awards=list(award_ids), now=now)


@transaction.atomic
def cancel_on_hold(*, award_id: int, now: datetime) -> bool:
    """Cancel one payout that is on hold; the caller has two people's decision. Whether it was there."""
    found = _SQL.rows("lock_on_hold", award=award_id)
    return bool(_cancel(found, state="cancelled", reason="decided", now=now))


def _cancel(locked: Sequence[tuple[int, int]], *, state: str, reason: str, now: datetime) -> list[Cancelled]:
    """Let payouts (award and registration) leave PENDING for the cancelled, with their money; draws are told of theirs.

    Locked are, in the order of gifts: the payouts, the verdicts of their holders, what is held of them; then the tally.
    """
    if not locked:
        return []
    registrations = [registration_id for _award_id, registration_id in locked]
    waits = waiting.still_waiting(registration_ids=registrations)
    details.lock(registration_ids=registrations)
    awards = [award_id for award_id, _registration_id in locked]
    rows = [Cancelled(*row) for row in _SQL.rows("cancel", awards=awards, state=state, reason=reason, now=now)]
    if reason != WITHDRAWN:
        _erase_ended(rows, waits, state, now)
    _post_back(rows, now)
    drawn = [row.award_id for row in rows if row.source == Source.DRAW]
    awarding.end(reasons=dict.fromkeys(drawn, reason), now=now)
    return rows


def _post_back(rows: Sequence[Cancelled], now: datetime) -> None:
    """The amounts go back from payouts due to the reserve or the fund they came from."""
    entries = [
        (
            f"award:{row.award_id}",
            Leg(
                debit=AccountKey(Kind.PAYOUTS_DUE, row.currency, row.program_id),
                credit=AccountKey(
                    Kind.PRIZE_FUND if row.source == Source.DRAW else Kind.CASH_RESERVE, row.currency, row.program_id
                ),
                amount_minor=row.amount_minor,
            ),
        )
        for row in rows
    ]
    post_many(event=Event.AWARD_CANCELLED, entries=entries, now=now)


def _erase_ended(rows: Sequence[Cancelled], waits: set[int], why: str, now: datetime) -> None:
    """Erase all of those who get nothing any more, and the payees of those who only get a gift.

    Not of those who wait: to whose places the line has still to come. Who withdrew was erased then.
    """
    registrations = [row.registration_id for row in rows]
    without_cash = set(finished(registration_ids=registrations, query="registrations_without_open_cash"))
    waiting.keep_for_verdict(registration_ids=without_cash & waits)
    ended = without_cash - waits
    done = finished(registration_ids=ended, query="registrations_without_open_award")
    erasing.erase(registration_ids=done, what="payee_and_contact", why=why, now=now)
    erasing.erase(registration_ids=sorted(ended - set(done)), what="payee", why=why, now=now)
