"""Processes of one machine: started so that they die with us, found again when they did not."""

import ctypes
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

HOUSE_MARK = "CASHBACK_HOUSE"  # in the environment of every process of a house: the house's folder
PR_SET_PDEATHSIG = 1
SERVER_PROGRAMS = frozenset({"postgres", "redis-server", "initdb", "unshare", "setpriv"})
POLL_SECONDS = 0.05
_libc = ctypes.CDLL(None, use_errno=True)


@dataclass(frozen=True)
class Identity:
    """Who a server runs as: a command in front of it that changes that, and who its files belong to then."""

    prefix: tuple[str, ...] = ()
    user: int = 0
    group: int = 0


@dataclass
class Process:
    """One program that is kept running: how it is started, where it writes, how it is asked to stop."""

    name: str
    command: Sequence[str]
    log: Path
    env: Mapping[str, str]
    cwd: Path
    identity: Identity = field(default_factory=Identity)
    stop_signals: Sequence[tuple[signal.Signals, float]] = ((signal.SIGTERM, 10.0),)
    signal_at_our_death: signal.Signals = signal.SIGTERM
    popen: subprocess.Popen[bytes] | None = None
    started_at: float = 0.0

    def start(self) -> None:
        """Start it, with its output in its own log file."""
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab", buffering=0) as output:
            self.popen = subprocess.Popen(
                [*self.identity.prefix, *self.command],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd=self.cwd,
                env=dict(self.env),
                start_new_session=True,  # Ctrl-C reaches us alone; we stop the others in order
                preexec_fn=die_with_parent(self.signal_at_our_death),  # noqa: PLW1509  (we have a single thread)
            )
        self.started_at = time.monotonic()

    def exit_code(self) -> int | None:
        """The exit code once it has ended, else None."""
        return self.popen.poll() if self.popen else None

    def runs(self) -> bool:
        """Whether it was started and has not ended."""
        return self.popen is not None and self.popen.poll() is None

    def stop(self) -> None:
        """Ask it to stop, more firmly each time; kill it when nothing helps."""
        if self.popen is None:
            return
        for number, patience_seconds in (*self.stop_signals, (signal.SIGKILL, 5.0)):
            if self.popen.poll() is not None:
                return
            self.popen.send_signal(number)
            try:
                self.popen.wait(patience_seconds)
            except subprocess.TimeoutExpired:
                continue

    def last_lines(self, count: int) -> list[str]:
        """The last lines of its log, to show why it ended."""
        try:
            with self.log.open("rb") as text:
                text.seek(max(0, self.log.stat().st_size - 8192))
                return text.read().decode("utf-8", "replace").splitlines()[-count:]
        except FileNotFoundError:
            return []


def pause_a_little() -> None:
    """What a wait does between two looks."""
    time.sleep(POLL_SECONDS)


def die_with_parent(number: signal.Signals) -> Callable[[], None]:
    """What a child runs before its program: the kernel sends it `number` when we are gone, even by kill -9."""
    parent = os.getpid()

    def prepare() -> None:
        _libc.prctl(PR_SET_PDEATHSIG, int(number), 0, 0, 0)
        if os.getppid() != parent:  # we died before the line above
            os._exit(1)

    return prepare


def is_alive(pid: int) -> bool:
    """Whether `pid` runs; a zombie does not."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except (FileNotFoundError, ProcessLookupError, PermissionError):
        return False
    return stat.rpartition(")")[2].split()[0] not in {"Z", "X"}


def servers_of(folder: Path) -> list[int]:
    """The living PostgreSQL or Redis processes of a data folder, PostgreSQL's children included.

    They are known by working in the folder or by naming it on their command line; a pid in a file proves nothing.
    """
    return [pid for pid in _living() if _program(pid) in SERVER_PROGRAMS and _belongs_to(pid, folder)]


def names(pid: int, folder: Path) -> bool:
    """Whether a process names the folder on its command line."""
    return os.fsencode(folder) in _read(pid, "cmdline").split(b"\0")


def members_of(house: Path) -> list[int]:
    """The living processes that carry the mark of a house, ourselves and our parents excepted."""
    mark = f"{HOUSE_MARK}={house}".encode()
    family = set(_ancestors(os.getpid()))
    return [pid for pid in _living() if pid not in family and mark in _read(pid, "environ").split(b"\0")]


def end_all(find: Callable[[], list[int]], steps: Sequence[tuple[signal.Signals, float]]) -> list[int]:
    """End every process that `find` still finds, more firmly at each step; return those that were found."""
    found = find()
    living = found
    for number, patience_seconds in (*steps, (signal.SIGKILL, 10.0)):
        for pid in living:
            _send(pid, number)
        deadline = time.monotonic() + patience_seconds
        while (living := find()) and time.monotonic() < deadline:
            pause_a_little()
        if not living:
            break
    return found


def _living() -> Iterator[int]:
    for entry in os.listdir("/proc"):
        if entry.isdecimal() and is_alive(int(entry)):
            yield int(entry)


def _ancestors(pid: int) -> Iterator[int]:
    while pid > 0:
        yield pid
        stat = _read(pid, "stat").rpartition(b")")[2].split()
        pid = int(stat[1]) if len(stat) > 1 else 0


def _program(pid: int) -> str:
    try:
        return Path(os.readlink(f"/proc/{pid}/exe")).name.removesuffix(" (deleted)")
    except OSError:
        return ""


def _belongs_to(pid: int, folder: Path) -> bool:
    try:
        if os.path.samefile(f"/proc/{pid}/cwd", folder):
            return True
    except OSError:
        pass  # it ended, the folder does not exist yet, or it is somebody else's process
    return names(pid, folder)


def _read(pid: int, name: str) -> bytes:
    try:
        return Path(f"/proc/{pid}/{name}").read_bytes()
    except OSError:
        return b""


def _send(pid: int, number: signal.Signals) -> None:
    try:
        os.kill(pid, number)
    except (ProcessLookupError, PermissionError):
        return
