"""Copies of applications: verified at every start, fetched when they are missing or wrong, bounded."""

import hashlib
import logging
import os
import shutil
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cashback.control.protocol.envelopes import decode_base64url, open_envelope
from cashback.control.protocol.messages import BundleWord, Copy
from cashback.control.protocol.naming import (
    APPLICATION,
    BUNDLE_BYTES_MAX,
    BUNDLE_HEADER,
    VERSION,
    bundle_url,
    version_order,
)
from cashback.control.protocol.problems import WireProblem
from cashback.control.station.fetching import Gone, NotReached, NotThere, TooMuch, fetch

log = logging.getLogger(__name__)

_BUNDLE: Final = "bundle.zip"
_WORD: Final = "word.json"
_LATEST: Final = "latest"


class CopyProblem(Exception):
    """There is no copy to run. `code` and the text go into the report."""

    code = "copy_unavailable"


class CopyRefused(CopyProblem):
    """A copy is wrong, unsigned, withdrawn or truncated."""

    code = "copy_refused"


@dataclass(frozen=True, kw_only=True)
class Bundle:
    """A copy whose digest and signature held a moment ago. `how`: local or fetched."""

    word: BundleWord
    data: bytes
    how: str


class Copies:
    """The station's folder of copies: application/version/{bundle.zip, word.json}."""

    def __init__(
        self,
        folder: Path,
        *,
        centre_url: str,
        centre_keys: dict[str, bytes],
        count_max: int = 64,
        bytes_max: int = 256 * 2**20,
    ) -> None:
        self._folder = folder
        self._centre_url = centre_url
        self._keys = centre_keys
        self._count_max = count_max
        self._bytes_max = bytes_max
        self._lock = threading.Lock()
        folder.mkdir(mode=0o700, exist_ok=True)
        for left_over in folder.glob("*/.new-*"):
            shutil.rmtree(left_over, ignore_errors=True)

    def obtain(self, application: str, version: str | None) -> Bundle:
        """A verified copy; without a version the newest held here, else the newest published. Raises CopyProblem."""
        version = version or self._newest(application)
        found = self._open_or_drop(application, version) if version is not None else None
        if found is not None:
            return found
        with self._lock:  # somebody else may have fetched it meanwhile
            found = self._open_or_drop(application, version) if version is not None else None
            return found or self._fetch(application, version or _LATEST)

    def drop(self, application: str, version: str) -> bool:
        """Delete a copy; False if there was none."""
        place = self._place(application, version)
        if not place.exists():
            return False
        grave = place.with_name(f".new-{os.getpid()}-{threading.get_ident()}-{time.monotonic_ns()}")
        try:
            place.rename(grave)
        except FileNotFoundError:
            return False
        shutil.rmtree(grave, ignore_errors=True)
        return True

    def drop_others(self, application: str, version: str) -> list[str]:
        """Delete every other version of the application; which these were."""
        others = [name for name in self._versions(application) if name != version]
        return [name for name in others if self.drop(application, name)]

    def held(self) -> tuple[Copy, ...]:
        """Every copy here, by name and version."""
        copies = []
        for place in sorted(self._folder.glob("*/*")):
            if place.name.startswith("."):
                continue
            try:
                copies.append(self._word(place))
            except (OSError, CopyRefused):
                continue  # it will be refused when somebody wants to run it
        return tuple(Copy(application=word.application, version=word.version, sha256=word.sha256) for word in copies)

    def _open_or_drop(self, application: str, version: str) -> Bundle | None:
        """The copy held here; one that is wrong is deleted."""
        try:
            return self._open(application, version)
        except FileNotFoundError:
            self.drop(application, version)
        except CopyRefused as problem:
            log.warning("copy of %s %s refused, to be fetched anew: %s", application, version, problem)
            self.drop(application, version)
        return None

    def _open(self, application: str, version: str) -> Bundle:
        place = self._place(application, version)
        word = self._word(place)
        if (word.application, word.version) != (application, version):
            raise CopyRefused(f"the centre's word is about {word.application} {word.version}")
        try:
            data = (place / _BUNDLE).read_bytes()
        except FileNotFoundError:
            raise CopyRefused("its bundle is missing") from None
        _check(word, data)
        os.utime(place)
        return Bundle(word=word, data=data, how="local")

    def _word(self, place: Path) -> BundleWord:
        text = (place / _WORD).read_bytes()
        try:
            return BundleWord.from_body(open_envelope(text, kind="bundle", keys=self._keys))
        except WireProblem as problem:
            raise CopyRefused(f"{problem.code}: {problem}") from None

    def _fetch(self, application: str, version: str) -> Bundle:
        """From the centre; what is wrong is asked for once more."""
        for last in (False, True):
            try:
                return self._fetch_once(application, version)
            except CopyRefused as problem:
                log.warning("the centre's copy of %s %s is refused: %s", application, version, problem)
                if last:
                    raise
        raise AssertionError("unreachable")

    def _fetch_once(self, application: str, version: str) -> Bundle:
        try:
            data, headers = fetch(bundle_url(self._centre_url, application, version), size_max=BUNDLE_BYTES_MAX)
            envelope = decode_base64url(headers.get(BUNDLE_HEADER, ""))
            word = BundleWord.from_body(open_envelope(envelope, kind="bundle", keys=self._keys))
        except NotThere as problem:
            raise CopyProblem(f"{application} {version}: {problem}") from None
        except Gone as problem:
            raise CopyRefused(f"withdrawn: {problem}") from None
        except NotReached as problem:
            raise CopyProblem(str(problem)) from None
        except TooMuch as problem:
            raise CopyRefused(str(problem)) from None
        except ValueError:
            raise CopyRefused("the centre's word is not base64url") from None
        except WireProblem as problem:
            raise CopyRefused(f"{problem.code}: {problem}") from None
        if word.application != application or version not in (word.version, _LATEST):
            raise CopyRefused(f"the centre's word is about {word.application} {word.version}")
        _check(word, data)
        self._keep(word, data, envelope)
        return Bundle(word=word, data=data, how="fetched")

    def _keep(self, word: BundleWord, data: bytes, envelope: bytes) -> None:
        """A copy appears whole, with one rename, and then others make room."""
        place = self._place(word.application, word.version)
        fresh = place.with_name(f".new-{os.getpid()}-{time.monotonic_ns()}")
        fresh.mkdir(mode=0o700, parents=True)
        for name, content in ((_BUNDLE, data), (_WORD, envelope)):
            with (fresh / name).open("wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
        self.drop(word.application, word.version)
        fresh.rename(place)
        self._make_room(keep=place)

    def _make_room(self, *, keep: Path) -> None:
        places = [place for place in self._folder.glob("*/*") if not place.name.startswith(".") and place != keep]
        places.sort(key=lambda place: place.stat().st_mtime_ns, reverse=True)
        count, size = 1, _size(keep)
        for place in places:
            count, size = count + 1, size + _size(place)
            if count > self._count_max or size > self._bytes_max:
                log.info("copy of %s %s is let go: it was used least recently", place.parent.name, place.name)
                self.drop(place.parent.name, place.name)

    def _place(self, application: str, version: str) -> Path:
        assert APPLICATION.fullmatch(application), application
        assert VERSION.fullmatch(version), version
        return self._folder / application / version

    def _versions(self, application: str) -> list[str]:
        assert APPLICATION.fullmatch(application), application
        return [place.name for place in (self._folder / application).glob("*") if not place.name.startswith(".")]

    def _newest(self, application: str) -> str | None:
        return max(self._versions(application), key=version_order, default=None)


def _check(word: BundleWord, data: bytes) -> None:
    if word.withdrawn:
        raise CopyRefused("withdrawn")
    if len(data) < word.size:
        raise CopyRefused(f"truncated: {len(data)} of {word.size} bytes")
    if len(data) != word.size or hashlib.sha256(data).hexdigest() != word.sha256:
        raise CopyRefused("its digest is another one")


def _size(place: Path) -> int:
    return sum(file.stat().st_size for file in place.iterdir())
