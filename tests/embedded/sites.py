"""One VAR for a test, and what is started in it."""

import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from cashback.embedded.processes import is_alive, servers_of
from cashback.env import ROOT

NOT_OURS = {  # what `make test` tells the tests of the house that they run in
    *("DATABASE_URL", "MIGRATION_DATABASE_URL", "REDIS_URL", "CASHBACK_HOUSE", "SECRET_KEY"),
    *("PIN_KEY_FILE", "SIGNING_KEY_FILE", "KEYRING_DIR", "BANK_INBOX_KEY_FILE", "BANK_RECIPIENT_KEY_FILE"),
    *("BANK_OUTBOX_DIR", "BANK_INBOX_DIR"),
}
WAITING = "import pathlib, time; pathlib.Path(__import__('os').environ['VAR'], 'here').touch(); time.sleep(600)"


@dataclass
class Site:
    """One VAR, and how the tests start something in it."""

    var: Path
    home: Path

    def env(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if name not in NOT_OURS}
        return {**kept, "VAR": str(self.var), "HOME": str(self.home), "TMPDIR": str(self.home)}

    def python(self, code: str, *options: str, timeout_seconds: float = 60) -> subprocess.CompletedProcess[str]:
        """Run a piece of Python with the servers of this VAR, to its end."""
        words = [sys.executable, "-m", "cashback.embedded", "exec", *options, "--", sys.executable, "-c", code]
        return subprocess.run(
            words, env=self.env(), cwd=ROOT, capture_output=True, text=True, timeout=timeout_seconds, check=False
        )

    def hold(self) -> "subprocess.Popen[bytes]":
        """Start the servers and leave them running."""
        (self.var / "here").unlink(missing_ok=True)
        words = [sys.executable, "-m", "cashback.embedded", "exec", "--", sys.executable, "-c", WAITING]
        holder = subprocess.Popen(words, env=self.env(), cwd=ROOT, start_new_session=True)
        deadline = time.monotonic() + 60
        while not (self.var / "here").exists():
            assert holder.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.05)
        return holder

    def servers(self) -> list[int]:
        return [*servers_of(self.var / "postgres"), *servers_of(self.var / "redis")]


def kill_nine(pids: list[int]) -> None:
    for pid in pids:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            continue


def wait_gone(pids: list[int], seconds: float = 10) -> None:
    deadline = time.monotonic() + seconds
    while any(is_alive(pid) for pid in pids):
        assert time.monotonic() < deadline, "processes outlived their house"
        time.sleep(0.05)
