"""The two locks: everything pinned with hashes, for every Python and platform, and no address of anywhere."""

import re
import tomllib

import pytest

from cashback.env import ROOT

PINNED = re.compile(r"^([A-Za-z0-9._-]+)(?:\[[^]]*\])?==\S+")
NAME = re.compile(r"^[A-Za-z0-9._-]+")


def _lines(lock: str) -> list[str]:
    return (ROOT / lock).read_text(encoding="utf-8").replace("\\\n", " ").splitlines()


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


@pytest.mark.parametrize("lock", ["requirements.lock", "requirements-dev.lock"])
def test_every_line_is_one_version_with_its_hashes(lock: str) -> None:
    for line in _lines(lock):
        assert PINNED.match(line), line
        assert "--hash=sha256:" in line, line
        assert not re.search(r"://|file:|--(extra-)?index|--find-links|--trusted| @ ", line), line


@pytest.mark.parametrize(
    ("lock", "extras"), [("requirements.lock", ["embedded"]), ("requirements-dev.lock", ["embedded", "dev"])]
)
def test_what_the_project_asks_for_is_locked(lock: str, extras: list[str]) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    asked = [*project["dependencies"], *(name for extra in extras for name in project["optional-dependencies"][extra])]
    locked = {_normal(found[1]) for line in _lines(lock) if (found := PINNED.match(line))}
    missing = {_normal(found[0]) for name in asked if (found := NAME.match(name))} - locked
    assert missing == set()


def test_both_locks_agree() -> None:
    runtime, everything = ({line.split()[0] for line in _lines(f"requirements{kind}.lock")} for kind in ("", "-dev"))
    assert runtime - everything == set()
