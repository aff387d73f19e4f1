"""Runs in confinement, as the station sees them: begin, stop, wait; every limit is held from this side too."""

import json
import os
import select
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import cashback
from cashback.control.protocol.naming import OUTPUT_BYTES_MAX

_ERRORS_BYTES_MAX: Final = 8192
_GRACE_SECONDS: Final = 5.0
_READ_BYTES: Final = 65_536
_HELLO_SECONDS: Final = 20.0


class ConfinementBroken(Exception):
    """The fork server cannot be started or does not answer."""


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What one run may use. `processes` counts threads too, the first one included."""

    wall_seconds: float = 60.0
    cpu_seconds: int = 60
    memory_bytes: int = 512 * 1024 * 1024
    processes: int = 4
    output_bytes: int = OUTPUT_BYTES_MAX


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """How a run ended. `code` is None when the application ended by itself with status 0."""

    output: bytes
    errors: str
    code: str | None
    message: str
    seconds: float
    cpu_seconds: float


@dataclass
class Run:
    """A run that has begun."""

    limits: Limits
    _stdout: int
    _stderr: int
    _status: int
    _lifeline: int
    _began: float = field(default_factory=time.monotonic)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _why_ended: str | None = None

    def stop(self, why: str = "stopped") -> None:
        """End it, whole; wait() then says why. A run that has ended is not touched."""
        with self._lock:
            if self._lifeline >= 0:
                self._why_ended = self._why_ended or why
                os.close(self._lifeline)
                self._lifeline = -1

    def wait(self) -> Outcome:
        """Return when nothing of it is left. Call it once."""
        output, errors, status = bytearray(), bytearray(), bytearray()
        try:
            self._collect({self._stdout: output, self._stderr: errors, self._status: status})
        finally:
            self.stop("ended")
            for descriptor in (self._stdout, self._stderr, self._status):
                os.close(descriptor)
        told = json.loads(status) if status else {}
        text = bytes(errors[:_ERRORS_BYTES_MAX]).decode(errors="replace").strip()
        code, message = self._judge(told, text)
        return Outcome(
            output=bytes(output),
            errors=text,
            code=code,
            message=message,
            seconds=float(told.get("seconds", time.monotonic() - self._began)),
            cpu_seconds=float(told.get("cpu_seconds", 0)),
        )

    def _collect(self, into: dict[int, bytearray]) -> None:
        waiting = select.poll()
        for descriptor in into:
            waiting.register(descriptor, select.POLLIN | select.POLLHUP)
        open_count, deadline = len(into), self._began + self.limits.wall_seconds + _GRACE_SECONDS
        while open_count:
            left = deadline - time.monotonic()
            if left <= 0:
                self.stop("timed_out")
                deadline = time.monotonic() + _GRACE_SECONDS
                if left < -_GRACE_SECONDS:
                    return
            for descriptor, _ in waiting.poll(max(0, int(left * 1000)) + 1):
                data = os.read(descriptor, _READ_BYTES)
                if not data:
                    waiting.unregister(descriptor)
                    open_count -= 1
                elif descriptor == self._stdout and len(into[descriptor]) + len(data) > self.limits.output_bytes:
                    self.stop("too_much_output")
                elif descriptor != self._stderr or len(into[descriptor]) < _ERRORS_BYTES_MAX:
                    into[descriptor] += data

    def _judge(self, told: dict[str, Any], errors: str) -> tuple[str | None, str]:
        why: str | None = (
            "timed_out" if told.get("timed_out") else self._why_ended if told.get("stopped", True) else None
        )
        if self._why_ended == "too_much_output":
            why = self._why_ended
        told_why = {
            "too_much_output": f"it printed more than {self.limits.output_bytes} bytes",
            "timed_out": f"it ran longer than {self.limits.wall_seconds:g} s",
            "stopped": "it was stopped",
        }
        if why in told_why:
            return why, told_why[why]
        if "setup_error" in told or not told:
            return "not_confined", str(told.get("setup_error", "the fork server ended"))
        if told["signal"] is not None:
            return "killed", f"it ended by signal {told['signal']}"
        if told["exit"] != 0:
            last = errors.splitlines()[-1] if errors else f"it ended with status {told['exit']}"
            return "out_of_memory" if last.startswith("MemoryError") else "application_failed", last[:500]
        return None, ""


class Runner:
    """The station's side of the fork server; starts it, and starts it again when it has ended."""

    def __init__(self, folder: Path) -> None:
        self._root = folder / "root"
        self._log = folder / "confinement.log"
        self._lock = threading.Lock()
        self._socket: socket.socket | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self.missing: tuple[str, ...] = ()

    def start(self) -> None:
        """Start the fork server. Raises ConfinementBroken."""
        with self._lock:
            self._start()

    def close(self) -> None:
        """End the fork server, and with it every run."""
        with self._lock:
            self._end()

    def begin(self, bundle: bytes, given: bytes, *, limits: Limits, files: Sequence[int] = ()) -> Run:
        """Begin a run: `given` is its standard input, `files` its descriptors 3, 4, ... Raises ConfinementBroken."""
        stdout_read, stdout = os.pipe()
        stderr_read, stderr = os.pipe()
        status_read, status = os.pipe()
        lifeline, lifeline_write = os.pipe()
        memory = [_in_memory("input", given), _in_memory("bundle", bundle)]
        order = json.dumps({name: getattr(limits, name) for name in _ORDERED}).encode()
        theirs = [status, lifeline, memory[0], stdout, stderr, memory[1]]
        try:
            self._send(order, [*theirs, *files])
        except ConfinementBroken:
            for descriptor in (stdout_read, stderr_read, status_read, lifeline_write):
                os.close(descriptor)
            raise
        finally:
            for descriptor in theirs:
                os.close(descriptor)
        return Run(limits, stdout_read, stderr_read, status_read, lifeline_write)

    def run(self, bundle: bytes, given: bytes, *, limits: Limits, files: Sequence[int] = ()) -> Outcome:
        """Begin and wait."""
        return self.begin(bundle, given, limits=limits, files=files).wait()

    def _send(self, order: bytes, descriptors: list[int]) -> None:
        with self._lock:
            for _ in range(2):
                if self._socket is None:
                    self._start()
                assert self._socket is not None
                try:
                    socket.send_fds(self._socket, [order], descriptors)
                    return
                except OSError:
                    self._end()  # it was killed; its successor is as good
        raise ConfinementBroken("the fork server ends as soon as it is started")

    def _start(self) -> None:
        self._root.mkdir(mode=0o700, exist_ok=True)
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        module = "cashback.control.station.confinement.zygote"
        command = [sys.executable, "-S", "-P", "-X", "utf8", "-m", module, str(theirs.fileno()), str(self._root)]
        with theirs, self._log.open("ab") as log:
            self._process = subprocess.Popen(  # noqa: S603  (this Python, our own module)
                command, env=_environment(), cwd="/", stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                pass_fds=[theirs.fileno()], start_new_session=True,
            )  # fmt: skip
        ours.settimeout(_HELLO_SECONDS)
        hello = _received(ours)
        if not hello:
            ours.close()
            self._process.kill()
            self._process.wait()
            raise ConfinementBroken(f"the fork server did not start; see {self._log}")
        ours.settimeout(_GRACE_SECONDS)
        self._socket, self.missing = ours, tuple(json.loads(hello)["missing"])

    def _end(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None


_KEPT: Final = ("LD_LIBRARY_PATH",)  # a Python that was moved finds its library by it
_ORDERED: Final = ("wall_seconds", "cpu_seconds", "memory_bytes", "processes")


def _environment() -> dict[str, str]:
    """All that the fork server gets to know, and forgets before the first run."""
    kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
    return {"PYTHONPATH": str(Path(cashback.__file__).parent.parent), "LC_ALL": "C.UTF-8", **kept}


def _in_memory(name: str, data: bytes) -> int:
    descriptor = os.memfd_create(name)
    with open(descriptor, "wb", closefd=False) as file:
        file.write(data)
    os.lseek(descriptor, 0, os.SEEK_SET)
    return descriptor


def _received(ours: socket.socket) -> bytes:
    try:
        return ours.recv(65_536)
    except OSError:
        return b""
