"""Erasing: what was held of a holder is destroyed, and a signed row says what, when, why, and until when in backups.

An erasure is written in the transaction that destroys. Few at once are signed there too; many, as a pass makes them,
by the signer right after.
"""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from django.conf import settings
from django.db import connection, transaction

from cashback.lib.crypto.signatures import erasure_lines
from cashback.lib.failpoints import failpoint
from cashback.lib.sql import Queries
from queueing import keys
from queueing.rows import fetch

QUERIES = Queries(Path(__file__).parent / "sql" / "erasing.sql")

# What can be destroyed, and which parts of a row that means: whoever is done with takes the delivery of a gift along.
# An erasure proves one part, or payee and contact together; the delivery has always one of its own.
WHATS = {
    "payee": ("payee",),
    "contact": ("contact",),
    "delivery": ("delivery",),
    "payee_and_contact": ("payee", "contact", "delivery"),
}
# The key of an epoch is destroyed at most this long after the epoch's end; erasures promise it.
KEY_GRACE = timedelta(days=1)
EXTENSION = timedelta(days=30)
EXTEND_BEFORE = timedelta(days=7)
BATCH_MAX = 1_000
# A thousand signatures take 40 ms: what a payment or the eraser ends is signed in its own transaction, whatever a close
# of many cycles erases right after it.
SIGNED_AT_ONCE_MAX = BATCH_MAX
EXTEND_MAX = 10_000
ENDED_MAX = 50_000  # payees of a closing line, of a transaction


def erase(*, registration_ids: Collection[int], what: str, why: str, now: datetime) -> list[int]:
    """Destroy payee, contact, delivery, or all of some registrations, in the caller's transaction; whose were held.

    `what` is one of WHATS: "payee_and_contact" takes a delivery along, with an erasure of its own. `why` is a fixed
    code that the holder's page explains. A part that is not held leaves no erasure.
    """
    return _erase(registration_ids, WHATS[what], why=why, now=now)


def erase_gift_payees(
    *, program_id: int, first_cycle: int, last_cycle: int, at: datetime, contact_hold_seconds: int
) -> int:
    """Destroy the payees whose verdict in these cycles is a gift, and end the time of their contacts; returns how many.

    Set-based, for the pass; the signer follows.
    """
    values = {
        "program": program_id,
        "first": first_cycle,
        "last": last_cycle,
        "at": at,
        "contact_hold_seconds": contact_hold_seconds,
        "grace": KEY_GRACE,
        "why": "gift_verdict",
        "drawn": fetch(QUERIES["any_drawn"], {"program": program_id})[0].drawn,
    }
    total = 0
    while True:
        [row] = fetch(QUERIES["erase_gift_payees"], values)
        total += int(row.erased)
        if row.erased == row.found:
            return total


def erase_ended_line(*, program_id: int, contact_hold_seconds: int, now: datetime) -> int:
    """Destroy the payees of a closing line that will not be paid any more, in the caller's transaction; how many.

    At most ENDED_MAX of them: where there are as many, call it again.
    """
    asked = {"program": program_id, "limit": ENDED_MAX}
    registrations = [row.registration_id for row in fetch(QUERIES["ended_line"], asked)]
    for start in range(0, len(registrations), BATCH_MAX):
        batch = registrations[start : start + BATCH_MAX]
        erase(registration_ids=batch, what="payee", why="program_closed", now=now)
        schedule_contact(registration_ids=batch, at=now + timedelta(seconds=contact_hold_seconds))
    return len(registrations)


def erase_due(*, now: datetime, limit: int = 10_000) -> int:
    """Destroy what is past its time, batch by batch in transactions of their own; returns how many registrations.

    What is being paid, and what still waits for a verdict because the closing date was moved, is kept a month longer
    first. The delivery of a gift goes at its own time, earlier or later than payee and contact. Call it outside of
    any transaction; safe beside others. What is due to be paid is kept by whoever pays, before they call this.
    """
    keep_longer(now=now)
    total = 0
    while total < limit:
        with transaction.atomic():
            due = fetch(QUERIES["due"], {"now": now, "limit": min(BATCH_MAX, limit - total)})
            whole = [row.registration_id for row in due if row.all_of_it]
            contacts = [row.registration_id for row in due if row.contact and not row.all_of_it]
            deliveries = [row.registration_id for row in due if row.delivery]
            erased = {
                *_erase(whole, ("payee", "contact"), why="time_over", now=now),
                *_erase(contacts, ("contact",), why="notice_over", now=now),
                *_erase(deliveries, ("delivery",), why="time_over", now=now),
            }
        failpoint("erase.after_batch")
        if not due:
            break
        total += len(erased)
    return total


def keep_longer(*, now: datetime) -> int:
    """Extend, by 30 days, what is near its end and is held by a release or waits because the closing date was moved."""
    values = {"now": now, "near": now + EXTEND_BEFORE, "extension": EXTENSION}
    total = _count("extend_held", {**values, "why": "payout_open"})
    # All who wait in a program have the same time, and may be millions: bounded statements, each kept once it is done.
    values |= {"why": "closing_moved", "time_zone": settings.TIME_ZONE, "limit": EXTEND_MAX}
    while moved := _count("extend_moved", values):
        total += moved
        failpoint("erase.after_extending")
    return total


def extend(*, registration_ids: Collection[int], why: str, now: datetime) -> int:
    """Keep details 30 days longer whose time is near, with the reason that the holder's page shows; returns how many.

    For payouts that are still due; to be called before the time is over, since the eraser does not ask.
    """
    values = {"now": now, "near": now + EXTEND_BEFORE, "extension": EXTENSION, "why": why}
    return _count("extend", {**values, "registrations": list(registration_ids)})


def schedule_contact(*, registration_ids: Collection[int], at: datetime) -> int:
    """Let contacts be erased at a time; an earlier one stands. Returns how many contacts are held."""
    return _count("schedule_contact", {"registrations": list(registration_ids), "at": at})


def sign_erasures(*, limit: int = 50_000) -> int:
    """Sign what was erased by the thousand, batch by batch in transactions of their own; returns how many."""
    total = 0
    while total < limit:
        with transaction.atomic():
            rows = fetch(QUERIES["unsigned"], {"limit": min(BATCH_MAX, limit - total)})
            if not rows:
                break
            key = keys.signing_key()
            signatures = [key.sign_lines(_lines(key.key_id, row.id, row.at, row)) for row in rows]
            _count("sign", {"ids": [row.id for row in rows], "signatures": signatures, "key_id": key.key_id})
        failpoint("sign.after_batch")
        total += len(rows)
    return total


def _erase(registration_ids: Collection[int], parts: Collection[str], *, why: str, now: datetime) -> list[int]:
    assert connection.in_atomic_block, "what ends the purpose and the erasing are one transaction"
    if not registration_ids:
        return []
    asked = {part: part in parts for part in ("payee", "contact", "delivery")}
    found = fetch(QUERIES["erase"], {**asked, "registrations": list(registration_ids), "at": now, "grace": KEY_GRACE})
    _write(found, why, now)
    failpoint("erase.before_commit")
    return sorted({row.registration_id for row in found})


def _write(rows: Sequence[SimpleNamespace], why: str, now: datetime) -> None:
    if not rows:
        return
    for row in rows:
        row.why = why
    key = keys.signing_key() if len(rows) <= SIGNED_AT_ONCE_MAX else None
    _count(
        "write_erasures",
        {
            "ids": [row.id for row in rows],
            "registrations": [row.registration_id for row in rows],
            "whats": [row.what for row in rows],
            "backups_until": [row.backups_until for row in rows],
            "signatures": [key.sign_lines(_lines(key.key_id, row.id, now, row)) if key else "" for row in rows],
            "key_id": key.key_id if key else None,
            "why": why,
            "at": now,
        },
    )


def _lines(key_id: str, erasure_id: int, at: datetime, row: Any) -> list[str]:
    return erasure_lines(
        key_id=key_id, erasure_id=str(erasure_id), at=at, what=row.what, why=row.why, backups_until=row.backups_until
    )


def _count(name: str, values: dict[str, Any]) -> int:
    with connection.cursor() as cursor:
        cursor.execute(QUERIES[name], values)
        return int(cursor.rowcount)
