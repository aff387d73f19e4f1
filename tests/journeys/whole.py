"""The whole program, started once for every journey: servers, web, worker, beat, bank, demo and its traffic."""

import json
import os
import shutil
import signal
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import dj_database_url
import psycopg2
import pytest

from cashback.embedded.house import House, choose_port
from cashback.embedded.postgres import SUPERUSER
from tests.embedded.running import Running
from tests.embedded.sites import Site, kill_nine, wait_gone
from tests.journeys.caller import Caller

CYCLE = 50


@dataclass
class OpenSite(Site):
    """A site that lets a test try as often as it likes."""

    def env(self) -> dict[str, str]:
        return {**super().env(), "CLIENT_ATTEMPTS_PER_MINUTE": "0"}


@dataclass
class FirstSeen:
    """Seconds from the start until the public numbers first showed something, without anybody's help."""

    seconds: dict[str, float] = field(default_factory=dict)


@dataclass
class Whole:
    """The running program, as seen from outside, and what its demo wrote down."""

    running: Running
    first_seen: FirstSeen
    demo: dict[str, Any]
    _cards: Iterator[dict[str, str]]

    @property
    def site(self) -> Site:
        return self.running.site

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.running.port}"

    def caller(self) -> Caller:
        """Somebody with a browser's cookies, or none."""
        return Caller(self.url)

    def card(self) -> dict[str, str]:
        """A sold card that nobody has registered."""
        return next(self._cards)

    def unsold(self) -> dict[str, dict[str, str]]:
        """The cards that the demo left to be sold, by serial."""
        cards = json.loads((self.site.var / "demo-unsold.json").read_text(encoding="utf-8"))["cards"]
        return {card["serial"]: card for card in cards}

    def numbers(self) -> dict[str, Any]:
        """The program's public numbers."""
        numbers: dict[str, Any] = self.caller().get_json(f"/api/v1/programs/{self.demo['program']}")
        return numbers

    def status(self, receipt: str) -> dict[str, Any]:
        """What the API says of a registration."""
        found: dict[str, Any] = self.caller().get_json(f"/api/v1/status/{receipt}")
        return found

    def fill(self, cards: int) -> None:
        """Other holders register cards."""
        caller = self.caller()
        for _ in range(cards):
            answer = caller.register({**self.card(), **FILLER})
            assert answer.status == 201, answer.text

    def fill_to_a_cycle(self) -> None:
        """Other holders register until the next card is the first of a cycle. Call it with the traffic paused."""
        self.fill(-self.numbers()["registered"] % CYCLE)

    @contextmanager
    def paused(self, *programs: str) -> Iterator[None]:
        """Stop some programs for a while, but never within a transaction: its locks would stop everybody."""
        pids = [pid for program in programs for pid in self.running.runs(program)]
        assert pids, f"nothing runs of {programs}"
        try:
            signal_all(pids, signal.SIGSTOP)
            while self._a_transaction_stands_still():
                signal_all(pids, signal.SIGCONT)
                time.sleep(0.07)
                signal_all(pids, signal.SIGSTOP)
            yield
        finally:
            signal_all(pids, signal.SIGCONT)

    def execute(self, statement: str, parameters: tuple[object, ...] = ()) -> list[tuple[Any, ...]]:
        """A statement of PostgreSQL's superuser."""
        house = House(self.site.var)
        address = dj_database_url.parse(house.read_env()["MIGRATION_DATABASE_URL"])
        connect = partial(psycopg2.connect, host=address["HOST"], port=address["PORT"], dbname=address["NAME"])
        with closing(connect(user=SUPERUSER, password=house.password(SUPERUSER))) as session:
            session.autocommit = True
            with session.cursor() as cursor:
                cursor.execute(statement, parameters)
                return cursor.fetchall() if cursor.description else []

    def _a_transaction_stands_still(self) -> bool:
        time.sleep(0.3)
        found = self.execute(
            "SELECT count(*) FROM pg_stat_activity"
            " WHERE state IN ('idle in transaction', 'idle in transaction (aborted)')"
            " AND state_change < clock_timestamp() - interval '250 ms'"
        )
        return bool(found[0][0])

    def wait_for(self, what: Callable[[], bool], seconds: float, why: Callable[[], str]) -> None:
        """Look again and again until it is so."""
        deadline = time.monotonic() + seconds
        while not what():
            assert time.monotonic() < deadline, why()
            time.sleep(0.5)


def signal_all(pids: list[int], number: signal.Signals) -> None:
    """Send a signal to processes of ours."""
    for pid in pids:
        os.kill(pid, number)


TRAFFIC, WORKER = "demo_traffic", "\0worker\0"
FILLER = {
    "holder": {"name": "Filler Holder"},
    "account": {"kind": "other", "number": "FILL-17-9000", "bank": "Filling Bank"},
}


@pytest.fixture(scope="session")
def whole() -> Iterator[Whole]:
    """The program with its demo, left alone until its numbers show that it works by itself."""
    folder = Path(tempfile.mkdtemp(prefix="j"))  # pytest's own paths are too long for unix sockets
    home = folder / "home"
    home.mkdir()
    running = Running(OpenSite(var=folder / "var", home=home), choose_port(), demo=True)
    started_at = time.monotonic()
    try:
        running.wait_for("ready at")
        seen = FirstSeen({"ready": time.monotonic() - started_at})
        demo = json.loads((running.site.var / "demo.json").read_text(encoding="utf-8"))
        program = Whole(running, seen, demo, iter(demo["cards"]))
        watch(program, started_at + seen.seconds["ready"])
        yield program
    finally:
        kill_nine([running.popen.pid, *running.members()])  # how it stops in order is tested elsewhere
        running.popen.wait()
        wait_gone(running.members())
        shutil.rmtree(folder, ignore_errors=True)


def watch(program: Whole, ready_at: float) -> None:
    """Wait, hands off, for closed cycles, refunds and erased details; note when each was first seen."""
    wanted = {"cycles_closed", "refunded", "erased"}
    seconds = program.first_seen.seconds
    while not wanted <= seconds.keys() and time.monotonic() < ready_at + 120:
        numbers = program.numbers()
        erased = any(program.caller().get(f"/api/v1/erasures/{number}").status == 200 for number in range(1, 10))
        for name, shown in (
            *((name, numbers[name] >= 1) for name in ("cycles_closed", "refunded")),
            ("erased", erased),
        ):
            if shown:
                seconds.setdefault(name, time.monotonic() - ready_at)
        time.sleep(0.5)
