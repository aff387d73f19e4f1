"""A running program as the tests disturb it: its parts to be killed, and what must be true of it afterwards."""

import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Any

import pytest

from cashback.embedded.processes import is_alive, names
from cashback.env import ROOT
from tests.chaos.visitors import Answer, Away, ask, register
from tests.embedded.running import Running, command_line

RECOVERY_SECONDS_MAX = 60.0
VICTIMS = {"worker": 3, "redis": 2, "postmaster": 1, "backend": 3}  # how often each, against the others


class ChaosHouse:
    """One running program, and the cards that nobody has registered yet."""

    def __init__(self, running: Running, *, cards: list[dict[str, str]], program: str) -> None:
        self.running, self.cards, self.program = running, cards, program
        self.port, self.clients = running.port, 0

    def take_cards(self, count: int) -> list[dict[str, str]]:
        """Cards for one test."""
        taken, self.cards = self.cards[:count], self.cards[count:]
        return taken

    def take_clients(self, count: int) -> int:
        """Addresses for one test: the first of them."""
        self.clients += count
        return self.clients - count + 1

    def ask(self, path: str, *, method: str = "GET", body: object = None) -> Answer:
        """A request from an address that nobody else has. Raises Away."""
        return ask(self.port, method, path, client=self.take_clients(1), body=body)

    def register(self, card: dict[str, str]) -> Answer:
        """Register a card from an address that nobody else has. Raises Away."""
        return register(self.port, card, self.take_clients(1))

    def registered(self, card: dict[str, str], client: int) -> list[str]:
        """The receipt of a card, now or by an earlier try of this client; none where nobody answered."""
        with suppress(Away):
            answer = register(self.port, card, client)
            if answer.status == 201:
                return [answer.body["receipt"]]
        return []

    def pids(self, victim: str) -> list[int]:
        """The living processes of that kind."""
        data = self.running.site.var / "postgres"
        servers = self.running.site.servers()
        if victim == "worker":
            return [pid for pid in self.running.runs("\0worker\0") if is_alive(pid)]
        if victim == "redis":
            return [pid for pid in servers if "redis-server" in command_line(pid)]
        if victim == "postmaster":
            return [pid for pid in servers if names(pid, data)]
        return [pid for pid in servers if "postgres: cashback_app" in command_line(pid)]

    def place(self, receipt: str) -> int | None:
        """The place in line that a receipt's status shows; None while there is none, or nobody answers."""
        with suppress(Away):
            answer = self.ask(f"/api/v1/status/{receipt}")
            if answer.status == 200:
                found: int | None = answer.body["place"]
                return found
        return None

    def check_books(self) -> "subprocess.CompletedProcess[str]":
        """`manage.py check_books`, as a person would call it."""
        words = [sys.executable, str(ROOT / "manage.py"), "check_books"]
        env = self.running.site.env()
        return subprocess.run(words, env=env, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)

    def bookings(self) -> list[tuple[str, str]]:
        """End-to-end reference and kind of everything the bank has booked."""
        ledger = sqlite3.connect(self.running.site.var / "bank-simulator" / "ledger.sqlite")
        try:
            return ledger.execute("SELECT end_to_end_id, kind FROM booking").fetchall()
        finally:
            ledger.close()


def wait_until(holds: Callable[[], Any], what: str | Callable[[], str], seconds: float = RECOVERY_SECONDS_MAX) -> None:
    """Wait until it holds; `what` is named when it does not."""
    deadline = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > deadline:
            pytest.fail(f"not within {seconds:.0f} s: {what if isinstance(what, str) else what()}")
        time.sleep(0.3)


def paid_more_than_once(bookings: Iterable[tuple[str, str]]) -> list[str]:
    """The references, and the awards, for which more left the bank than came back, more than once."""
    rows = list(bookings)
    references = Counter(reference for reference, kind in rows if kind == "debit")
    awards = Counter(reference.split("-")[0] for reference, kind in rows if kind == "debit")
    awards.subtract(reference.split("-")[0] for reference, kind in rows if kind == "return")
    return [name for counter in (references, awards) for name, count in counter.items() if count > 1]


def stop(pid: int) -> None:
    """Hold a process where it is."""
    os.kill(pid, signal.SIGSTOP)


def go_on(pid: int) -> None:
    """Let it go on."""
    os.kill(pid, signal.SIGCONT)
