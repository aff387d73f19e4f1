import json
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from cashback.embedded.house import choose_port
from tests.chaos.house import ChaosHouse
from tests.embedded.running import Running
from tests.embedded.sites import Site, kill_nine


@pytest.fixture(scope="module")
def house() -> Iterator[ChaosHouse]:
    """The whole program with its demo, running for all tests of a module."""
    folder = Path(tempfile.mkdtemp(prefix="c"))  # pytest's own paths are too long for unix sockets
    site = Site(var=folder / "var", home=folder / "home")
    site.home.mkdir()
    running = Running(site, choose_port(), demo=True)
    try:
        running.wait_for("ready at", seconds=120)
        demo = json.loads((site.var / "demo.json").read_text(encoding="utf-8"))
        yield ChaosHouse(running, cards=demo["cards"], program=demo["program"])
    finally:
        kill_nine([running.popen.pid, *running.members()])
        running.popen.wait()
        shutil.rmtree(folder, ignore_errors=True)
