"""The site's signatures: Ed25519 over lines of text that anybody can put together from what is printed."""

import base64
import binascii
import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Self

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from cashback.lib.crypto.digests import UnusableKeyFile


class SigningKey:
    """The private half of a signing key."""

    def __init__(self, private_key: Ed25519PrivateKey) -> None:
        self._private_key = private_key
        self.public_key: bytes = private_key.public_key().public_bytes_raw()
        self.key_id = key_id(self.public_key)

    @classmethod
    def generate(cls) -> Self:
        """A new key."""
        return cls(Ed25519PrivateKey.generate())

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read a key from a PEM file (PKCS 8). Raises UnusableKeyFile."""
        try:
            private_key = load_pem_private_key(path.read_bytes(), password=None)
        except OSError as error:
            raise UnusableKeyFile(f"{path}: {error.strerror}") from None
        except (ValueError, TypeError):
            raise UnusableKeyFile(f"{path} does not hold a private key in PEM") from None
        if not isinstance(private_key, Ed25519PrivateKey):
            raise UnusableKeyFile(f"{path} does not hold an Ed25519 key")
        return cls(private_key)

    def __repr__(self) -> str:
        return f"<SigningKey {self.key_id}>"

    def to_pem(self) -> bytes:
        """The key as its file holds it. Write it with mode 600."""
        return self._private_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())

    def sign_lines(self, lines: Sequence[str]) -> str:
        """The signature over the lines, each ended by LF: base64url without padding."""
        return encode_base64url(self._private_key.sign(_message(lines)))


def key_id(public_key: bytes) -> str:
    """The name of a key: the first 16 hex characters of the SHA-256 of its raw public half."""
    return hashlib.sha256(public_key).hexdigest()[:16]


def verify_lines(public_key: bytes, lines: Sequence[str], signature: str) -> bool:
    """Whether `signature` was made over the lines with the key whose raw public half is given."""
    try:
        Ed25519PublicKey.from_public_bytes(public_key).verify(decode_base64url(signature), _message(lines))
    except (InvalidSignature, ValueError):
        return False
    return True


def receipt_lines(*, key_id: str, serial: str, nonce: bytes, leaf: str, registered_at: datetime) -> list[str]:
    """What the signature of a registration's receipt covers."""
    return ["cashback-receipt-v1", key_id, serial, nonce.hex(), leaf, printed_at(registered_at)]


def erasure_lines(
    *, key_id: str, erasure_id: str, at: datetime, what: str, why: str, backups_until: datetime
) -> list[str]:
    """What the signature of an erasure covers."""
    return ["cashback-erasure-v1", key_id, erasure_id, printed_at(at), what, why, printed_at(backups_until)]


def printed_at(moment: datetime) -> str:
    """The one way a moment is written in answers and under signatures: UTC, microseconds, Z."""
    assert moment.tzinfo is not None
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def encode_base64url(data: bytes) -> str:
    """Base64url without padding."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def decode_base64url(text: str) -> bytes:
    """The bytes of base64url without padding. Raises ValueError for anything else, other spellings included."""
    try:
        data = base64.b64decode(text.encode("ascii") + b"=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, UnicodeEncodeError):
        raise ValueError("not base64url") from None
    if encode_base64url(data) != text:
        raise ValueError("not base64url")
    return data


def _message(lines: Sequence[str]) -> bytes:
    assert not any("\n" in line for line in lines), "a line that holds a line feed could be read as two"
    return "".join(f"{line}\n" for line in lines).encode()
