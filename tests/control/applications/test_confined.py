"""The built-in applications where they run: in a station's confinement, a large input as an open file."""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cashback.control.applications.building import BUILT_IN, build
from cashback.control.station.confinement.runner import Limits, Runner
from tests.control.applications.test_draws import RUN
from tests.control.applications.test_program_forecast import NUMBERS
from tests.lottery.bundles import RESULTS, Drawn

QUESTIONS: dict[str, tuple[dict[str, Any], dict[str, bytes]]] = {
    "draw-run": (RUN, {}),
    "draw-verify": ({"draw": "DEMO-1"}, {"bundle": Drawn().bundle()}),
    "program-forecast": ({"program": "TEA", "futures": 2_000}, {"numbers": json.dumps(NUMBERS).encode()}),
    "wait-estimate": ({"place": 1_001, "cycle_size": 50, "placed": 1_000, "samples": NUMBERS["samples"]}, {}),
}
SHOWN = {
    "draw-run": ("results", list(RESULTS)),
    "draw-verify": ("ok", True),
    "program-forecast": ("reserve_low_minor", None),
    "wait-estimate": ("p50_at", None),
}


@pytest.fixture(scope="module")
def runner(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Runner]:
    made = Runner(tmp_path_factory.mktemp("station"))
    made.start()
    yield made
    made.close()


@pytest.mark.parametrize("application", BUILT_IN)
def test_a_station_gives_what_it_asks_for(application: str, runner: Runner, tmp_path: Path) -> None:
    question, inputs = QUESTIONS[application]
    files: list[int] = []
    for name, data in inputs.items():
        (tmp_path / name).write_bytes(data)
        files.append(os.open(tmp_path / name, os.O_RDONLY))
        question = question | {"files": {name: 3}}
    outcome = runner.run(build(application), json.dumps(question).encode(), limits=Limits(), files=files)
    for descriptor in files:
        os.close(descriptor)
    assert outcome.code is None, outcome.message
    field, expected = SHOWN[application]
    value = json.loads(outcome.output)[field]
    assert value == expected if expected is not None else value is not None


def test_a_station_shows_the_sentence_that_names_the_field(runner: Runner) -> None:
    outcome = runner.run(build("wait-estimate"), b'{"place":0}', limits=Limits())
    assert (outcome.code, outcome.message) == ("application_failed", "input.cycle_size is missing")
