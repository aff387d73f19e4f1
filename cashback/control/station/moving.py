"""A folder with all that a station needs to run as somebody who may read nothing else here: Python, packages, our code.

A house whose programs lie under a private folder (root's own Python, a checkout in a home) cannot be entered by the
unprivileged user a station has to be. Files are linked where that is possible, so the folder costs no room.
"""

import importlib.metadata
import os
import re
import shutil
import sys
import sysconfig
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import cashback

_DISTRIBUTIONS: Final = ("celery", "redis", "cryptography", "packaging", "bottle", "waitress")
_CODE: Final = ("control/protocol", "control/station", "control/client")
_NOT_NEEDED: Final = shutil.ignore_patterns(
    "site-packages", "test", "tests", "idlelib", "turtledemo", "ensurepip", "*.a"
)


@dataclass(frozen=True, kw_only=True)
class Moved:
    """How to start a Python that has the station: the command's beginning and all of its environment."""

    python: Path
    environment: dict[str, str]


def move_out(folder: Path) -> Moved:
    """Fill the folder, which is emptied before; everybody may read it, and nobody but its owner may write."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=0o755, parents=True)
    python = _move_python(folder / "python")
    for name in _closure(_DISTRIBUTIONS):
        _move_distribution(name, folder / "packages")
    for part in _CODE:
        source = Path(cashback.__file__).parent / part
        shutil.copytree(source, folder / "code" / "cashback" / part, copy_function=_link_or_copy)
    for package in (folder / "code" / "cashback", folder / "code" / "cashback" / "control"):
        (package / "__init__.py").touch()
    _open_to_all(folder)
    environment = {
        "PYTHONPATH": os.pathsep.join(str(folder / part) for part in ("code", "packages")),
        "PYTHONDONTWRITEBYTECODE": "1",
        "LC_ALL": "C.UTF-8",
    }
    library = folder / "python" / "lib"
    if library.exists():
        environment["LD_LIBRARY_PATH"] = str(library)
    return Moved(python=python, environment=environment)


def others_reach(path: Path) -> bool:
    """Whether everybody may walk to this place and read it: only in such a folder a station can be given a home."""
    return all(parent.stat().st_mode & 0o001 for parent in path.parents) and bool(path.stat().st_mode & 0o004)


def _move_python(folder: Path) -> Path:
    """The interpreter, where others cannot reach it; else the one there is."""
    program = Path(sys.executable).resolve()
    library = Path(sysconfig.get_path("stdlib"))
    if others_reach(program) and others_reach(library):
        return program
    (folder / "bin").mkdir(parents=True)
    _link_or_copy(str(program), str(folder / "bin" / "python3"))
    shutil.copytree(library, folder / "lib" / library.name, copy_function=_link_or_copy, ignore=_NOT_NEEDED)
    for shared in library.parent.glob("libpython3*.so*"):
        _link_or_copy(str(shared.resolve()), str(folder / "lib" / shared.name))
    return folder / "bin" / "python3"


def _closure(names: tuple[str, ...]) -> Iterator[str]:
    """The distributions and all they require, extras apart."""
    found: set[str] = set()
    waiting = list(names)
    while waiting:
        name = re.sub(r"[-_.]+", "-", waiting.pop()).lower()
        if name in found:
            continue
        try:
            requirements = importlib.metadata.requires(name) or []
        except importlib.metadata.PackageNotFoundError:
            continue  # required on other platforms only
        found.add(name)
        yield name
        for requirement in requirements:
            match = re.match(r"[A-Za-z0-9._-]+", requirement)
            if match and "extra ==" not in requirement:
                waiting.append(match.group())


def _move_distribution(name: str, folder: Path) -> None:
    distribution = importlib.metadata.distribution(name)
    for file in distribution.files or []:
        source = Path(str(distribution.locate_file(file)))
        if ".." in file.parts or not source.is_file():
            continue  # scripts, and caches of another Python
        target = folder / file
        target.parent.mkdir(parents=True, exist_ok=True)
        _link_or_copy(str(source), str(target))


def _link_or_copy(source: str, target: str) -> str:
    """A second name costs nothing; it needs the same file system, and a file that others may read."""
    try:
        if not os.stat(source).st_mode & 0o004:
            raise PermissionError
        os.link(source, target, follow_symlinks=False)
    except OSError:
        shutil.copy2(source, target)
    return target


def _open_to_all(folder: Path) -> None:
    for place, _, files in os.walk(folder):
        os.chmod(place, 0o755)  # noqa: S103  (programs, no secrets)
        for name in files:
            path = os.path.join(place, name)
            if not os.stat(path).st_mode & 0o004:
                os.chmod(path, 0o644)
