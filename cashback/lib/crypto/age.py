"""Files for others: encrypted to their age key while they are written, so that nothing lies on disk in clear."""

import contextlib
import os
import threading
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Self

import pyrage

from cashback.lib.crypto.digests import UnusableKeyFile

_PIPE_BUFFER_SIZE = 1 << 16


class NotDecrypted(Exception):
    """The data are not encrypted to this identity, were altered, or end too early."""


class Recipient:
    """A public key to encrypt to: age1..."""

    def __init__(self, text: str) -> None:
        """Raises ValueError where the text is no recipient."""
        try:
            self.native: Any = pyrage.x25519.Recipient.from_str(text)
        except pyrage.RecipientError:
            raise ValueError("not an age recipient") from None

    def __str__(self) -> str:
        return str(self.native)


class Identity:
    """A private key to decrypt with. It is printed by `secret()` only, never by str() or repr()."""

    def __init__(self, secret: str) -> None:
        """Raises ValueError, without the text, where it is no identity."""
        try:
            self.native: Any = pyrage.x25519.Identity.from_str(secret)
        except pyrage.IdentityError:
            raise ValueError("not an age identity") from None

    @classmethod
    def generate(cls) -> Self:
        """A new key pair."""
        return cls(str(pyrage.x25519.Identity.generate()))

    @property
    def recipient(self) -> Recipient:
        """The public half."""
        return Recipient(str(self.native.to_public()))

    def secret(self) -> str:
        """The line that an identity file holds. Write it with mode 600."""
        return str(self.native)


class AgeWriter:
    """Write bytes; what arrives in `target` is encrypted to the recipients.

    Use as a context manager: the encrypted data are complete, and can be decrypted at all to their end, only after it
    was left without an exception. `target` stays open.
    """

    def __init__(self, target: BinaryIO, recipients: Sequence[Recipient]) -> None:
        assert recipients
        self._target = target
        self._recipients = [recipient.native for recipient in recipients]

    def __enter__(self) -> Self:
        read_end, write_end = os.pipe()
        self._source = _Source(read_end)
        self._sink = os.fdopen(write_end, "wb", buffering=_PIPE_BUFFER_SIZE)
        self._failure: BaseException | None = None
        self._thread = threading.Thread(target=self._encrypt, name="age", daemon=True)
        self._thread.start()
        return self

    def write(self, data: bytes) -> int:
        """Encrypt some more bytes. Raises what the target raised, where it failed."""
        try:
            return self._sink.write(data)
        except BrokenPipeError:
            self._thread.join()
            raise self._failure or AssertionError("the pipe broke without a reason") from None

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._source.abandoned = error is not None
        with contextlib.suppress(BrokenPipeError):
            self._sink.close()
        self._thread.join()
        if error is None and self._failure:
            raise self._failure

    def _encrypt(self) -> None:
        try:
            destination = _Destination(self._target)
            pyrage.encrypt_io(self._source, destination, self._recipients)
            # pyrage writes the last block while it cleans up, and loses what the target raises then.
            self._failure = destination.failure
        except BaseException as failure:  # noqa: BLE001  (raised again in the writing thread)
            self._failure = failure
        finally:
            self._source.close()


class _Source:
    """The reading end of the pipe. If the writer gave up, its end is an error, so that no valid ending is written."""

    def __init__(self, descriptor: int) -> None:
        self._file = os.fdopen(descriptor, "rb", buffering=0)
        self.abandoned = False

    def read(self, size: int = -1) -> bytes:
        data = self._file.read(size)
        if not data and self.abandoned:
            raise EOFError("the writer gave up")
        return data or b""

    def close(self) -> None:
        self._file.close()


class _Destination:
    """The target, remembering its failure."""

    def __init__(self, target: BinaryIO) -> None:
        self._target = target
        self.failure: OSError | ValueError | None = None

    def write(self, data: bytes) -> int:
        try:
            return self._target.write(data)
        except (OSError, ValueError) as failure:
            self.failure = failure
            raise

    def flush(self) -> None:
        self._target.flush()


def encrypt_bytes(data: bytes, recipients: Sequence[Recipient]) -> bytes:
    """The data encrypted to the recipients."""
    encrypted: bytes = pyrage.encrypt(data, [recipient.native for recipient in recipients])
    return encrypted


def decrypt_bytes(data: bytes, identities: Sequence[Identity]) -> bytes:
    """The data in clear. Raises NotDecrypted."""
    try:
        decrypted: bytes = pyrage.decrypt(data, [identity.native for identity in identities])
    except pyrage.DecryptError:
        raise NotDecrypted from None
    return decrypted


def read_recipients(path: Path) -> list[Recipient]:
    """The recipients of a file as `age -R` reads it: one a line, # for comments. Raises UnusableKeyFile."""
    try:
        return [Recipient(line) for line in _lines(path)]
    except ValueError:
        raise UnusableKeyFile(f"{path} does not hold age recipients (age1...)") from None


def read_identities(path: Path) -> list[Identity]:
    """The identities of a file as `age -i` reads it. Raises UnusableKeyFile, which shows nothing of the file."""
    try:
        return [Identity(line) for line in _lines(path)]
    except ValueError:
        raise UnusableKeyFile(f"{path} does not hold age identities (AGE-SECRET-KEY-1...)") from None


def _lines(path: Path) -> list[str]:
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UnusableKeyFile(f"{path} cannot be read ({type(error).__name__})") from None
    lines = [line.strip() for line in text.splitlines()]
    keys = [line for line in lines if line and not line.startswith("#")]
    if not keys:
        raise UnusableKeyFile(f"{path} holds no key")
    return keys
