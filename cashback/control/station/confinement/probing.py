"""Is an application really confined here? Asked by attacking, not by reading settings."""

import io
import json
import os
import select
import socket
import tempfile
import zipfile
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from cashback.control.station.confinement.runner import ConfinementBroken, Limits, Outcome, Runner

_LIMITS: Final = Limits(wall_seconds=5.0, cpu_seconds=5, memory_bytes=192 * 1024 * 1024, processes=6)
_SHORT: Final = Limits(wall_seconds=0.3, cpu_seconds=5, memory_bytes=192 * 1024 * 1024, processes=6)
# An attack that only reaches a network costs the rating; any other that gets somewhere leaves no confinement.
_TOLERABLE: Final = frozenset({"reach_network"})


@dataclass(frozen=True, kw_only=True)
class Confinement:
    """What holds here: full, reduced or none; what is missing; and what each attack got."""

    level: str
    missing: tuple[str, ...]
    succeeded: dict[str, str]


def probe(runner: Runner, *, folder: Path, secrets: list[Path]) -> Confinement:
    """Run every attack. Takes about a second."""
    try:
        runner.start()
        succeeded = _attack(runner, folder=folder, secrets=secrets)
    except ConfinementBroken as problem:
        return Confinement(level="none", missing=(str(problem),), succeeded={"start": str(problem)})
    return rate(missing=runner.missing, succeeded=succeeded)


def rate(*, missing: tuple[str, ...], succeeded: dict[str, str]) -> Confinement:
    """The rating of what is missing and what got through."""
    told = tuple(f"{name.replace('_', ' ')} is not stopped: {what}"[:200] for name, what in succeeded.items())
    if set(succeeded) - _TOLERABLE:
        level = "none"
    elif missing or succeeded:
        level = "reduced"
    else:
        level = "full"
    return Confinement(level=level, missing=(*(text[:200] for text in missing), *told), succeeded=succeeded)


def attack_bundle() -> bytes:
    """The attacks as a zip application."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as bundle:
        bundle.writestr("__main__.py", Path(__file__).with_name("attacks.py").read_bytes())
    return file.getvalue()


def _attack(runner: Runner, *, folder: Path, secrets: list[Path]) -> dict[str, str]:
    bundle, succeeded = attack_bundle(), {}
    with ExitStack() as stack:
        listeners = _listen(stack)
        paths = [str(path) for path in (*secrets, folder, Path.cwd())]
        common = {
            "paths": paths,
            "folders": [*paths, "/", "/tmp", "/var/tmp", "/dev/shm", "."],  # noqa: S108  (tried, not used)
            "pids": [os.getpid(), os.getppid()],
            "processes": _LIMITS.processes,
            "memory_bytes": _LIMITS.memory_bytes,
            **listeners,
        }
        for name in (
            "read_secrets",
            "read_memory",
            "write_outside",
            "reach_network",
            "fork_without_end",
            "fill_memory",
        ):
            outcome = runner.run(bundle, json.dumps({"attack": name, **common}).encode(), limits=_LIMITS)
            got = _got(outcome)
            if got:
                succeeded[name] = got
    if _survivor(runner, bundle):
        succeeded["outlive"] = "a process lived on"
    for name, code in (("sleep_for_ever", "timed_out"), ("print_a_gigabyte", "too_much_output")):
        limits = _SHORT if code == "timed_out" else _LIMITS
        outcome = runner.run(bundle, json.dumps({"attack": name}).encode(), limits=limits)
        if outcome.code != code:
            succeeded[name] = outcome.code or "it ended by itself"
    return succeeded


def _got(outcome: Outcome) -> str:
    """What an attack got. One that was killed got nothing; one that could not be confined was not tried."""
    if outcome.code == "not_confined":
        return outcome.message
    if outcome.code is not None:
        return ""
    return ", ".join(json.loads(outcome.output)["got"])


def _survivor(runner: Runner, bundle: bytes) -> bool:
    """Whether anything that the application started holds on to a descriptor after its end."""
    seen, held = os.pipe()
    try:
        run = runner.begin(bundle, b'{"attack": "outlive"}', limits=_LIMITS, files=[held])
    finally:
        os.close(held)
    run.wait()
    waiting = select.poll()
    waiting.register(seen, select.POLLHUP)
    gone = bool(waiting.poll(2000))
    os.close(seen)
    return not gone


def _listen(stack: ExitStack) -> dict[str, Any]:
    folder = stack.enter_context(tempfile.TemporaryDirectory())
    os.chmod(folder, 0o755)  # noqa: S103  (the attacker may walk in; connecting is what must fail)
    tcp = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
    path, abstract = os.path.join(folder, "socket"), f"\0cashback-probe-{os.getpid()}"
    for address in (path, abstract):
        listener = stack.enter_context(socket.socket(socket.AF_UNIX))
        listener.bind(address)
        listener.listen()
    return {"tcp": list(tcp.getsockname()), "path": path, "abstract": abstract}
