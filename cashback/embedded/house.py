"""A house: the folder VAR with all data of one installation, held by one process at a time."""

import contextlib
import fcntl
import json
import os
import random
import re
import secrets
import shutil
import signal
import socket
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from cashback.embedded import processes

SOCKET_FOLDER_BYTES_MAX = 90  # a unix socket's whole path must stay under 108 bytes
PLAIN_PATH = re.compile(r"[\w./ -]+")
PORT_CHOICES = range(20_000, 32_000)  # below the range from which outgoing connections take theirs
LEFTOVER_STEPS = ((signal.SIGTERM, 3.0),)


class HouseError(Exception):
    """Something a person must put right; the message says what and how."""


class House:
    """The folder, its lock, and the small files in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._lock: int | None = None

    @property
    def log(self) -> Path:
        """The folder of log files, one a process."""
        return self.folder / "log"

    @property
    def keys(self) -> Path:
        """The folder of key files."""
        return self.folder / "keys"

    @property
    def sockets(self) -> Path:
        """The folder for unix sockets, open to nobody else."""
        return self.folder / "run"

    @property
    def env_file(self) -> Path:
        """The settings that commands in the same VAR find by themselves."""
        return self.folder / "env"

    def enter(self) -> None:
        """Make the folder and hold it; end what an earlier holder left running. Raises HouseError."""
        try:
            self.folder.parent.mkdir(parents=True, exist_ok=True)
            self.folder.mkdir(mode=0o700, exist_ok=True)
            descriptor = os.open(self.folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as problem:
            raise HouseError(
                f"VAR={self.folder} cannot be used ({problem.strerror}); name another folder: make run VAR=..."
            ) from None
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.read(descriptor, 20).decode(errors="replace").strip() or "?"
            os.close(descriptor)
            raise HouseError(
                f"VAR={self.folder} is already in use by process {holder}. "
                "Stop that one, or name another folder and port: make run VAR=var-2 PORT=8001"
            ) from None
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        self._lock = descriptor
        for folder in (self.log, self.keys, self.sockets):
            folder.mkdir(mode=0o700, exist_ok=True)
        processes.end_all(lambda: processes.members_of(self.folder), LEFTOVER_STEPS)

    def leave(self) -> None:
        """Let go of the folder."""
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def sockets_fit(self) -> bool:
        """Whether the path of the socket folder is short and plain enough: a comma would part it into two hosts."""
        short = len(os.fsencode(self.sockets)) < SOCKET_FOLDER_BYTES_MAX
        return short and PLAIN_PATH.fullmatch(str(self.sockets)) is not None

    def password(self, name: str) -> str:
        """The random password called `name`, made at the first call."""
        return str(self._remembered("passwords", name, lambda: secrets.token_urlsafe(32)))

    def port(self, name: str) -> int:
        """The port called `name`: chosen free at the first call, and anew when somebody else has taken it."""
        port = int(str(self._remembered("ports", name, choose_port)))
        if not port_is_free(port):
            self._forget("ports", name)
            port = int(str(self._remembered("ports", name, choose_port)))
        return port

    def write(self, path: Path, content: str | bytes) -> None:
        """Write a file of mode 600 whole or not at all."""
        fresh = path.with_name(path.name + ".new")
        fresh.unlink(missing_ok=True)
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(content.encode() if isinstance(content, str) else content)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(path)

    def write_env(self, values: Mapping[str, str]) -> None:
        """Write the settings down for other commands of the same VAR."""
        head = "# Written at every start; what is set in the environment goes before this.\n"
        self.write(self.env_file, head + "".join(f"{name}={value}\n" for name, value in sorted(values.items())))

    def read_env(self) -> dict[str, str]:
        """The settings written down by the last start."""
        try:
            lines = self.env_file.read_text(encoding="utf-8").splitlines()
        except FileNotFoundError:
            return {}
        return dict(line.split("=", 1) for line in lines if "=" in line and not line.startswith("#"))

    def _remembered(self, kind: str, name: str, make: Callable[[], object]) -> object:
        known = self._known(kind)
        if name not in known:
            known[name] = make()
            self.write(self.folder / f"{kind}.json", json.dumps(known, indent=2) + "\n")
        return known[name]

    def _forget(self, kind: str, name: str) -> None:
        known = self._known(kind)
        known.pop(name, None)
        self.write(self.folder / f"{kind}.json", json.dumps(known, indent=2) + "\n")

    def _known(self, kind: str) -> dict[str, object]:
        try:
            known = json.loads((self.folder / f"{kind}.json").read_text(encoding="utf-8"))
        except FileNotFoundError:
            return {}
        assert isinstance(known, dict)
        return known


def choose_port() -> int:
    """A port of the loopback address that nobody listens on."""
    for port in random.SystemRandom().sample(PORT_CHOICES, 200):
        if port_is_free(port):
            return port
    raise HouseError("No free port was found on 127.0.0.1.")


def port_is_free(port: int) -> bool:
    """Whether a server could listen on this port of 127.0.0.1."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


@contextlib.contextmanager
def scratch_house(var: Path) -> Iterator[House]:
    """A fresh house inside VAR for one run of the tests, removed afterwards; also removes what killed runs left."""
    parent = var / "scratch"
    var.parent.mkdir(parents=True, exist_ok=True)
    for folder in (var, parent):
        folder.mkdir(mode=0o700, exist_ok=True)
    for old in parent.iterdir():
        remove_abandoned(old)
    house = House(parent / secrets.token_hex(4))
    house.enter()
    try:
        yield house
    finally:
        shutil.rmtree(house.folder, ignore_errors=True)
        house.leave()


def remove_abandoned(folder: Path) -> None:
    """Remove a scratch house that no process holds, and end its servers first."""
    house = House(folder)
    try:
        house.enter()
    except HouseError:
        return
    for data in (folder / "postgres", folder / "redis"):
        processes.end_all(lambda data=data: processes.servers_of(data), ())  # type: ignore[misc]
    shutil.rmtree(folder, ignore_errors=True)
    house.leave()
