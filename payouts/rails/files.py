"""The folders shared with a bank: what is written for it appears whole or not at all, what it left is read in order.

An outgoing file is encrypted (age) before it touches the disk, so that even a process killed half-way leaves nothing
readable. Names that begin with a dot are work in progress, ours or the bank's.
"""

import os
import re
import secrets
from pathlib import Path

from cashback.lib.crypto.age import NotDecrypted, decrypt_bytes, encrypt_bytes, read_identities, read_recipients
from payouts.rails.messages import UnreadableAnswer

FILE_BYTES_MAX = 24 * 1024 * 1024  # a little more than a decrypted answer may have
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,120}", re.ASCII)
_UNFINISHED = (".partial", ".part", ".tmp")


def write_outgoing(directory: Path, name: str, data: bytes, recipient_file: Path | None) -> Path:
    """Put `data` into the outgoing folder under `name` (plus `.age` if encrypted) and return where it is.

    Safe to repeat: a file that is there already is left alone. Without a recipient, for banks that have no key, the
    file is written as it is. The folder is on the disk when this returns, the name included.
    """
    if not _NAME.fullmatch(name):
        raise ValueError("a file's name is letters, digits, dots, dashes and underscores")
    target = directory / (name if recipient_file is None else f"{name}.age")
    if target.exists():
        return target
    content = data if recipient_file is None else encrypt_bytes(data, read_recipients(recipient_file))
    partial = directory / f".{target.name}.{secrets.token_hex(4)}.partial"
    try:
        descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        partial.rename(target)
        _sync_folder(directory)
    finally:
        partial.unlink(missing_ok=True)
    return target


def destroy_outgoing(directory: Path, name: str) -> bool:
    """Remove an outgoing file, encrypted or not, and what a killed write left of it; whether the file was there."""
    found = _remove([directory / name, directory / f"{name}.age"])
    _remove([path for path in directory.glob(".*.partial") if path.name.startswith((f".{name}.", f".{name}.age."))])
    _sync_folder(directory)
    return found


def read_incoming(directory: Path) -> list[tuple[str, bytes]]:
    """The files a bank has left, as they lie there (still encrypted), by name. Unfinished ones and links are skipped.

    Of a file over the limit only the limit and one byte are read, which the parser then refuses.
    """
    found = []
    for entry in sorted(os.scandir(directory), key=lambda entry: entry.name):
        unfinished = entry.name.startswith(".") or entry.name.endswith(_UNFINISHED)
        if unfinished or not entry.is_file(follow_symlinks=False):
            continue
        try:
            with open(entry.path, "rb") as file:
                found.append((entry.name, file.read(FILE_BYTES_MAX + 1)))
        except FileNotFoundError:  # another worker has taken it meanwhile
            continue
    return found


def destroy_incoming(directory: Path, name: str) -> bool:
    """Remove a file that has been taken in; whether it was still there."""
    if Path(name).name != name:
        raise ValueError("a name, not a path")
    found = _remove([directory / name])
    _sync_folder(directory)
    return found


def decrypt_incoming(data: bytes, identity_file: Path | None) -> bytes:
    """The content of a bank's file. Without an identity, for banks that do not encrypt, it is what lies there.

    Raises UnreadableAnswer: not_decryptable (for another key, damaged, cut short, or not encrypted), too_large.
    """
    if len(data) > FILE_BYTES_MAX:
        raise UnreadableAnswer("too_large", f"more than {FILE_BYTES_MAX} bytes")
    if identity_file is None:
        return data
    try:
        return decrypt_bytes(data, read_identities(identity_file))
    except NotDecrypted:
        raise UnreadableAnswer("not_decryptable", "not encrypted to our key, or damaged on the way") from None


def _remove(paths: list[Path]) -> bool:
    found = False
    for path in paths:
        try:
            path.unlink()
        except FileNotFoundError:
            continue
        found = True
    return found


def _sync_folder(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
