"""A failpoint ends a test's process where it is named, and nothing else anywhere."""

import os
import subprocess
import sys

import pytest

from cashback.lib.failpoints import KILLED, failpoint

PROGRAM = "from cashback.lib.failpoints import failpoint; failpoint('here'); print('went on')"


def run(**environment: str) -> subprocess.CompletedProcess[str]:
    kept = {
        name: value for name, value in os.environ.items() if name not in {"DEMO", "FAILPOINT", "PYTEST_CURRENT_TEST"}
    }
    command = [sys.executable, "-c", PROGRAM]
    return subprocess.run(command, check=False, env={**kept, **environment}, capture_output=True, text=True, timeout=60)


def test_the_named_place_ends_the_process() -> None:
    assert run(FAILPOINT="here", DEMO="1").returncode == KILLED


@pytest.mark.parametrize("environment", [{}, {"DEMO": "1"}, {"FAILPOINT": "there", "DEMO": "1"}, {"FAILPOINT": "here"}])
def test_anywhere_else_and_in_production_it_does_nothing(environment: dict[str, str]) -> None:
    assert run(**environment).stdout == "went on\n"


def test_it_is_free_to_call() -> None:
    failpoint("nowhere")
