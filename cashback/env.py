"""The environment: what the process was told, and what `make run` wrote down for commands in the same VAR.

A name set in the process environment wins; otherwise the file `$VAR/env` (written by `make run`, mode 600) is asked.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import overload

ROOT = Path(__file__).resolve().parent.parent


def var_dir() -> Path:
    """The folder that holds all data of this installation: VAR, or `var` beside manage.py."""
    return Path(os.environ.get("VAR") or ROOT / "var").resolve()


def _read_file(path: Path) -> dict[str, str]:
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (FileNotFoundError, PermissionError):
        return {}
    pairs = (line.split("=", 1) for line in lines if "=" in line and not line.startswith("#"))
    return {name.strip(): value.strip() for name, value in pairs}


class Env:
    """Typed reading of settings; an unreadable value names the setting."""

    def __init__(self, environ: Mapping[str, str], written: Mapping[str, str]) -> None:
        self._values = {**written, **environ}

    def text(self, name: str, default: str = "") -> str:
        """The value of `name` as text; an empty value counts as unset."""
        return self._values.get(name) or default

    def flag(self, name: str, default: bool = False) -> bool:
        """The value of `name` as a flag: 1, true, yes or on, against 0, false, no or off.

        Raises ValueError naming the setting for anything else.
        """
        value = self.text(name).lower()
        if not value:
            return default
        if value in {"1", "true", "yes", "on"}:
            return True
        if value in {"0", "false", "no", "off"}:
            return False
        raise ValueError(f"{name} must be 1 or 0, not {value!r}")

    def number(self, name: str, default: int) -> int:
        """The value of `name` as a whole number. Raises ValueError naming the setting."""
        value = self.text(name)
        if not value:
            return default
        try:
            return int(value)
        except ValueError:
            raise ValueError(f"{name} must be a whole number, not {value!r}") from None

    @overload
    def path(self, name: str, default: Path) -> Path: ...
    @overload
    def path(self, name: str) -> Path | None: ...
    def path(self, name: str, default: Path | None = None) -> Path | None:
        """The value of `name` as a path, or the default."""
        value = self.text(name)
        return Path(value) if value else default

    def words(self, name: str, default: str = "") -> list[str]:
        """The value of `name` as a list, separated by commas."""
        return [word.strip() for word in self.text(name, default).split(",") if word.strip()]


env = Env(os.environ, _read_file(var_dir() / "env"))
