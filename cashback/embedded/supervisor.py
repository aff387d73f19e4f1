"""`make run`: servers, keys, database, demo, then every process of the program, kept running until Ctrl-C."""

import os
import signal
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Protocol

from cashback.embedded import programs
from cashback.embedded.house import LEFTOVER_STEPS, House, HouseError, port_is_free
from cashback.embedded.keys import make_keys
from cashback.embedded.processes import HOUSE_MARK, Process, end_all, members_of
from cashback.embedded.servers import Servers
from cashback.env import ROOT, Env

PAUSE_SECONDS = 0.1
BACK_OFF_SECONDS = (0.5, 1.0, 2.0, 5.0)
GOOD_RUN_SECONDS = 5.0  # who ran that long starts again without waiting
LOG_BYTES_MAX = 20_000_000
LOG_CHECK_SECONDS = 60.0
TRUE = frozenset({"1", "true", "yes", "on"})


class Stopped(Exception):
    """The person at the terminal, or the system, asked us to stop."""


class Startable(Protocol):
    """What the supervisor keeps running: one of the servers, or a plain process."""

    name: str

    def start(self) -> None: ...
    def stop(self) -> None: ...


@dataclass
class Kept:
    """One program under supervision, and what became of it."""

    program: Startable
    process: Callable[[], Process | None]
    failures: int = 0
    starts_again_at: float | None = None


class Supervisor:
    """Everything of one house, in one thread."""

    def __init__(self, *, house: House, port: int, say: Callable[[str], None]) -> None:
        self.house = house
        self.port = port
        self.say = say
        self.kept: list[Kept] = []
        self.servers = Servers(house, durable=True, say=say)
        self.demo = (os.environ.get("DEMO") or ("1" if self.servers.postgres else "0")).lower() in TRUE
        self.asked_to_stop = False
        self.logs_checked_at = 0.0

    @property
    def url(self) -> str:
        """The address for the person at the terminal."""
        return f"http://127.0.0.1:{self.port}/"

    def run(self) -> None:
        """Start everything, keep it running, and stop it in order when asked to. Raises HouseError."""
        if not port_is_free(self.port):
            raise HouseError(f"Port {self.port} is in use by another program; choose another: make run PORT=8001")
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._ask_to_stop)
        try:
            self._start_servers()
            self._write_settings()
            self._do(self._program("check", ["cashback.checks"]))
            self._do(self._command("migrate", ["migrate", "--no-input"]))
            self._keep(self._web())
            if self.demo:
                self._do(self._command("demo", ["demo"]))
            for process in self._others():
                self._keep(process)
            self._announce()
            while True:
                self._tick()
        except Stopped:
            self.say("stops")
        finally:
            self._stop_all()

    def _start_servers(self) -> None:
        self.servers.start(self._pause)
        for server in self.servers.own():
            self.kept.append(Kept(program=server, process=lambda server=server: server.process))  # type: ignore[misc]
        self._tick()

    def _write_settings(self) -> None:
        settings = {**make_keys(self.house), **self.servers.urls()}
        (self.house.folder / "static").mkdir(exist_ok=True)
        settings |= {"DEMO": "1" if self.demo else "0", "HTTPS": "0", "PORT": str(self.port)}
        self.house.write_env({**settings, **{name: os.environ[name] for name in settings if os.environ.get(name)}})

    def _web(self) -> Process:
        words = [*programs.web(bind=f"127.0.0.1:{self.port}"), "--worker-tmp-dir", str(self.house.sockets)]
        return self._program("web", words, signal_at_our_death=signal.SIGTERM)

    def _others(self) -> list[Process]:
        folder = self.house.folder
        found = [
            self._program("worker", programs.worker()),
            self._program("beat", programs.beat(schedule=folder / "beat-schedule")),
        ]
        if not os.environ.get("BANK_RECIPIENT_KEY_FILE"):  # else the payments go to another bank
            found.append(self._program("bank", programs.bank(folder=folder / "bank-simulator")))
        if self.demo:
            found.append(self._command("traffic", ["demo_traffic", "--stay"]))
        return found

    def _program(
        self, name: str, words: Sequence[str], signal_at_our_death: signal.Signals = signal.SIGKILL
    ) -> Process:
        return self._process(name, [sys.executable, "-m", *words], signal_at_our_death)

    def _command(self, name: str, words: Sequence[str]) -> Process:
        return self._process(name, [sys.executable, str(ROOT / "manage.py"), *words], signal.SIGKILL)

    def _process(self, name: str, command: Sequence[str], signal_at_our_death: signal.Signals) -> Process:
        env = {setting: value for setting, value in os.environ.items() if value}
        env |= {"VAR": str(self.house.folder), HOUSE_MARK: str(self.house.folder), "PYTHONUNBUFFERED": "1"}
        log = self.house.log / f"{name}.log"
        return Process(name=name, command=command, log=log, env=env, cwd=ROOT, signal_at_our_death=signal_at_our_death)

    def _do(self, step: Process) -> None:
        """Run a step to its end. Raises HouseError when it fails."""
        self.say(f"{step.name} ...")
        step.start()
        try:
            while (code := step.exit_code()) is None:
                self._tick()
        finally:
            step.stop()
        if code != 0:
            lines = "\n".join(step.last_lines(15))
            raise HouseError(f"{step.name} failed; {step.log} ends with:\n{lines}")

    def _keep(self, process: Process) -> None:
        process.start()
        self.kept.append(Kept(program=process, process=lambda: process))

    def _announce(self) -> None:
        """Say the address once the program answers."""
        while not self._answers():
            self._tick()
        self.say(f"ready at {self.url}")
        if self.demo:
            self.say(f"log-ins and cards to try: {self.house.folder / 'demo.json'}")
        self.say(f"logs: {self.house.log}; Ctrl-C stops everything")

    def _answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}healthz", timeout=2) as answer:  # noqa: S310  (our own address)
                return bool(answer.status == 200)
        except urllib.error.HTTPError as answer:
            return answer.code < 500  # it speaks, if only to the hosts it was told
        except OSError:
            return False

    def _pause(self) -> None:
        """A moment's sleep. Raises Stopped."""
        time.sleep(PAUSE_SECONDS)
        if self.asked_to_stop:
            raise Stopped

    def _tick(self) -> None:
        """A moment's sleep, then start again what ended. Raises Stopped."""
        self._pause()
        now = time.monotonic()
        for kept in self.kept:
            self._look_after(kept, now)
        if now - self.logs_checked_at > LOG_CHECK_SECONDS:
            self.logs_checked_at = now
            for log in self.house.log.iterdir():
                keep_log_short(log)

    def _look_after(self, kept: Kept, now: float) -> None:
        if kept.starts_again_at is not None:
            if now >= kept.starts_again_at:
                kept.starts_again_at = None
                kept.program.start()
            return
        process = kept.process()
        code = process.exit_code() if process else None
        if process is None or code is None:
            return
        if now - process.started_at > GOOD_RUN_SECONDS:
            kept.failures = 0
        pause_seconds = BACK_OFF_SECONDS[min(kept.failures, len(BACK_OFF_SECONDS) - 1)]
        kept.failures += 1
        kept.starts_again_at = now + pause_seconds
        how = f"exit code {code}" if code >= 0 else signal.Signals(-code).name
        self.say(f"{kept.program.name} ended ({how}) and starts again in {pause_seconds:g} s; see {process.log}")

    def _stop_all(self) -> None:
        """Faces first, then workers, then what they stand on."""
        own = self.servers.own()
        for kept in self.kept:
            if kept.program not in own:
                kept.program.stop()
        end_all(lambda: members_of(self.house.folder), LEFTOVER_STEPS)
        self.servers.stop()
        self.say("stopped")

    def _ask_to_stop(self, _number: int, _frame: FrameType | None) -> None:
        self.asked_to_stop = True


def keep_log_short(log: Path) -> None:
    """Move a grown log aside; its process goes on writing to the same, now empty, file."""
    if log.suffix != ".log" or log.stat().st_size < LOG_BYTES_MAX:
        return
    log.with_suffix(".log.1").write_bytes(log.read_bytes())
    os.truncate(log, 0)


def run_house(house: House, *, say: Callable[[str], None]) -> None:
    """Run everything in this house until asked to stop. Raises HouseError."""
    os.umask(0o077)  # what any process of ours writes is nobody else's to read
    port = Env(os.environ, {}).number("PORT", 8000)
    house.enter()
    try:
        Supervisor(house=house, port=port, say=say).run()
    finally:
        house.leave()
