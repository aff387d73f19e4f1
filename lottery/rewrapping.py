"""Sealed secrets when the key ring's epoch ends: their keys are wrapped anew, the secrets are not touched."""

from datetime import datetime

from django.db import transaction

from lottery.models import Draw
from queueing import epochs
from queueing.locks import KEYRING, lock_shared


def sealed_under(epoch_id: int) -> int:
    """How many secrets are sealed under an epoch; while there is one its key is not destroyed."""
    return Draw.objects.filter(sealed_epoch=epoch_id).count()


@transaction.atomic
def rewrap_secrets(*, limit: int, now: datetime) -> int:
    """Wrap the keys of sealed secrets under the current epoch where theirs has ended; returns how many."""
    lock_shared(KEYRING)
    epoch_id = epochs.current(now).pk
    sealed = Draw.objects.select_for_update(no_key=True, skip_locked=True).filter(sealed_epoch__isnull=False)
    rewrapped = 0
    for draw in sealed.exclude(sealed_epoch=epoch_id).order_by("pk")[:limit]:
        assert draw.sealed_epoch_id is not None
        assert draw.sealed_secret_key is not None
        key = epochs.rewrap_key(bytes(draw.sealed_secret_key), from_epoch=draw.sealed_epoch_id, to_epoch=epoch_id)
        old = Draw.objects.filter(pk=draw.pk, sealed_epoch=draw.sealed_epoch_id)
        rewrapped += old.update(sealed_epoch_id=epoch_id, sealed_secret_key=key)
    return rewrapped
