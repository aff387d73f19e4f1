"""Destroying what holds personal data outside the holders' details: payment files and the bank's files."""

from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction

from cashback.lib.crypto.sealing import rewrap
from cashback.lib.failpoints import failpoint
from payouts.models import BankFile, Release
from payouts.queries import source
from payouts.rails.files import destroy_outgoing
from payouts.sending import file_name
from queueing import epochs
from queueing.locks import KEYRING, lock_shared

PAYMENT_FILE_KEPT = timedelta(days=5)
BANK_FILE_KEPT = timedelta(days=10)

_SQL = source("destroying")


def destroy_files(*, now: datetime) -> int:
    """Destroy payment files once the bank has answered, and the bank's files once they are settled.

    At the latest after 5 and 10 days. Hashes, counts, totals and references stay. Returns how many files.
    """
    destroyed = 0
    for (release_id,) in _SQL.rows("releases_with_files", before=now - PAYMENT_FILE_KEPT):
        release = Release.objects.get(pk=release_id)
        if settings.BANK_OUTBOX_DIR.is_dir():
            destroy_outgoing(settings.BANK_OUTBOX_DIR, file_name(release))
        failpoint("destroy.unlinked")
        destroyed += Release.objects.filter(pk=release_id, file_destroyed_at=None).update(file_destroyed_at=now)
    return destroyed + _SQL.run("destroy_bank_files", now=now, before=now - BANK_FILE_KEPT)


def sealed_under(epoch_id: int) -> int:
    """How many of the bank's files are sealed under an epoch; while there is one its key is not destroyed."""
    return int(_SQL.row("sealed_under", epoch=epoch_id)[0])


@transaction.atomic
def rewrap_files(*, limit: int, now: datetime) -> int:
    """Wrap the keys of the bank's files under the current epoch where theirs has ended; returns how many."""
    lock_shared(KEYRING)
    epoch_id = epochs.current(now).pk
    rows = _SQL.rows("keys_to_rewrap", files_max=limit)
    for file_id, from_epoch, key in rows:
        wrapped = rewrap(epochs.ring(), bytes(key), from_epoch=from_epoch, to_epoch=epoch_id)
        BankFile.objects.filter(pk=file_id, epoch_id=from_epoch).update(epoch_id=epoch_id, content_key=wrapped)
    return len(rows)
