"""E-codes: sealed under the key ring until their holder reads them; one free code is taken for each gift."""

import hmac
from collections.abc import Sequence
from datetime import datetime

from django.conf import settings
from django.db import transaction

from cashback.lib.crypto.digests import subkey
from cashback.lib.crypto.sealing import Sealed, rewrap, seal, unseal
from payouts import gift_rows
from payouts.models import ECode
from payouts.queries import source
from queueing import epochs
from queueing.locks import KEYRING, lock_shared

_SQL = source("catalogue")


def put(*, offer_id: int, codes: Sequence[str], now: datetime) -> int:
    """Seal codes for an offer in the caller's transaction; how many were new to it."""
    lock_shared(KEYRING)
    epoch_id = epochs.current(now).pk
    digests = {_digest(offer_id, code): code for code in codes}
    sealed = [seal(epochs.ring(), epoch_id, code.encode(), _context(offer_id)) for code in digests.values()]
    return _SQL.run(
        "add_codes",
        offer=offer_id,
        epoch=epoch_id,
        digests=list(digests),
        codes=[one.ciphertext for one in sealed],
        keys=[one.wrapped_key for one in sealed],
    )


def take(*, offer_id: int, award_id: int) -> bool:
    """Take a free code for a gift, in the caller's transaction; whether there was one."""
    asked = {"offer": offer_id}
    found = gift_rows.SQL.rows("free_code", **asked) or gift_rows.SQL.rows("any_free_code", **asked)
    return bool(found) and ECode.objects.filter(pk=found[0][0], gift=None).update(gift_id=award_id) == 1


def give_back(*, award_ids: Sequence[int]) -> None:
    """Codes that nobody read are free again, in the caller's transaction."""
    ECode.objects.filter(gift_id__in=award_ids).update(gift=None)


def read(*, award_id: int) -> str:
    """The code of a gift, opened."""
    code = ECode.objects.get(gift_id=award_id)
    sealed = Sealed(ciphertext=bytes(code.code), wrapped_key=bytes(code.code_key))
    return unseal(epochs.ring(), code.epoch_id, sealed, _context(code.offer_id)).decode()


def sealed_under(epoch_id: int) -> int:
    """How many codes are sealed under an epoch."""
    return int(_SQL.row("codes_sealed_under", epoch=epoch_id)[0])


@transaction.atomic
def rewrap_codes(*, limit: int, now: datetime) -> int:
    """Wrap the keys of codes under the current epoch where theirs has ended; returns how many."""
    lock_shared(KEYRING)
    epoch_id = epochs.current(now).pk
    rows = _SQL.rows("codes_to_rewrap", codes_max=limit)
    for code_id, from_epoch, key in rows:
        wrapped = rewrap(epochs.ring(), bytes(key), from_epoch=from_epoch, to_epoch=epoch_id)
        ECode.objects.filter(pk=code_id, epoch_id=from_epoch).update(epoch_id=epoch_id, code_key=wrapped)
    return len(rows)


def _digest(offer_id: int, code: str) -> bytes:
    """What recognises a code put in twice, and tells nothing of a short one."""
    key = subkey(settings.SECRET_KEY, "cashback-ecode")
    return hmac.digest(key, f"{offer_id}\n{code}".encode(), "sha256")


def _context(offer_id: int) -> bytes:
    return f"ecode:{offer_id}".encode("ascii")
