"""The key ring's epochs: which one seals new details, where its key lies, and how it ends.

An epoch ends in three steps, each of which can be repeated: another one takes new details, what still is wrapped under
the old one is wrapped anew, the old one's key is destroyed. From then on backups of its time cannot be read.
"""

from contextlib import suppress
from datetime import datetime, timedelta
from functools import lru_cache
from pathlib import Path

from django.conf import settings
from django.db import connection, transaction

from cashback.lib import books
from cashback.lib.crypto import sealing
from cashback.lib.crypto.keyring import EpochExists, KeyRing
from cashback.lib.failpoints import failpoint
from cashback.lib.sql import Queries
from queueing import locks
from queueing.models import KeyEpoch
from queueing.rows import fetch

QUERIES = Queries(Path(__file__).parent / "sql" / "epochs.sql")

ROTATE_TIMEOUT_MS = 1_000  # registrations wait behind a rotation that waits for one of them
REWRAP_BATCH_MAX = 500


@transaction.atomic
def current(now: datetime) -> KeyEpoch:
    """The epoch that takes new details; the first one is begun here. Its key is there before the row is visible."""
    with connection.cursor() as cursor:
        # Whoever races for the first epoch waits here and then finds the other's.
        cursor.execute(
            "INSERT INTO queueing_keyepoch (created_at, ends_at) SELECT %(now)s, %(ends_at)s"
            " WHERE NOT EXISTS (SELECT FROM queueing_keyepoch WHERE retired_at IS NULL)"
            " ON CONFLICT DO NOTHING RETURNING id",
            {"now": now, "ends_at": now + timedelta(days=settings.KEY_EPOCH_DAYS)},
        )
        begun = cursor.fetchone()
    if begun:
        _ensure_key(begun[0])
    return KeyEpoch.objects.get(retired_at=None)


def turn(*, now: datetime, rewrap_max: int = 100_000) -> list[int]:
    """What the calendar asks for: end an epoch whose time is over, wrap anew, destroy; returns the epochs destroyed."""
    if current(now).ends_at <= now:
        rotate(now=now)
    rewrap(limit=rewrap_max)
    return destroy_retired(now=now)


def rotate(*, now: datetime) -> KeyEpoch:
    """Let another epoch take new details from now on. Whoever seals at this moment finishes under the old one first.

    Where somebody else rotates at the same time there is one new epoch. Raises locks.Busy; the schedule tries again.
    """
    old = current(now)
    with transaction.atomic():
        with locks.patience(ROTATE_TIMEOUT_MS):
            locks.lock(locks.KEYRING)
        retired = KeyEpoch.objects.filter(pk=old.pk, retired_at=None)
        if retired.update(retired_at=now) == 1:
            new = KeyEpoch.objects.create(created_at=now, ends_at=now + timedelta(days=settings.KEY_EPOCH_DAYS))
            # The key is there before the row can be seen; a crash in between leaves a key that nothing is sealed under.
            _ensure_key(new.pk)
            failpoint("epochs.after_key")
    failpoint("epochs.after_retire")
    return KeyEpoch.objects.get(retired_at=None)


def rewrap(*, limit: int) -> int:
    """Wrap the data keys of details under the current epoch whose own is retired; returns how many rows.

    Batch by batch in transactions of their own, beside corrections and other rewrappings: a row that somebody else
    holds is left for the next call. The sealed values themselves are not touched.
    """
    if not KeyEpoch.objects.filter(retired_at__isnull=False, destroyed_at=None).exists():
        return 0
    total, after = 0, 0
    while total < limit:
        done, after = _rewrap_batch(after, min(REWRAP_BATCH_MAX, limit - total))
        failpoint("epochs.after_rewrap")
        total += done
        if not after:
            break
    return total


def rewrap_key(wrapped_key: bytes, *, from_epoch: int, to_epoch: int) -> bytes:
    """A data key of another table's sealed value, wrapped under another epoch."""
    return sealing.rewrap(ring(), wrapped_key, from_epoch=from_epoch, to_epoch=to_epoch)


def rewrap_held(wrapped_key: bytes | None, *, from_epoch: int, to_epoch: int) -> bytes | None:
    """The same of a part that may not be held."""
    return None if wrapped_key is None else rewrap_key(bytes(wrapped_key), from_epoch=from_epoch, to_epoch=to_epoch)


def destroy_retired(*, now: datetime) -> list[int]:
    """Destroy the keys of retired epochs under which nothing is sealed any more; returns the epochs.

    The key first, then the row that says so: where a crash comes between, the next call says it.
    """
    destroyed = []
    for epoch in KeyEpoch.objects.filter(retired_at__isnull=False, destroyed_at=None).order_by("pk"):
        if books.sealed_under(epoch.pk):
            continue
        ring().destroy(epoch.pk)
        failpoint("epochs.after_destroy")
        if KeyEpoch.objects.filter(pk=epoch.pk, destroyed_at=None).update(destroyed_at=now) == 1:
            destroyed.append(epoch.pk)
    _destroy_orphans()
    return destroyed


def ring() -> KeyRing:
    """The site's key ring."""
    return _ring(settings.KEYRING_DIR)


@lru_cache(maxsize=4)
def _ring(folder: Path) -> KeyRing:
    return KeyRing(folder)


def _ensure_key(epoch_id: int) -> None:
    """Make the key of an epoch that is just beginning, or take the one that a crash before the commit left.

    Nothing was ever sealed under such a key: its row could not be seen.
    """
    with suppress(EpochExists):
        ring().create(epoch_id)


@transaction.atomic
def _rewrap_batch(after: int, limit: int) -> tuple[int, int]:
    """Wrap the keys of the next rows after a registration; how many, and where to read on (0: at the end)."""
    locks.lock_shared(locks.KEYRING)
    to_epoch = KeyEpoch.objects.values_list("pk", flat=True).get(retired_at=None)
    rows = fetch(QUERIES["retired_keys"], {"to_epoch": to_epoch, "after": after, "limit": limit})
    if not rows:
        return 0, 0
    with connection.cursor() as cursor:
        cursor.execute(
            QUERIES["put_keys"],
            {
                "to_epoch": to_epoch,
                "registrations": [row.registration_id for row in rows],
                **{
                    f"{part}_keys": [
                        rewrap_held(getattr(row, f"{part}_key"), from_epoch=row.epoch_id, to_epoch=to_epoch)
                        for row in rows
                    ]
                    for part in ("payee", "contact", "delivery")
                },
            },
        )
    return len(rows), rows[-1].registration_id


def _destroy_orphans() -> None:
    """Destroy keys whose epoch was never committed; one that is being made just now has a higher number than any."""
    known = set(KeyEpoch.objects.values_list("pk", flat=True))
    for epoch_id in ring().epochs():
        if known and epoch_id < max(known) and epoch_id not in known:
            ring().destroy(epoch_id)
