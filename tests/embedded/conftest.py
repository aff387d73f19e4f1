import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.embedded.sites import Site, kill_nine


@pytest.fixture
def make_site(tmp_path: Path) -> Iterator[Callable[..., Site]]:
    made: list[Site] = []

    def make(name: str = "var") -> Site:
        home = tmp_path / f"home-{len(made)}"
        home.mkdir()
        made.append(Site(var=tmp_path / name, home=home))
        return made[-1]

    yield make
    for site in made:
        kill_nine(site.servers())
        shutil.rmtree(site.var, ignore_errors=True)


@pytest.fixture
def site(make_site: Callable[..., Site]) -> Site:
    return make_site()
