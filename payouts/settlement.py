"""Settlement: what a bank's word does to payouts. Each verb works on attempts by the thousand, in one transaction.

Callers hold the settlement lock. Every statement is guarded by the state it starts from, so that what was done
already is not done again.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from typing import NamedTuple

from django.db import transaction

from cards.models import Program
from cashback.ledger.models import Event, Kind
from cashback.ledger.posting import AccountKey, Leg, post_many
from cashback.lib.failpoints import failpoint
from payouts.locks import Lock, lock
from payouts.models import PendingState
from payouts.queries import source
from queueing import details, erasing, timeline, waiting

ATTEMPTS_MAX = 1_000
# How long a rail's payment may stay without a booking before it is in doubt.
DOUBT_AFTER: Mapping[str, timedelta] = {"iso20022": timedelta(days=5)}
# What a refusal blames on the payer: other details would not help, and the organizer has to look.
PAYER_REASONS = frozenset({"AM04", "AM14", "AM16", "AM18", "AM19", "DT01", "FF01", "TM01"})
NO_REASON = "no_reason"

_SQL = source("settlement")


class Moved(NamedTuple):
    """A payout that a statement moved."""

    award_id: int
    number: int
    registration_id: int
    program_id: int
    amount_minor: int
    currency: str
    release_id: int | None

    @property
    def reference(self) -> str:
        """What the ledger knows the attempt by."""
        return f"award:{self.award_id}:{self.number}"


@dataclass(frozen=True)
class Refusal:
    """An attempt that was refused; `whole_file` where the bank refused the message, not the payment."""

    attempt_id: int
    reason: str
    whole_file: bool = False


@transaction.atomic
def accept(*, attempt_ids: Sequence[int], now: datetime) -> int:
    """The bank has taken the payments on. Moves no money; returns how many."""
    return _SQL.run("accept", attempts=list(attempt_ids), now=now) if attempt_ids else 0


@transaction.atomic
def confirm(*, bookings: Mapping[int, str], now: datetime) -> int:
    """Booked payments, attempt by attempt with the bank's reference: PENDING to REFUNDED, posted, payees erased.

    A payee stays, and is let go, while another cash award of its registration is open, or its cycle's verdict.
    Returns how many moved.
    """
    if not bookings:
        return 0
    waits = hold_still(attempt_ids=bookings)
    rows = _moved("confirm", attempts=list(bookings), references=list(bookings.values()), now=now)
    registrations = [row.registration_id for row in rows]
    _post(Event.PAYOUT_CONFIRMED, Kind.IN_TRANSIT, Kind.BANK, rows, now)
    done = set(finished(registration_ids=registrations, query="registrations_without_open_cash"))
    waiting.keep_for_verdict(registration_ids=done & waits)
    done -= waits
    erasing.erase(registration_ids=done, what="payee", why="refunded", now=now)
    _let_go([row for row in rows if row.registration_id not in done])
    _schedule_contacts(rows, done, now)
    failpoint("confirm.before_commit")
    return len(rows)


@transaction.atomic
def refuse(*, refusals: Sequence[Refusal], now: datetime) -> int:
    """Payments that will not happen: award and amount stay, the holder is asked for details. Returns how many.

    Where the reason lies with the payer the payout is on hold until the organizer resumes it.
    """
    if not refusals:
        return 0
    told = _SQL.rows(
        "refuse",
        attempts=[refusal.attempt_id for refusal in refusals],
        reasons=[refusal.reason or NO_REASON for refusal in refusals],
        states=[_state_after(refusal).value for refusal in refusals],
        now=now,
    )
    first = [Moved(*row) for *row, refused_before in told if not refused_before]
    again = [Moved(*row) for *row, refused_before in told if refused_before]
    _post(Event.PAYOUT_REFUSED, Kind.IN_TRANSIT, Kind.PAYOUTS_DUE, first, now)
    # The refusal stands in the books already; what `doubt_refused` corrected is corrected back.
    _post(Event.CORRECTION, Kind.IN_TRANSIT, Kind.PAYOUTS_DUE, again, now)
    _let_go([*first, *again])
    failpoint("refuse.before_commit")
    return len(told)


@transaction.atomic
def return_(*, reasons: Mapping[int, str], now: datetime) -> int:
    """Payments that came back after they were confirmed, attempt by attempt with the reason: due once more."""
    if not reasons:
        return 0
    hold_still(attempt_ids=reasons)
    rows = _moved(
        "return", attempts=list(reasons), reasons=[reason or NO_REASON for reason in reasons.values()], now=now
    )
    _post(Event.PAYOUT_RETURNED, Kind.BANK, Kind.PAYOUTS_DUE, rows, now)
    registrations = [row.registration_id for row in rows]
    waiting.keep_for_payment(registration_ids=registrations)
    timeline.record(registration_ids=registrations, event="payment_returned", at=now)
    failpoint("return.before_commit")
    return len(rows)


@transaction.atomic
def doubt(*, attempt_ids: Sequence[int], reason: str, now: datetime) -> int:
    """Payments of which nobody knows: not sent again until a statement or two people say. Returns how many."""
    return _SQL.run("doubt", attempts=list(attempt_ids), reason=reason, now=now) if attempt_ids else 0


@transaction.atomic
def doubt_refused(*, attempt_ids: Sequence[int], now: datetime) -> int:
    """Payments that were refused and booked all the same: the money counts as in transit again. Returns how many."""
    if not attempt_ids:
        return 0
    rows = _moved("doubt_refused", attempts=list(attempt_ids), now=now)
    _post(Event.CORRECTION, Kind.PAYOUTS_DUE, Kind.IN_TRANSIT, rows, now)
    _let_go(rows)
    return len(rows)


@transaction.atomic
def doubt_unanswered(*, now: datetime) -> int:
    """Put payments that the bank has not booked for too long in doubt; returns how many."""
    lock(Lock.SETTLEMENT)
    doubted = 0
    for rail, patience in DOUBT_AFTER.items():
        late = _SQL.rows("unanswered", before=now - patience, rail=rail, attempts_max=ATTEMPTS_MAX)
        doubted += doubt(attempt_ids=[row[0] for row in late], reason="no_booking", now=now)
    failpoint("answer.doubted")
    return doubted


def settle_releases(*, now: datetime) -> int:
    """Mark the releases of which nothing is open any more; returns how many."""
    return _SQL.run("settle_releases", now=now)


def hold_still(*, attempt_ids: Collection[int]) -> set[int]:
    """Lock payouts, their holders' verdicts and details until the transaction ends; who of them waits for a verdict.

    In the order in which everybody locks them who changes payouts or gifts, and before the program's tally. Whoever
    calls several verbs in one transaction calls this first, for all of it.
    """
    registrations = [row[0] for row in _SQL.rows("lock_payouts", attempts=list(attempt_ids))]
    waits = waiting.still_waiting(registration_ids=registrations)
    details.lock(registration_ids=registrations)
    return waits


def finished(*, registration_ids: Iterable[int], query: str) -> list[int]:
    """Of these registrations, those for which nothing is open any more in the sense of `query`."""
    ids = sorted(set(registration_ids))
    return [row[0] for row in _SQL.rows(query, registrations=ids)] if ids else []


def _state_after(refusal: Refusal) -> PendingState:
    payer = refusal.whole_file or refusal.reason in PAYER_REASONS
    return PendingState.ON_HOLD if payer else PendingState.DETAILS_NEEDED


def _moved(name: str, **parameters: object) -> list[Moved]:
    return [Moved(*row) for row in _SQL.rows(name, **parameters)]


def _post(event: Event, debit: Kind, credit: Kind, rows: Sequence[Moved], now: datetime) -> None:
    """One posting for all; the bank's account belongs to the currency, the others to the program."""
    entries = [(row.reference, Leg(_account(debit, row), _account(credit, row), row.amount_minor)) for row in rows]
    post_many(event=event, entries=entries, now=now)


def _account(kind: Kind, row: Moved) -> AccountKey:
    return AccountKey(kind, row.currency, 0 if kind == Kind.BANK else row.program_id)


def _let_go(rows: Sequence[Moved]) -> None:
    ordered = sorted((row.release_id, row.registration_id) for row in rows if row.release_id is not None)
    for release_id, group in groupby(ordered, key=lambda pair: pair[0]):
        details.let_go(registration_ids=[registration for _, registration in group], release_id=release_id)


def _schedule_contacts(rows: Sequence[Moved], done: set[int], now: datetime) -> None:
    """The last notice of a paid holder is the page that says so; the contact goes after the program's time for it."""
    seconds = dict(
        Program.objects.filter(pk__in={row.program_id for row in rows}).values_list("pk", "contact_hold_seconds")
    )
    for program_id in sorted(seconds):
        registrations = [row.registration_id for row in rows if row.program_id == program_id]
        erasing.schedule_contact(
            registration_ids=[registration for registration in registrations if registration in done],
            at=now + timedelta(seconds=seconds[program_id]),
        )
