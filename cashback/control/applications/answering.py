"""How an application is asked and answers: one JSON value on its input, one on its output; a wrong question is named.

Large inputs are open files: `files` of the question holds the descriptor of each by its name.
"""

import json
import os
import sys
from collections.abc import Callable
from datetime import datetime
from typing import Any, BinaryIO, NoReturn

from cashback.control.protocol.fields import Fields
from cashback.control.protocol.problems import WrongField

FILES = frozenset({"files"})


def answer(compute: Callable[[Any], dict[str, Any]]) -> None:
    """Answer the question on the input. A wrong one: `{"error": ...}`, the same on the error output, and status 1."""
    try:
        found = compute(_question())
    except WrongField as wrong:
        _print({"error": str(wrong)})
        sys.stderr.write(f"{wrong}\n")
        sys.exit(1)
    _print(found)


def moment(fields: Fields, name: str, path: str) -> datetime:
    """A time with its offset, as RFC 3339 writes it. Raises WrongField."""
    text = fields.text(name, length_max=40)
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        found = None
    if found is None or found.tzinfo is None or "T" not in text:
        raise WrongField(f"{path}.{name} is not a time with its offset, like 2026-01-31T23:59:59Z")
    return found


def opened(fields: Fields, name: str) -> BinaryIO | None:
    """The large input of that name, to read from its beginning; None where it was not given. Raises WrongField."""
    files = fields.mapping("files") if "files" in fields else {}
    if name not in files:
        return None
    try:
        descriptor = Fields(files, "input.files", required={name}, optional=frozenset(files)).whole(name, 3, 1023)
        file = os.fdopen(descriptor, "rb")
        file.seek(0)
    except OSError as problem:
        raise WrongField(f"input.files.{name} cannot be read ({problem.strerror})") from None
    return file


def json_value(text: str | bytes, path: str) -> Any:
    """Any JSON value of finite numbers. Raises WrongField."""

    def refuse(constant: str) -> NoReturn:
        raise ValueError(f"{constant} is no number")

    try:
        return json.loads(text, parse_constant=refuse)
    except (ValueError, RecursionError) as problem:
        raise WrongField(f"{path} is not one JSON value ({problem})") from None


def _question() -> Any:
    try:
        text = sys.stdin.buffer.read().decode()
    except UnicodeDecodeError:
        raise WrongField("input is not UTF-8") from None
    return json_value(text, "input")


def _print(value: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(value, allow_nan=False, ensure_ascii=True, separators=(",", ":")) + "\n")
