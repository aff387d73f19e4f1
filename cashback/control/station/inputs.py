"""Large inputs: fetched by their hash, kept a while, checked again at every start."""

import hashlib
import os
import threading
from pathlib import Path
from typing import Final

from cashback.control.protocol.naming import DIGEST, FETCHED_INPUT_BYTES_MAX, input_url
from cashback.control.station.fetching import Gone, NotReached, NotThere, TooMuch, opened, pieces

_PIECE_BYTES: Final = 1024 * 1024


class InputProblem(Exception):
    """An input cannot be had."""

    code = "input_unavailable"


class Inputs:
    """The station's folder of large inputs; a file is named by its SHA-256."""

    def __init__(self, folder: Path, *, centre_url: str, bytes_max: int = 2 * FETCHED_INPUT_BYTES_MAX) -> None:
        self._folder = folder
        self._centre_url = centre_url
        self._bytes_max = bytes_max
        self._lock = threading.Lock()
        folder.mkdir(mode=0o700, exist_ok=True)
        for left_over in folder.glob(".new-*"):
            left_over.unlink(missing_ok=True)

    def open(self, sha256: str) -> int:
        """A descriptor to read the input from. Raises InputProblem."""
        assert DIGEST.fullmatch(sha256), sha256
        with self._lock:
            path = self._folder / sha256
            if not path.exists() or _digest(path) != sha256:
                self._fetch(sha256, path)
            os.utime(path)
            self._make_room(keep=path)
            return os.open(path, os.O_RDONLY | os.O_CLOEXEC)

    def _fetch(self, sha256: str, path: Path) -> None:
        fresh, digest = self._folder / f".new-{sha256}", hashlib.sha256()
        try:
            with opened(input_url(self._centre_url, sha256)) as response, fresh.open("wb") as file:
                for piece in pieces(response, size_max=FETCHED_INPUT_BYTES_MAX):
                    digest.update(piece)
                    file.write(piece)
            if digest.hexdigest() != sha256:
                raise InputProblem("an input's digest is another one")
            fresh.rename(path)
        except (NotReached, NotThere, Gone, TooMuch) as problem:
            raise InputProblem(f"an input: {problem}") from None
        finally:
            fresh.unlink(missing_ok=True)

    def _make_room(self, *, keep: Path) -> None:
        others = [path for path in self._folder.iterdir() if path != keep]
        others.sort(key=lambda path: path.stat().st_mtime_ns, reverse=True)
        size = keep.stat().st_size
        for path in others:
            size += path.stat().st_size
            if size > self._bytes_max:
                path.unlink(missing_ok=True)


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
