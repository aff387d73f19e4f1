"""`make run` without the demo: every process, kept running, stopped in order, started again after the worst."""

import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator

import pytest

from cashback.embedded.house import choose_port
from cashback.embedded.processes import is_alive, names
from cashback.env import ROOT
from tests.embedded.running import Running
from tests.embedded.sites import Site, kill_nine, wait_gone


@pytest.fixture
def run(make_site: Callable[..., Site]) -> Iterator[Callable[[], Running]]:
    started: list[Running] = []
    site, port = make_site(), choose_port()

    def start() -> Running:
        started.append(Running(site, port))
        return started[-1]

    yield start
    for running in started:
        kill_nine([running.popen.pid, *running.members()])
        running.popen.wait()


def test_crashed_processes_start_again_and_all_stop_in_order(run: Callable[[], Running]) -> None:
    running = run()
    running.wait_for("ready at")
    assert running.answers()
    members = running.members()
    victims = {
        name: running.runs(program)[0] for name, program in (("redis", "redis-server"), ("worker", "\0worker\0"))
    }
    postmaster = next(pid for pid in running.site.servers() if names(pid, running.site.var / "postgres"))
    pool = set(running.runs("\0worker\0"))
    kill_nine([*victims.values(), postmaster])
    for name in (*victims, "postgres"):
        running.wait_for(f"{name} ended (SIGKILL)")
    deadline = time.monotonic() + 30
    while not (running.answers() and running.runs("redis-server") and running.runs("\0worker\0")):
        assert time.monotonic() < deadline
        time.sleep(0.1)
    wait_gone(list(pool))  # the children of a killed worker do not work on
    members += running.members()
    running.popen.send_signal(signal.SIGINT)
    assert running.popen.wait(60) == 0, running.said()
    assert running.said().rstrip().endswith("stopped")
    wait_gone(members)


def test_everything_killed_and_run_again_in_the_same_second(run: Callable[[], Running]) -> None:
    running = run()
    running.wait_for("ready at")
    killed = [running.popen.pid, *running.members()]
    kill_nine(killed)
    again = run()
    again.wait_for("ready at")
    assert again.answers()
    running.popen.wait(5)
    assert not any(is_alive(pid) for pid in killed)
    again.popen.terminate()
    assert again.popen.wait(60) == 0, again.said()


def test_a_port_in_use_is_named(site: Site) -> None:
    port = choose_port()
    env = {**site.env(), "PORT": str(port)}
    code = f"import socket; s = socket.create_server(('127.0.0.1', {port})); print('listens', flush=True); input()"
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=env
    ) as other:
        assert other.stdout is not None
        other.stdout.readline()
        words = [sys.executable, "-m", "cashback.embedded", "run"]
        done = subprocess.run(words, env=env, cwd=ROOT, capture_output=True, text=True, check=False)
        other.kill()
    assert done.returncode == 1
    assert f"Port {port} is in use" in done.stderr


def test_wrong_settings_are_named_before_anything_is_served(site: Site) -> None:
    env = {**site.env(), "PORT": str(choose_port()), "DEMO": "1", "HTTPS": "1"}
    words = [sys.executable, "-m", "cashback.embedded", "run"]
    done = subprocess.run(words, env=env, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "DEMO and HTTPS exclude each other" in done.stderr
