"""The key ring's epochs: which one seals new details, and where its key lies."""

from contextlib import suppress
from datetime import datetime, timedelta
from functools import lru_cache
from pathlib import Path

from django.conf import settings
from django.db import connection, transaction

from cashback.lib.crypto.keyring import EpochExists, KeyRing
from queueing.models import KeyEpoch


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
        # A key without its row is left by a crash before the commit: nothing was ever sealed under it.
        with suppress(EpochExists):
            ring().create(begun[0])
    return KeyEpoch.objects.get(retired_at=None)


def ring() -> KeyRing:
    """The site's key ring."""
    return _ring(Path(settings.KEYRING_DIR))


@lru_cache(maxsize=4)
def _ring(folder: Path) -> KeyRing:
    return KeyRing(folder)
