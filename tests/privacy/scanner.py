"""Finds planted texts in any bytes: as written, as other programs would encode them, in pieces and in clear.

A pattern of seven bytes or more holds a whole aligned word of four bytes wherever it starts. So the set of the data's
aligned words is compared with the words of the patterns, and only where they meet the data is looked at closely.
"""

import base64
import json
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

WORD, CHUNK_BYTES, PATTERN_BYTES_MIN = 4, 1 << 18, 7
CHARSETS = ("utf-8", "utf-16-le", "utf-16-be", "gb18030")


@dataclass(frozen=True, slots=True)
class Hit:
    """One planted text found, in which form, and where."""

    text: str
    form: str
    where: str

    def __str__(self) -> str:
        return f"{self.text} in {self.form}: {self.where}"


@dataclass
class Scanner:
    """All forms of some texts, ready to be looked for."""

    _forms: dict[bytes, tuple[str, str]] = field(default_factory=dict)
    _by_word: dict[int, list[tuple[int, bytes]]] = field(default_factory=lambda: defaultdict(list))
    _overlap: int = 0

    @classmethod
    def of(cls, texts: Iterable[str]) -> "Scanner":
        """A scanner for these texts."""
        scanner = cls()
        for text in texts:
            for form, pattern in forms(text):
                scanner._add(text, form, pattern)
        return scanner

    def _add(self, text: str, form: str, pattern: bytes) -> None:
        assert len(pattern) >= PATTERN_BYTES_MIN, f"{text} is too short to be looked for in {form}"
        if pattern in self._forms:
            return
        self._forms[pattern] = (text, form)
        self._overlap = max(self._overlap, len(pattern))
        for offset in range(WORD):
            self._by_word[word(pattern, offset)].append((offset, pattern))

    def scan(self, data: bytes, where: str) -> set[Hit]:
        """Every text found in the data."""
        found: set[Hit] = set()
        words = self._by_word.keys()
        step = CHUNK_BYTES - CHUNK_BYTES % WORD
        for start in range(0, len(data), step):
            chunk = data[start : start + step + self._overlap]
            view = memoryview(chunk[: len(chunk) - len(chunk) % WORD]).cast("I")
            common = words & set(view)
            if common:
                found |= self._look_closely(chunk, view, common, where)
        return found

    def _look_closely(self, chunk: bytes, view: memoryview, common: set[int], where: str) -> set[Hit]:
        found: set[Hit] = set()
        for index, value in enumerate(view):
            if value in common:
                for offset, pattern in self._by_word[value]:
                    if index * WORD >= offset and chunk.startswith(pattern, index * WORD - offset):
                        text, form = self._forms[pattern]
                        found.add(Hit(text, form, where))
        return found

    def scan_tree(self, folder: Path, *, without: Path | None = None) -> set[Hit]:
        """Every text found in the names and contents of a folder's files. Files that vanish meanwhile are gone."""
        found: set[Hit] = set()
        for path in sorted(folder.rglob("*")):
            if without is not None and path.is_relative_to(without):
                continue
            found |= self.scan(str(path).encode() + b"\0" * WORD, f"the name {path}")
            if path.is_symlink() or not path.is_file():
                continue
            try:
                content = path.read_bytes()
            except FileNotFoundError:
                continue
            found |= self.scan(content, str(path))
        return found


def word(pattern: bytes, offset: int) -> int:
    """Four bytes as the machine reads them."""
    return memoryview(pattern[offset : offset + WORD]).cast("I")[0]


def forms(text: str) -> Iterator[tuple[str, bytes]]:
    """Every form in which a text may lie somewhere, with that form's name."""
    for charset in CHARSETS:
        raw = text.encode(charset)
        yield charset, raw
        yield f"{charset}, hex", raw.hex().encode()
        yield f"{charset}, HEX", raw.hex().upper().encode()
        for alignment in range(3):
            yield f"{charset}, base64 at {alignment}", base64_middle(raw, alignment)
            yield f"{charset}, base64url at {alignment}", base64_middle(raw, alignment).translate(URL_SAFE)
    yield "percent-encoded", quote(text).encode()
    yield "escaped in JSON", json.dumps(text)[1:-1].encode()


URL_SAFE = bytes.maketrans(b"+/", b"-_")


def base64_middle(raw: bytes, alignment: int) -> bytes:
    """The characters of base64 that depend on `raw` alone when `alignment` bytes stand before it."""
    whole = base64.b64encode(b"\0" * alignment + raw + b"\0" * (-(alignment + len(raw)) % 3))
    first = (alignment * 8 + 5) // 6
    last = (alignment + len(raw)) * 8 // 6
    return whole[first:last]
