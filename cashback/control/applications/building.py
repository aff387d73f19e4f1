"""Bundles: a zip application of the same bytes wherever it is built, so that its SHA-256 says what is in it.

Files are sorted, stored without compression, of one time and without attributes. A built-in application is its folder's
`__main__.py` and those modules of this project that it imports, under their own names; it may import the standard
library besides, and nothing else: there is one source of each module, and what is shared is not copied by hand.
"""

import ast
import hashlib
import io
import sys
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

MAIN = "__main__.py"
_HERE = Path(__file__).parent
_ROOT = _HERE.parent.parent.parent
_OURS = frozenset({"cashback", "lottery"})


@dataclass(frozen=True, kw_only=True)
class BuiltIn:
    """An application of this project. `public`: anybody may run it. Raise `version` when anything it packs changes."""

    version: str
    public: bool


BUILT_IN = {
    "draw-run": BuiltIn(version="1", public=False),
    "draw-verify": BuiltIn(version="1", public=True),
    "program-forecast": BuiltIn(version="1", public=True),
    "wait-estimate": BuiltIn(version="1", public=True),
}


class NotAnApplication(Exception):
    """What was to be packed cannot run as an application; the message names the file and the reason."""


def build(application: str) -> bytes:
    """The bundle of a built-in application. Raises KeyError, NotAnApplication."""
    assert BUILT_IN[application]
    main = _HERE / application.replace("-", "_") / MAIN
    source = main.read_bytes()
    files = {MAIN: source}
    waiting = _imported(source, main)
    while waiting:
        name = waiting.pop()
        path = Path(*name.split(".")).with_suffix(".py")
        if str(path) in files:
            continue
        files[str(path)] = (_ROOT / path).read_bytes()
        for parent in path.parents[:-1]:
            files[str(parent / "__init__.py")] = b""
        waiting |= _imported(files[str(path)], path)
    return packed(files)


def build_folder(folder: Path) -> bytes:
    """The bundle of any folder with a `__main__.py`, all its files as they are. Raises NotAnApplication."""
    files: dict[str, bytes] = {}
    for path in folder.rglob("*"):
        name = path.relative_to(folder)
        if path.is_symlink():
            raise NotAnApplication(f"{name} is a link")
        if path.is_file() and "__pycache__" not in name.parts and not any(part[0] == "." for part in name.parts):
            files[name.as_posix()] = path.read_bytes()
    return packed(files)


def packed(files: Mapping[str, bytes]) -> bytes:
    """The bundle of these files. Raises NotAnApplication."""
    if MAIN not in files:
        raise NotAnApplication(f"there is no {MAIN}")
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_STORED) as bundle:
        for name in sorted(files):
            if not name.isascii() or not name.isprintable():
                raise NotAnApplication(f"{name!r} has a sign that is not printable ASCII")
            entry = zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))
            entry.create_system = 3  # as on Linux, wherever it is built
            bundle.writestr(entry, files[name])
    return data.getvalue()


def digest(bundle: bytes) -> str:
    """The SHA-256 of a bundle."""
    return hashlib.sha256(bundle).hexdigest()


def _imported(source: bytes, path: Path) -> set[str]:
    """The modules of this project that a module imports. Raises NotAnApplication for any that nobody can pack."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom):
            names.add(node.module or "" if node.level == 0 else ".")
        elif isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
    ours = {name for name in names if name.partition(".")[0] in _OURS}
    for name in names - ours:
        if name.partition(".")[0] not in sys.stdlib_module_names:
            raise NotAnApplication(f"{path} imports {name}, which is neither of this project nor of Python itself")
    return ours
