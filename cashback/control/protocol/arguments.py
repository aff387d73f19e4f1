"""What each verb is told: one value per verb, read strictly."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

from cashback.control.protocol.envelopes import canonical
from cashback.control.protocol.fields import Fields
from cashback.control.protocol.naming import (
    APPLICATION,
    DIGEST,
    IDENTIFIER,
    INPUT_BYTES_MAX,
    INPUT_FILES_MAX,
    LIMIT_MAX,
    RUN_SECONDS_MAX,
    VERSION,
)
from cashback.control.protocol.problems import WrongField

_FILE_NAME: Final = re.compile(r"[a-z][a-z0-9_]{0,30}", re.ASCII)


class Arguments(Protocol):
    """The arguments of a verb."""

    def to_body(self) -> dict[str, Any]:
        """As they are signed."""


@dataclass(frozen=True, kw_only=True)
class NoArguments:
    """Of roll-call, pause, resume and drain."""

    def to_body(self) -> dict[str, Any]:
        """As they are signed."""
        return {}


@dataclass(frozen=True, kw_only=True)
class RunArguments:
    """Run an application once. Version None: the newest. `files`: large inputs, name to SHA-256, fetched by hash."""

    application: str
    version: str | None
    input: Any
    files: dict[str, str] = field(default_factory=dict)
    seconds_max: int | None = None

    def to_body(self) -> dict[str, Any]:
        """As they are signed."""
        return dict(vars(self))


@dataclass(frozen=True, kw_only=True)
class CopyArguments:
    """Of fetch-copy, drop-copy and upgrade (fetch this version, then drop every other one)."""

    application: str
    version: str

    def to_body(self) -> dict[str, Any]:
        """As they are signed."""
        return dict(vars(self))


@dataclass(frozen=True, kw_only=True)
class LimitArguments:
    """How many runs may run at the same time; 0 lets all wait."""

    limit: int

    def to_body(self) -> dict[str, Any]:
        """As they are signed."""
        return dict(vars(self))


@dataclass(frozen=True, kw_only=True)
class StopArguments:
    """End the run that this instruction asked for."""

    instruction: str

    def to_body(self) -> dict[str, Any]:
        """As they are signed."""
        return dict(vars(self))


def read_arguments(verb: str, value: object) -> Arguments:
    """The arguments of a known verb. Raises WrongField."""
    return _READERS[verb](value)


def read_run(value: object) -> RunArguments:
    """The arguments of `run`; a station's own clients send the same. Raises WrongField."""
    optional = frozenset({"version", "files", "seconds_max"})
    fields = Fields(value, "arguments", required={"application", "input"}, optional=optional)
    size = len(canonical(fields.raw("input")))
    if size > INPUT_BYTES_MAX:
        raise WrongField(f"arguments.input has {size} bytes; at most {INPUT_BYTES_MAX} are taken")
    files = fields.mapping("files") if "files" in fields else {}
    if len(files) > INPUT_FILES_MAX:
        raise WrongField(f"arguments.files are more than {INPUT_FILES_MAX}")
    for name, digest in files.items():
        if not _FILE_NAME.fullmatch(name) or not isinstance(digest, str) or not DIGEST.fullmatch(digest):
            raise WrongField(f"arguments.files.{name[:40]} is not a name and a SHA-256")
    has_version = "version" in fields and fields.raw("version") is not None
    has_seconds = "seconds_max" in fields and fields.raw("seconds_max") is not None
    return RunArguments(
        application=fields.text("application", pattern=APPLICATION),
        version=fields.text("version", pattern=VERSION) if has_version else None,
        input=fields.raw("input"),
        files=files,
        seconds_max=fields.whole("seconds_max", 1, RUN_SECONDS_MAX) if has_seconds else None,
    )


def _read_nothing(value: object) -> NoArguments:
    Fields(value, "arguments", required=set())
    return NoArguments()


def _read_copy(value: object) -> CopyArguments:
    fields = Fields(value, "arguments", required={"application", "version"})
    application, version = fields.text("application", pattern=APPLICATION), fields.text("version", pattern=VERSION)
    return CopyArguments(application=application, version=version)


def _read_limit(value: object) -> LimitArguments:
    return LimitArguments(limit=Fields(value, "arguments", required={"limit"}).whole("limit", 0, LIMIT_MAX))


def _read_stop(value: object) -> StopArguments:
    fields = Fields(value, "arguments", required={"instruction"})
    return StopArguments(instruction=fields.text("instruction", pattern=IDENTIFIER))


_READERS: Final[dict[str, Callable[[object], Arguments]]] = {
    "roll-call": _read_nothing,
    "pause": _read_nothing,
    "resume": _read_nothing,
    "drain": _read_nothing,
    "run": read_run,
    "fetch-copy": _read_copy,
    "drop-copy": _read_copy,
    "upgrade": _read_copy,
    "set-limit": _read_limit,
    "stop-run": _read_stop,
}
