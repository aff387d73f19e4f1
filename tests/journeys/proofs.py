"""Checks what the site signed, as anybody could: with the public keys and nothing of the site's own code."""

import base64
import hashlib

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from tests.journeys.whole import Whole


def is_signed(whole: Whole, key_id: str, lines: list[str], signature: str) -> bool:
    """Whether one of the site's published keys signed these lines."""
    keys = {key["id"]: key["public_key"] for key in whole.caller().get_json("/api/v1/keys")}
    message = "".join(f"{line}\n" for line in lines).encode()
    try:
        Ed25519PublicKey.from_public_bytes(_raw(keys[key_id])).verify(_raw(signature), message)
    except InvalidSignature:
        return False
    return True


def leaf_of(serial: str, nonce: str) -> str:
    """The leaf that a receipt must show."""
    return hashlib.sha256(f"cashback-leaf-v1\n{serial}\n{nonce}\n".encode()).hexdigest()


def _raw(text: str) -> bytes:
    if len(text) == 64:
        return bytes.fromhex(text)
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
