"""The bank's counter: files taken out of the customer's outbox, letters put into its inbox, and the keys of both."""

import errno
import os
import secrets
import shutil
from pathlib import Path

import pyrage

from cashback.embedded.bank.options import Options
from cashback.embedded.bank.orders import BYTES_MAX

_UNFINISHED = (".partial", ".part", ".tmp")


class Post:
    """One customer's two folders."""

    def __init__(self, options: Options) -> None:
        self._options = options
        self._received = options.dir / "received"
        for folder in (self._received, options.outbox, options.inbox):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._identity = prepare_keys(options)

    def pick_up(self) -> list[Path]:
        """Move what lies in the outbox to the bank; then everything that waits there to be read, oldest name first.

        Each file gets a name that no other ever has. A killed copy is begun anew; a killed removal of the original
        brings the same message a second time, which is answered as a duplicate.
        """
        for entry in sorted(os.scandir(self._options.outbox), key=lambda entry: entry.name):
            unfinished = entry.name.startswith(".") or entry.name.endswith(_UNFINISHED)
            if not unfinished and entry.is_file(follow_symlinks=False):
                self._take(Path(entry.path))
        for path in self._received.glob(".*"):
            path.unlink()
        return sorted(self._received.iterdir(), key=lambda path: path.name)

    def open(self, path: Path) -> bytes | None:
        """The decrypted content; None if it cannot be opened. A plain file is refused: the customer has our key."""
        if path.stat().st_size > BYTES_MAX:
            return None
        try:
            content: bytes = pyrage.decrypt(path.read_bytes(), [self._identity])
        except pyrage.DecryptError:
            return None
        return content

    def deliver(self, name: str, body: bytes) -> None:
        """Put a letter into the inbox, encrypted to the customer, whole or not at all; again is the same file again."""
        target = self._options.inbox / name
        partial = target.with_name(f".{name}.partial")
        content = pyrage.encrypt(body, [read_recipient(self._options.customer_key)])
        with open(partial, "wb", opener=lambda path, flags: os.open(path, flags, 0o600)) as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        partial.rename(target)
        _sync(self._options.inbox)

    def can_write_to_customer(self) -> bool:
        """Whether the customer has brought its key."""
        return self._options.customer_key.exists()

    def _take(self, source: Path) -> None:
        target = self._received / f"{secrets.token_hex(8)}-{source.name}"
        try:
            source.rename(target)
        except FileNotFoundError:  # taken back by the customer meanwhile
            return
        except OSError as error:
            if error.errno != errno.EXDEV:
                raise
            partial = target.with_name(f".{target.name}")
            shutil.copyfile(source, partial)
            partial.rename(target)
            _sync(self._received)
            source.unlink(missing_ok=True)
        _sync(self._received)


def prepare_keys(options: Options) -> pyrage.x25519.Identity:
    """The bank's identity, made if it has none, with the public half beside it."""
    file = options.identity_file
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not file.exists():
        partial = file.with_name(".identity.txt")
        partial.unlink(missing_ok=True)
        with open(partial, "x", encoding="ascii", opener=lambda path, flags: os.open(path, flags, 0o600)) as text:
            text.write(f"{pyrage.x25519.Identity.generate()}\n")
            text.flush()
            os.fsync(text.fileno())
        partial.rename(file)
    identity = pyrage.x25519.Identity.from_str(_key_line(file))
    if not options.recipient_file.exists():
        options.recipient_file.write_text(f"{identity.to_public()}\n", encoding="ascii")
    return identity


def read_recipient(path: Path) -> pyrage.x25519.Recipient:
    """The public key in a file."""
    return pyrage.x25519.Recipient.from_str(_key_line(path))


def _key_line(path: Path) -> str:
    lines = [line.strip() for line in path.read_text(encoding="ascii").splitlines()]
    return next((line for line in lines if line and not line.startswith("#")), "")


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
