"""Keyed digests and codes: what the database knows of a PIN, a receipt or a payee without knowing them."""

import hashlib
import hmac
import os
import stat
from collections.abc import Iterable, Iterator
from functools import lru_cache
from pathlib import Path
from typing import Self

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from cashback.lib.errors import DomainError
from cashback.lib.pins import ALPHABET
from cashback.lib.typed_text import clean_code

KEY_SIZE = 32
NONCE_SIZE = 32
RECEIPT_LENGTH = 26  # 128 bits in base 32
_SHA256_BLOCK_SIZE = 64
_TYPED_MAX = 128


class UnusableKeyFile(Exception):
    """A key file is missing, of the wrong size, or readable by others; the message names the file."""


class UnreadableReceipt(DomainError):
    """This is not a receipt code. Compare it with your receipt: it has 26 letters and digits."""

    code = "receipt_not_found"


@lru_cache(maxsize=64)
def subkey(secret: str, label: str) -> bytes:
    """A 32-byte key for one purpose, derived from the site's secret (HKDF, RFC 5869)."""
    return HKDF(algorithm=SHA256(), length=KEY_SIZE, salt=None, info=label.encode()).derive(secret.encode())


def create_key_file(path: Path) -> None:
    """Write a new random key to `path` (mode 600), in hex. Raises FileExistsError: a key is never overwritten."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(os.urandom(KEY_SIZE).hex().encode() + b"\n")
        file.flush()
        os.fsync(file.fileno())


def read_key_file(path: Path) -> bytes:
    """The 32 bytes of a key file, which holds them in hex. Raises UnusableKeyFile, also where others may read it."""
    try:
        text, mode = path.read_text(encoding="ascii"), path.stat().st_mode
        key = bytes.fromhex(text)
    except OSError as error:
        raise UnusableKeyFile(f"{path}: {error.strerror}") from None
    except ValueError:
        raise UnusableKeyFile(f"{path} does not hold a key in hex") from None
    if stat.S_IMODE(mode) & 0o077:
        raise UnusableKeyFile(f"{path} may be read by others: chmod 600")
    if len(key) != KEY_SIZE:
        raise UnusableKeyFile(f"{path} does not hold {KEY_SIZE} bytes")
    return key


class PinKey:
    """The key of the PIN digests. It lies outside the database: a stolen database says nothing about any PIN."""

    def __init__(self, key: bytes) -> None:
        assert len(key) == KEY_SIZE
        self._key = key
        self.id = hashlib.sha256(b"cashback-pin-key\n" + key).hexdigest()[:16]

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read the key from its file. Raises UnusableKeyFile."""
        return cls(read_key_file(path))

    def __repr__(self) -> str:
        return f"<PinKey {self.id}>"

    def digest(self, serial: str, pin: str) -> bytes:
        """HMAC-SHA-256 of serial and PIN: 32 bytes."""
        return hmac.digest(self._key, _pin_message(serial, pin), "sha256")

    def digests(self, cards: Iterable[tuple[str, str]]) -> Iterator[bytes]:
        """The digests of many (serial, PIN), each at less than half the cost.

        HMAC is two hashes that begin with the key; both beginnings are worked out once and copied (RFC 2104, 4).
        """
        padded = self._key.ljust(_SHA256_BLOCK_SIZE, b"\0")
        copy_inner = hashlib.sha256(bytes(byte ^ 0x36 for byte in padded)).copy
        copy_outer = hashlib.sha256(bytes(byte ^ 0x5C for byte in padded)).copy
        for serial, pin in cards:
            inner, outer = copy_inner(), copy_outer()
            inner.update(_pin_message(serial, pin))
            outer.update(inner.digest())
            yield outer.digest()

    def matches(self, stored: bytes | memoryview, serial: str, pin: str) -> bool:
        """Whether `stored` is the digest of serial and PIN; takes the same time wherever they differ."""
        return same_digest(bytes(stored), self.digest(serial, pin))


def same_digest(one: bytes, other: bytes) -> bool:
    """Whether two digests are equal; takes the same time wherever they differ."""
    return hmac.compare_digest(one, other)


def leaf(serial: str, nonce: bytes) -> str:
    """The public stand-in of a registration: nobody without the nonce can tell the serial from it."""
    assert len(nonce) == NONCE_SIZE
    return hashlib.sha256(f"cashback-leaf-v1\n{serial}\n{nonce.hex()}\n".encode()).hexdigest()


def receipt_code(key: bytes, serial: str, nonce: bytes, generation: int) -> str:
    """The receipt of a registration: 128 bits in 26 characters of Crockford's base 32.

    Derived, so that a repeated request is answered with the same receipt; a replacement raises `generation`.
    """
    assert len(nonce) == NONCE_SIZE
    assert generation >= 0
    message = f"{serial}|{nonce.hex()}|{generation}".encode()
    value = int.from_bytes(hmac.digest(key, message, "sha256")[:16], "big")
    return "".join(ALPHABET[value >> shift & 31] for shift in range(5 * (RECEIPT_LENGTH - 1), -1, -5))


def receipt_digest(code: str) -> bytes:
    """What is stored of a receipt code: its SHA-256. The code's 128 bits need no salt and no slow hash."""
    return hashlib.sha256(code.encode("ascii")).digest()


def parse_receipt(text: str) -> str:
    """Read a typed receipt code: case, spaces, dashes, O for 0, I and L for 1. Raises UnreadableReceipt."""
    if len(text) > _TYPED_MAX:
        raise UnreadableReceipt
    code = clean_code(text, fold_case=True).text
    # 26 characters hold 130 bits: the first one carries only three.
    if len(code) != RECEIPT_LENGTH or not set(code) <= set(ALPHABET) or code[0] not in "01234567":
        raise UnreadableReceipt
    return code


def fingerprint(key: bytes, *, account_kind: str, account_number: str, name: str) -> bytes:
    """What recognises a payee within one program without naming anybody: 32 bytes, gone with the details.

    Give the corrected values; case and spaces of the name make no difference.
    """
    parts = (account_kind, account_number, "".join(name.split()).casefold())
    assert not any("\n" in part for part in parts)
    return hmac.digest(key, "\n".join(("cashback-payee-v1", *parts)).encode(), "sha256")


def body_digest(key: bytes, body: bytes) -> bytes:
    """What recognises a repeated request without keeping what was sent: 32 bytes."""
    return hmac.digest(key, b"cashback-body-v1\n" + body, "sha256")


def _pin_message(serial: str, pin: str) -> bytes:
    # Fixed lengths (14 and 16), so the two cannot run into each other.
    return f"{serial}\n{pin}".encode("ascii")
