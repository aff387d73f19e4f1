"""Sending: the books say so first, then the file is written, then the release is marked sent.

Killed anywhere, it goes on where it stopped, with the same message id, references and bytes; a bank that had the file
already says so and does nothing. Names and accounts are in clear only here, in memory, while the file is built.
"""

import hashlib
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Any, cast

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from cashback.ledger.models import Event, Kind
from cashback.ledger.posting import AccountKey, Leg, post_many
from cashback.lib.failpoints import failpoint
from cashback.lib.isolation import for_each
from payouts.models import Release
from payouts.queries import source
from payouts.rails.files import write_outgoing
from payouts.rails.messages import AccountKind, Debtor, Rail, Transfer
from payouts.rails.registry import rail
from payouts.releasing import tag
from queueing import details

_SQL = source("sending")


def send_approved(*, now: datetime) -> int:
    """Send every approved release, and finish what was left half sent; how many went out.

    A release that fails stops no other; raises at the end what it raised.
    """
    releases = [release_id for (release_id,) in _SQL.rows("releases_to_send")]
    return sum(for_each("release", releases, lambda release_id: send(release_id=release_id, now=now)))


def send(*, release_id: int, now: datetime) -> bool:
    """Send a release. False where there is nothing to do or somebody else is at it. Safe to repeat and to interrupt."""
    _claim(release_id, now)
    failpoint("send.claimed")
    sent = _deliver(release_id, now)
    failpoint("send.sent")
    return sent


def file_name(release: Release) -> str:
    """The name of a release's payment file before encryption."""
    return f"{release.message_id}{rail(release.rail).suffix}"


@transaction.atomic
def _claim(release_id: int, now: datetime) -> None:
    """From approved to sending: attempts are written and the money is in transit before anything leaves."""
    release = (
        Release.objects.select_for_update(of=("self",), skip_locked=True)
        .select_related("program")
        .filter(pk=release_id, state=Release.State.APPROVED)
        .first()
    )
    if release is None:
        return
    rows = _without_frozen(release, _SQL.rows("approved_payouts", release=release_id), now)
    transfers = _transfers(
        release,
        [
            (f"A{award}-{number}-{tag(release.program)}", amount_minor, currency, registration)
            for award, registration, number, amount_minor, currency in rows
        ],
    )
    _drop_unpayable(release, rows, transfers, now)
    _SQL.run("start_attempts", release=release_id, tag=tag(release.program), now=now)
    kept = [
        (row, transfer) for row, transfer in zip(rows, transfers, strict=True) if _problem(release, transfer) is None
    ]
    release.payouts = len(kept)
    release.total_minor = sum(row[3] for row, _ in kept)
    release.state = Release.State.SENDING if kept else Release.State.CANCELLED
    release.save(update_fields=["payouts", "total_minor", "state"])
    due = AccountKey(Kind.PAYOUTS_DUE, release.currency, release.program_id)
    in_transit = AccountKey(Kind.IN_TRANSIT, release.currency, release.program_id)
    entries = [
        (f"award:{award}:{number}", Leg(debit=due, credit=in_transit, amount_minor=amount_minor))
        for (award, _, number, amount_minor, _), _ in kept
    ]
    post_many(event=Event.PAYOUT_SENT, entries=entries, now=now)


@transaction.atomic
def _deliver(release_id: int, now: datetime) -> bool:
    """From sending to sent. The claim is committed; the row's lock keeps a second worker from writing the file too."""
    release = (
        Release.objects.select_for_update(of=("self",), skip_locked=True)
        .filter(pk=release_id, state=Release.State.SENDING)
        .first()
    )
    if release is None:
        return False
    attempts = _SQL.rows("attempts_of_release", release=release_id)
    # An answer shows that the bank has the file; payees may have been erased since.
    if not any(answered for *_, answered in attempts):
        data = _build(release, _transfers(release, [attempt[:4] for attempt in attempts]))
        write_outgoing(settings.BANK_OUTBOX_DIR, file_name(release), data, key_file(settings.BANK_RECIPIENT_KEY_FILE))
        failpoint("send.written")
        release.file_sha256 = hashlib.sha256(data).hexdigest()
    release.state = Release.State.SENT
    release.sent_at = now
    release.save(update_fields=["state", "sent_at", "file_sha256"])
    return True


def key_file(path: Path) -> Path | None:
    """The file of a key for the exchange with the bank; the word `none` stands for a bank that has no key."""
    return None if path.name == "none" else path


def _build(release: Release, transfers: list[Transfer]) -> bytes:
    approved_at = release.approved_at
    assert approved_at is not None
    return _rail(release).build(
        message_id=release.message_id,
        created_at=approved_at,
        debtor=Debtor(name=settings.DEBTOR_NAME, account=settings.DEBTOR_ACCOUNT, agent=settings.DEBTOR_AGENT_BIC),
        execution_on=timezone.localdate(approved_at),
        transfers=transfers,
    )


def _transfers(release: Release, payments: Iterable[tuple[str, int, str, int]]) -> list[Transfer]:
    """Payments (reference, amount, currency, registration) with their payees in clear."""
    payments = list(payments)
    payees = details.read_payees(registration_ids=[registration for *_, registration in payments])
    return [
        Transfer(
            end_to_end_id=reference,
            amount_minor=amount_minor,
            currency=currency,
            payee_name=payees[registration].name,
            account_kind=cast(AccountKind, payees[registration].account_kind),
            account_number=payees[registration].account_number,
            bank_name=payees[registration].bank or "",
        )
        for reference, amount_minor, currency, registration in payments
    ]


def _without_frozen(release: Release, rows: list[tuple[Any, ...]], now: datetime) -> list[tuple[Any, ...]]:
    """Those whose cards were not frozen since the release was approved; the others are on hold, with the hold ended."""
    frozen = dict(_SQL.rows("drop_frozen", release=release.pk, now=now))
    details.let_go(registration_ids=list(frozen.values()), release_id=release.pk)
    return [row for row in rows if row[0] not in frozen]


def _drop_unpayable(release: Release, rows: list[tuple[int, ...]], transfers: list[Transfer], now: datetime) -> None:
    problems = {
        row[0]: problem
        for row, transfer in zip(rows, transfers, strict=True)
        if (problem := _problem(release, transfer)) is not None
    }
    if problems:
        dropped = _SQL.rows(
            "drop_unpayable", release=release.pk, awards=list(problems), reasons=list(problems.values()), now=now
        )
        details.let_go(registration_ids=[row[0] for row in dropped], release_id=release.pk)


def _problem(release: Release, transfer: Transfer) -> str | None:
    return _rail(release).problem(transfer)


def _rail(release: Release) -> Rail:
    return rail(release.rail)
