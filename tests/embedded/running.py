"""The whole program of one VAR as a test starts it, kills parts of it, and waits for it."""

import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

from cashback.embedded.processes import members_of
from cashback.env import ROOT
from tests.embedded.sites import Site

START_SECONDS_MAX = 60


class Running:
    """One `python -m cashback.embedded run`."""

    def __init__(self, site: Site, port: int, *, demo: bool = False) -> None:
        self.site, self.port = site, port
        self.console = site.home / "console"
        env = {**site.env(), "PORT": str(port), "DEMO": str(int(demo))}
        with self.console.open("wb") as console:
            words = [sys.executable, "-m", "cashback.embedded", "run"]
            self.popen = subprocess.Popen(
                words, env=env, cwd=ROOT, stdout=console, stderr=console, start_new_session=True
            )

    def wait_for(self, text: str, seconds: float = START_SECONDS_MAX) -> None:
        deadline = time.monotonic() + seconds
        while text not in self.said():
            assert self.popen.poll() is None, self.said()
            assert time.monotonic() < deadline, self.said()
            time.sleep(0.05)

    def said(self) -> str:
        return self.console.read_text()

    def answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/healthz", timeout=2) as answer:
                return bool(answer.status == 200)
        except urllib.error.HTTPError as answer:
            return answer.code < 500
        except OSError:
            return False

    def members(self) -> list[int]:
        return [*members_of(self.site.var), *self.site.servers()]

    def runs(self, program: str) -> list[int]:
        """The processes of one program, the oldest first."""
        return sorted(pid for pid in self.members() if program in command_line(pid))


def command_line(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_text()
    except OSError:
        return ""
