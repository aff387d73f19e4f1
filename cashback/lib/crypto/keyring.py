"""The key ring: a folder with one key file per epoch. Data keys are wrapped under the epoch they were made in.

Destroying an epoch's file makes whatever is still wrapped under it unreadable, backups of the database included.
"""

import os
import re
import stat
from pathlib import Path
from typing import NamedTuple

from cryptography.hazmat.primitives.keywrap import InvalidUnwrap, aes_key_unwrap, aes_key_wrap

KEY_SIZE = 32
_FILE = re.compile(r"epoch-(?P<epoch>[1-9][0-9]{0,17})\.key")
_DESTROYED = bytes(KEY_SIZE)


class UnknownEpoch(Exception):
    """The key ring has no key for this epoch: it was destroyed, or never made here."""


class EpochExists(Exception):
    """The key ring already has a key for this epoch."""


class BrokenSeal(Exception):
    """A sealed value or its key does not open: altered, swapped, or sealed under another key."""


class _Held(NamedTuple):
    inode: int
    changed_ns: int
    key: bytes


class KeyRing:
    """The epoch keys in one folder (mode 700; files `epoch-<id>.key`, mode 600, 32 bytes).

    Every use asks the folder first, so that a key made or destroyed by another process counts at once.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._held: dict[int, _Held] = {}

    def __repr__(self) -> str:
        return f"<KeyRing {self._folder}>"

    def create(self, epoch_id: int) -> None:
        """Make the key of an epoch. Raises EpochExists; whoever races for the same epoch, one key stands."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        draft = self._folder / f".epoch-{epoch_id}.{os.getpid()}.{os.urandom(8).hex()}"
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(os.urandom(KEY_SIZE))
                file.flush()
                os.fsync(file.fileno())
            # A link appears whole or not at all, and never over an existing key.
            os.link(draft, self._path(epoch_id))
        except FileExistsError:
            raise EpochExists(epoch_id) from None
        finally:
            draft.unlink()
        self._sync_folder()

    def epochs(self) -> list[int]:
        """The epochs whose keys are here, oldest first."""
        if not self._folder.is_dir():
            return []
        names = (_FILE.fullmatch(path.name) for path in self._folder.iterdir())
        return sorted(epoch for name in names if name and self._has(epoch := int(name["epoch"])))

    def wrap(self, epoch_id: int, data_key: bytes) -> bytes:
        """The data key wrapped under the epoch's key (AES key wrap, RFC 3394). Raises UnknownEpoch."""
        return aes_key_wrap(self._key(epoch_id), data_key)

    def unwrap(self, epoch_id: int, wrapped_key: bytes) -> bytes:
        """The data key. Raises UnknownEpoch, or BrokenSeal where the key was wrapped under another."""
        try:
            return aes_key_unwrap(self._key(epoch_id), wrapped_key)
        except (InvalidUnwrap, ValueError):
            raise BrokenSeal from None

    def destroy(self, epoch_id: int) -> bool:
        """Overwrite and remove the key of an epoch; False where it is gone already. Safe to repeat after a crash."""
        self._held.pop(epoch_id, None)
        path = self._path(epoch_id)
        try:
            with path.open("r+b") as file:
                file.write(_DESTROYED)
                file.truncate()
                file.flush()
                os.fsync(file.fileno())
            path.unlink()
        except FileNotFoundError:
            return False
        self._sync_folder()
        return True

    def _path(self, epoch_id: int) -> Path:
        assert epoch_id > 0
        return self._folder / f"epoch-{epoch_id}.key"

    def _has(self, epoch_id: int) -> bool:
        try:
            self._key(epoch_id)
        except UnknownEpoch:
            return False
        return True

    def _key(self, epoch_id: int) -> bytes:
        path = self._path(epoch_id)
        try:
            status = path.stat()
            held = self._held.get(epoch_id)
            if held and (held.inode, held.changed_ns) == (status.st_ino, status.st_ctime_ns):
                return held.key
            key = path.read_bytes()
        except FileNotFoundError:
            self._held.pop(epoch_id, None)
            raise UnknownEpoch(epoch_id) from None
        if key == _DESTROYED:  # a crash between overwriting and removing
            raise UnknownEpoch(epoch_id)
        if len(key) != KEY_SIZE or stat.S_IMODE(status.st_mode) & 0o077:
            raise ValueError(f"{path} must hold {KEY_SIZE} bytes and be readable by its owner only")
        self._held[epoch_id] = _Held(status.st_ino, status.st_ctime_ns, key)
        return key

    def _sync_folder(self) -> None:
        descriptor = os.open(self._folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
