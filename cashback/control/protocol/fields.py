"""Strict reading of a message's fields: exactly the ones there are, each of its type and in its range."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from cashback.control.protocol.problems import WrongField

_MOMENT = "%Y-%m-%dT%H:%M:%S.%fZ"
_MOMENT_LENGTH = len("2026-01-01T00:00:00.000000Z")


class Fields:
    """The fields of one object; `path` names them in problems."""

    def __init__(self, value: object, path: str, *, required: set[str], optional: frozenset[str] = frozenset()) -> None:
        if not isinstance(value, dict):
            raise WrongField(f"{path} is not an object")
        missing, surplus = required - set(value), set(value) - required - optional
        if missing:
            raise WrongField(f"{path}.{min(missing)} is missing")
        if surplus:
            raise WrongField(f"{path} has a field that is not known: {str(min(surplus))[:40]!r}")
        self._values: Mapping[str, Any] = value
        self._path = path

    def __contains__(self, name: str) -> bool:
        return name in self._values

    def raw(self, name: str) -> Any:
        """The value as it is."""
        return self._values[name]

    def text(self, name: str, *, pattern: re.Pattern[str] | None = None, length_max: int = 200) -> str:
        """A text, whole of the pattern where one is given."""
        value = self._values[name]
        if not isinstance(value, str) or len(value) > length_max:
            raise WrongField(f"{self._path}.{name} is not a text of at most {length_max} characters")
        if pattern is not None and not pattern.fullmatch(value):
            raise WrongField(f"{self._path}.{name} is not spelled as it must be: {value[:40]!r}")
        return value

    def choice(self, name: str, choices: frozenset[str] | tuple[str, ...]) -> str:
        """One of the names."""
        value = self.text(name)
        if value not in choices:
            raise WrongField(f"{self._path}.{name} is none of those known: {value[:40]!r}")
        return value

    def whole(self, name: str, low: int, high: int) -> int:
        """An integer within bounds; true and false are none."""
        value = self._values[name]
        if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
            raise WrongField(f"{self._path}.{name} is not a whole number from {low} to {high}")
        return value

    def number(self, name: str) -> float:
        """A number that is not negative."""
        value = self._values[name]
        if not isinstance(value, int | float) or isinstance(value, bool) or value < 0:
            raise WrongField(f"{self._path}.{name} is not a number from 0")
        return float(value)

    def claim(self, name: str) -> bool:
        """True or false."""
        value = self._values[name]
        if not isinstance(value, bool):
            raise WrongField(f"{self._path}.{name} is neither true nor false")
        return value

    def moment(self, name: str) -> datetime:
        """A moment in its one spelling."""
        value = self.text(name, length_max=40)
        try:
            if len(value) != _MOMENT_LENGTH:
                raise ValueError
            return datetime.strptime(value, _MOMENT).replace(tzinfo=UTC)
        except ValueError:
            raise WrongField(f"{self._path}.{name} is no moment like 2026-01-31T23:59:59.000000Z") from None

    def items(self, name: str, count_max: int) -> list[Any]:
        """A list."""
        value = self._values[name]
        if not isinstance(value, list) or len(value) > count_max:
            raise WrongField(f"{self._path}.{name} is not a list of at most {count_max}")
        return value

    def mapping(self, name: str) -> dict[str, Any]:
        """An object."""
        value = self._values[name]
        if not isinstance(value, dict):
            raise WrongField(f"{self._path}.{name} is not an object")
        return value


def printed_at(moment: datetime) -> str:
    """The one spelling of a moment: UTC, microseconds, Z."""
    assert moment.tzinfo is not None
    return moment.astimezone(UTC).strftime(_MOMENT)
