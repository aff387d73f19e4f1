"""Named SQL: a file of queries, each with a name and a sentence of intent.

    -- name: give_places
    -- Give the next places to whoever registered at or before the cut.
    UPDATE ...

The name's line opens a block; the comment lines right after it are the intent; the rest is the statement.
"""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

_NAME = re.compile(r"^--\s*name:\s*(?P<name>\S+)\s*$")
_WORD = re.compile(r"[a-z][a-z0-9_]*")


class BrokenQueries(ValueError):
    """A file of queries is not in the expected form; the message says where."""


class _Query(NamedTuple):
    intent: str
    text: str


class Queries(Mapping[str, str]):
    """The queries of one file, by name. Reading the file fails on anything doubtful, so that imports do."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._queries = _parse(path)

    def __getitem__(self, name: str) -> str:
        try:
            return self._queries[name].text
        except KeyError:
            raise KeyError(f"{self.path.name} has no query named {name!r}") from None

    def __iter__(self) -> Iterator[str]:
        return iter(self._queries)

    def __len__(self) -> int:
        return len(self._queries)

    def intent(self, name: str) -> str:
        """The sentence that says what the query is for."""
        return self._queries[name].intent


def _parse(path: Path) -> dict[str, _Query]:
    queries: dict[str, _Query] = {}
    for name, lines in _blocks(path):
        if not _WORD.fullmatch(name):
            raise BrokenQueries(f"{path}: {name!r} is not a name in lower_case")
        if name in queries:
            raise BrokenQueries(f"{path}: {name} stands twice")
        queries[name] = _query(path, name, lines)
    return queries


def _blocks(path: Path) -> list[tuple[str, list[str]]]:
    blocks: list[tuple[str, list[str]]] = []
    for line in path.read_text(encoding="utf-8").splitlines():
        opening = _NAME.match(line)
        if opening:
            blocks.append((opening["name"], []))
        elif blocks:
            blocks[-1][1].append(line)
        elif line.strip() and not line.startswith("--"):
            raise BrokenQueries(f"{path}: a statement stands before the first name")
    return blocks


def _query(path: Path, name: str, lines: list[str]) -> _Query:
    comments = 0
    while comments < len(lines) and lines[comments].startswith("--"):
        comments += 1
    intent = " ".join(line.removeprefix("--").strip() for line in lines[:comments]).strip()
    text = "\n".join(lines[comments:]).strip()
    if not intent:
        raise BrokenQueries(f"{path}: {name} lacks its sentence of intent")
    if not text:
        raise BrokenQueries(f"{path}: {name} has no statement")
    return _Query(intent, text)
