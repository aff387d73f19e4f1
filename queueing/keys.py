"""The site's keys as the line uses them: read from their files once in a process, never stored, never logged."""

from functools import lru_cache
from pathlib import Path

from django.conf import settings
from django.db import connection

from cashback.lib.crypto.digests import PinKey, subkey
from cashback.lib.crypto.signatures import SigningKey


def signing_key() -> SigningKey:
    """The key that signs receipts and erasures; its public half stands among the site's keys from now on."""
    key = site_key()
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO queueing_signingkey (key_id, public_key, from_at)"
            " SELECT %(key_id)s, %(public_key)s, clock_timestamp()"
            " WHERE NOT EXISTS (SELECT FROM queueing_signingkey WHERE key_id = %(key_id)s)"
            " ON CONFLICT DO NOTHING",
            {"key_id": key.key_id, "public_key": key.public_key.hex()},
        )
    return key


def site_key() -> SigningKey:
    """The signing key alone, for whoever writes its row in a statement of their own."""
    return _signing_key(settings.SIGNING_KEY_FILE)


def pin_keys() -> dict[str, PinKey]:
    """The keys of the PIN digests, by id."""
    return _pin_keys(settings.PIN_KEY_FILE)


def receipt_key() -> bytes:
    """What receipt codes are derived under."""
    return subkey(settings.SECRET_KEY, "cashback-receipt")


def payee_key() -> bytes:
    """What payees are recognised under."""
    return subkey(settings.SECRET_KEY, "cashback-payee")


def attempts_key() -> bytes:
    """What counters of attempts are named under."""
    return subkey(settings.SECRET_KEY, "cashback-attempts")


@lru_cache(maxsize=4)
def _signing_key(path: Path) -> SigningKey:
    return SigningKey.load(path)


@lru_cache(maxsize=4)
def _pin_keys(path: Path) -> dict[str, PinKey]:
    key = PinKey.load(path)
    return {key.id: key}
