"""Sealing: AES-256-GCM under a data key of the value's own, which is wrapped under an epoch of the key ring.

Without its row nobody has the wrapped key, and without the epoch's file nobody can unwrap it.
"""

import os
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from cashback.lib.crypto.keyring import BrokenSeal, KeyRing

_NONCE_SIZE = 12
_TAG_SIZE = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Sealed:
    """A sealed value (nonce, ciphertext, tag) and its wrapped data key, to be stored and destroyed together."""

    ciphertext: bytes | memoryview
    wrapped_key: bytes | memoryview


def seal(ring: KeyRing, epoch_id: int, plaintext: bytes, context: bytes) -> Sealed:
    """Seal a value. `context` says what it belongs to: a sealed value moved to another row does not open there.

    Raises UnknownEpoch.
    """
    data_key = AESGCM.generate_key(bit_length=256)
    nonce = os.urandom(_NONCE_SIZE)
    return Sealed(
        ciphertext=nonce + AESGCM(data_key).encrypt(nonce, plaintext, context),
        wrapped_key=ring.wrap(epoch_id, data_key),
    )


def unseal(ring: KeyRing, epoch_id: int, sealed: Sealed, context: bytes) -> bytes:
    """The plaintext. Raises UnknownEpoch where the epoch was destroyed, BrokenSeal where anything was altered."""
    ciphertext = bytes(sealed.ciphertext)
    data_key = ring.unwrap(epoch_id, bytes(sealed.wrapped_key))
    if len(ciphertext) < _NONCE_SIZE + _TAG_SIZE:
        raise BrokenSeal
    try:
        return AESGCM(data_key).decrypt(ciphertext[:_NONCE_SIZE], ciphertext[_NONCE_SIZE:], context)
    except InvalidTag:
        raise BrokenSeal from None


def rewrap(ring: KeyRing, wrapped_key: bytes | memoryview, *, from_epoch: int, to_epoch: int) -> bytes:
    """The same data key wrapped under another epoch; the sealed value itself stays as it is."""
    return ring.wrap(to_epoch, ring.unwrap(from_epoch, bytes(wrapped_key)))
