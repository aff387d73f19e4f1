import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.embedded.sites import Site, kill_nine


@pytest.fixture
def make_site() -> Iterator[Callable[..., Site]]:
    made: list[Site] = []
    folder = Path(tempfile.mkdtemp(prefix="s"))  # pytest's own paths are too long for unix sockets

    def make(name: str = "var") -> Site:
        home = folder / f"home-{len(made)}"
        home.mkdir()
        made.append(Site(var=folder / name, home=home))
        return made[-1]

    yield make
    for site in made:
        kill_nine(site.servers())
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def site(make_site: Callable[..., Site]) -> Site:
    return make_site()
